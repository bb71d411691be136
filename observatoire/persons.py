"""What shows that a text names a person: an e-mail address, a telephone number, a name after « contact : » or « auteur : ».

The same patterns stand in sql/macros/personnes.sql, which takes out of texts what this finds in them; a test holds them equal.
Both engines read them alike: no look-around, classes in full, ASCII word boundaries.
"""

from __future__ import annotations

import re

EMAIL = r"[0-9A-Za-zÀ-ÖØ-öø-ÿ._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
# Not the decimals of a number (« 0,0612345678 »), nor the end of a longer one, nor a date in an address (« /07/21/113858/ »).
TELEPHONE = (
    r"(^|[^0-9.,/]|[^0-9][.,])(?:(?:\+33|0033)[ \xa0]?(?:\(0\))?|0)[ \xa0.]?[1-9](?:[ \xa0./-]?[0-9]{2}){4}([^0-9]|$)"
)
NAME = (
    r"\b((?i:contacts?(?: person)?|authors?|auteurs?|autrices?|interlocuteurs?|interlocutrices?|r[eé]f[eé]rente?s?|"
    r"project (?:manager|leader)|chef(?:fe)? de projet) ?: ?)"
    r"[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿ.'’-]*(?: [A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿ.'’-]*){1,3}"
)
CONTACTS = (
    ("une adresse électronique", re.compile(EMAIL, re.ASCII)),
    ("un numéro de téléphone", re.compile(TELEPHONE, re.ASCII)),
    ("le nom d'une personne", re.compile(NAME, re.ASCII)),
)


def contact_in(text: str) -> str | None:
    """What the text holds (« une adresse électronique », « un numéro de téléphone »…), None when it holds nothing of the kind."""
    return next((what for what, pattern in CONTACTS if pattern.search(text)), None)
