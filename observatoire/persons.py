"""What shows that a text names a person: an e-mail address, a telephone number."""

from __future__ import annotations

import re

CONTACTS = (
    ("une adresse électronique", re.compile(r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}")),
    (
        "un numéro de téléphone",
        re.compile(r"(?<![\d.,])(?:(?:\+33|0033)\s?(?:\(0\))?|0)[\s.]?[1-9](?:[\s./-]?\d{2}){4}(?![\d.])"),
    ),
)


def contact_in(text: str) -> str | None:
    """What the text holds (« une adresse électronique », « un numéro de téléphone »), None when it holds neither."""
    return next((what for what, pattern in CONTACTS if pattern.search(text)), None)
