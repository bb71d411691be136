"""What every change of the register says: who made it, when and why. All of it is published, so it names no private person."""

from __future__ import annotations

from observatoire.errors import UsageError
from observatoire.persons import contact_in
from observatoire.review.sheet import read_date
from observatoire.state import now


def signed(author: str, reason: str) -> None:
    """Pass an author and a reason that can be published. Raises UsageError, which never quotes them."""
    if not author.strip() or not reason.strip():
        raise UsageError("Un changement du registre se signe et s'explique : donner l'auteur et le motif.")
    for name, text in (("Le nom de l'auteur", author), ("Le motif", reason)):
        if what := contact_in(text):
            raise UsageError(f"{name} contient {what} et il est publié : l'ôter.")


def signed_day(given: str | None) -> str:
    """AAAA-MM-JJ of the day given (ISO, JJ/MM/AAAA), today's by default.

    Raises UsageError when it is no date or is after today: the newest date of the register is that of the release.
    """
    today = now()[:10]
    if not given:
        return today
    day = read_date(given)
    if day is None:
        raise UsageError(f"« {given} » n'est pas une date : écrire AAAA-MM-JJ ou JJ/MM/AAAA.")
    if day > today:
        raise UsageError(f"La date {day} est après aujourd'hui ({today}). La corriger.")
    return day
