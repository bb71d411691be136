"""Numbers as French messages write them, with the no-break spaces that typography asks for."""

from __future__ import annotations


def grouped(number: int) -> str:
    """« 2 666 007 », by groups of three digits."""
    return f"{number:_}".replace("_", "\u202f")


def octets(size: int) -> str:
    """A size in bytes: « 2 666 007 octets »."""
    return f"{grouped(size)} octets"


def percent(share: float) -> str:
    """A share from 0 to 1 as a whole percentage: « 10 % »."""
    return f"{100 * share:.0f}\u00a0%"


def count(number: int, noun: str, *adjectives: str) -> str:
    """« 1 source dégradée », « 2 sources dégradées »: regular French plurals."""
    mark = "s" if number > 1 else ""
    return " ".join([grouped(number), *(word + mark for word in (noun, *adjectives))])
