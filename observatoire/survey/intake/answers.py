"""From cells as exported to answers in codes: the same answers whatever the form of the export.

What is not a code, a number or a date becomes « ? »: no free text passes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from observatoire.survey.intake.codebook import TICKED, YES_NO, Answer, plain_label
from observatoire.survey.intake.exports import Cell

UNREADABLE = "?"
YES = frozenset({"y", "oui", "yes", "1", "true", "vrai"})
NO = frozenset({"n", "non", "no", "0", "false", "faux"})
NOT_ANSWERED = frozenset({"n/a", "sans réponse", "no answer"})
SPACES = re.compile(r"[\s\u00a0\u202f]")
DATES = (("%Y-%m-%d", 10), ("%d/%m/%Y", 10))


def coded(answer: Answer, column: Sequence[Cell], in_full: bool = False) -> list[Cell]:
    """The answers of a column in codes: « » when empty, None when not shown, « ? » when it cannot be read.

    Choices are known by code or by label. Where a code is also the label of another choice (choices numbered 1 to 5 and
    labelled 5 to 1), `in_full` says that the export gives labels.
    """
    read = {"code": _choice, "coche": _tick, "nombre": _number, "date": _day}[answer.kind]
    choices = _choices(answer.choices, in_full)
    meaning: dict[Cell, Cell] = {None: None}
    for cell in set(column) - {None}:
        text = (cell or "").strip()
        meaning[cell] = read(text, choices) if text else ""
    if answer.part == "other" and answer.kind == "coche":  # the text of « Autre » is what says that it is ticked
        meaning = {cell: (TICKED if cell.strip() else "") if cell is not None else None for cell in set(column)}
    return [meaning[cell] for cell in column]


def is_in_full(answer: Answer, column: Sequence[Cell]) -> bool:
    """Whether a column of ticks, or of yes and no, shows that the export gives labels rather than codes."""
    told = answer.kind == "coche" or answer.choices == YES_NO
    return told and any((cell or "").strip().casefold() in ("oui", "non", "yes", "no", "n/a") for cell in set(column))


def _choices(choices: Mapping[str, str], in_full: bool) -> dict[str, str]:
    """Each form in which a choice may come, and its code; the last written wins."""
    labels = {plain_label(label): code for code, label in choices.items()}
    codes = {code.casefold(): code for code in choices}
    return {**codes, **labels} if in_full else {**labels, **codes}


def _choice(text: str, choices: Mapping[str, str]) -> str:
    flat = plain_label(text)
    if found := choices.get(flat):
        return found
    return "" if flat in NOT_ANSWERED else UNREADABLE


def _tick(text: str, choices: Mapping[str, str]) -> str:
    flat = text.casefold()
    return TICKED if flat in YES else "" if flat in NO | NOT_ANSWERED else UNREADABLE


def _number(text: str, choices: Mapping[str, str]) -> str:
    """A number without useless zeros: 1.5000000000, « 1,5 » and 1.5 are the same."""
    try:
        number = Decimal(SPACES.sub("", text).replace(",", "."))
    except InvalidOperation:
        return "" if text.casefold() in NOT_ANSWERED else UNREADABLE
    if not number.is_finite():
        return UNREADABLE
    return format(number.normalize() + 0, "f")


def _day(text: str, choices: Mapping[str, str]) -> str:
    return day_of(text) or UNREADABLE


def day_of(text: Cell, form: str | None = None) -> str | None:
    """The ISO day of a date (AAAA-MM-JJ or JJ/MM/AAAA, a time after it is dropped; or as `form` says); None otherwise."""
    for pattern, width in ((form, None),) if form else DATES:
        try:
            return dt.datetime.strptime((text or "").strip()[:width], pattern).date().isoformat()
        except ValueError:
            continue
    return None
