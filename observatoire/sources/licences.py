"""What the licence of a source allows: it decides whether its rows may be published, and in which table."""

from __future__ import annotations

import re
from typing import Literal

Nature = Literal["libre", "attribution", "partage", "refusee", "inconnue"]

# The first pattern found decides: « CC BY-NC-SA » is refused before it is share-alike.
_NATURES: tuple[tuple[Nature, str], ...] = (
    ("refusee", r"(^|[-\s(])(nc|nd)([-\s)\d]|$)|non[- ]commercial|noderiv|tous droits réservés|all rights reserved"),
    ("partage", r"odbl|(^|[-\s(])sa([-\s)\d]|$)|share[- ]?alike|partage.{0,20}identique"),
    ("inconnue", r"non (indiqu|précis|établi)|not stated|inconnu|unknown"),
    ("attribution", r"cc[- ]by"),
    ("libre", r"licence ouverte|etalab|\blo[- ]?2|cc0|domaine public|public domain"),
)


# What a data package says of a licence: its identifier in the list of the Open Definition, and its text.
_TEXTS = {
    "Licence Ouverte 2.0": ("LO-FR-2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"),
    "CC BY 4.0": ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
}
OURS = "Licence Ouverte 2.0"
NOTICE = "NOTICE.md"


def described(licence: str) -> dict[str, str]:
    """A licence as a data package says it; one that is none of the known ones leads to the notice of the release."""
    if licence not in _TEXTS:
        return {"title": licence, "path": NOTICE}
    name, path = _TEXTS[licence]
    return {"name": name, "title": licence, "path": path}


def nature(licence: str) -> Nature:
    """libre: cite the source; attribution: keep the licence and its mention on each row (CC BY); partage: share-alike,
    in a table of its own or not published; refusee: no commercial use or no derivative; inconnue: not established."""
    text = licence.strip().lower()
    return next((name for name, pattern in _NATURES if re.search(pattern, text)), "inconnue")


def fault(licence: str, republished: bool) -> str | None:
    """Why a specification may not declare that licence, in English like every fault of a specification; None if it may."""
    kind = nature(licence)
    if kind == "refusee":
        return f"licence « {licence} » forbids commercial use or derivatives: the source cannot be used"
    if republished and kind in ("partage", "inconnue"):
        reason = "is share-alike" if kind == "partage" else "is not established"
        return f"licence « {licence} » {reason}: set republished: false"
    return None
