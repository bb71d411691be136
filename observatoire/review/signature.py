"""What every change of the register says: who made it, when and why. All of it is published, so it names no private person."""

from __future__ import annotations

from observatoire.clock import today
from observatoire.errors import UsageError
from observatoire.persons import contact_in
from observatoire.review.sheet import read_date


def signed(author: str, reason: str) -> None:
    """Pass an author and a reason that can be published. Raises UsageError, which never quotes them."""
    if not author.strip() or not reason.strip():
        raise UsageError("Un changement du registre se signe et s'explique : donner l'auteur et le motif.")
    for name, text in (("Le nom de l'auteur", author), ("Le motif", reason)):
        if what := contact_in(text):
            raise UsageError(f"{name} contient {what} et il est publié : l'ôter.")


def signed_day(given: str | None) -> str:
    """AAAA-MM-JJ of the day given (see `past_day`), today's by default."""
    return past_day(given) if given else today()


def past_day(given: str) -> str:
    """AAAA-MM-JJ of the day given (ISO, JJ/MM/AAAA).

    Raises UsageError when it is no date or is after today: the newest date known is that of the release.
    """
    day, last = read_date(given), today()
    if day is None:
        raise UsageError(f"« {given} » n'est pas une date : écrire AAAA-MM-JJ ou JJ/MM/AAAA.")
    if day > last:
        raise UsageError(f"La date {day} est après aujourd'hui ({last}). La corriger.")
    return day
