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
