"""The long rows of an edition: one a kept response and answer, with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.survey.intake.answers import UNREADABLE
from observatoire.survey.intake.codebook import TICKED, Answer, Codebook, Condition, Question, ticked
from observatoire.survey.intake.exports import Cell
from observatoire.survey.intake.pseudonymised import Received

if TYPE_CHECKING:
    import pyarrow as pa

ANSWERED, UNTICKED, NOT_SHOWN, NO_ANSWER, UNKNOWN = "repondu", "non_coche", "non_affiche", "sans_reponse", "inconnu"
# LimeSurvey keeps no empty text in a number or a date: not shown and not answered are both NULL, in every export.
NEVER_EMPTY = ("nombre", "nombres", "date")
Shown = bool | None


@dataclass(frozen=True)
class Kept:
    """Which responses enter: their places, and how many do not, by reason."""

    places: list[int]
    without_siren: int
    same_token: int
    same_authority: int


def kept_responses(received: Received, one_per_authority: bool) -> Kept:
    """One response a token, then one a SIREN: the last complete one, else the last.

    A response without a SIREN of nine digits cannot be weighted: it is counted and left out.
    """
    usable = [n for n, siren in enumerate(received.siren) if siren]
    by_token = _last(received, usable, [received.respondent[n] or f"#{n}" for n in usable])
    if not one_per_authority:
        return Kept(by_token, len(received.siren) - len(usable), len(usable) - len(by_token), 0)
    by_siren = _last(received, by_token, [received.siren[n] or "" for n in by_token])
    without = len(received.siren) - len(usable)
    return Kept(by_siren, without, len(usable) - len(by_token), len(by_token) - len(by_siren))


def _last(received: Received, places: Sequence[int], owners: Sequence[str]) -> list[int]:
    best: dict[str, int] = {}
    for n, owner in zip(places, owners, strict=True):
        rank = (received.complete[n], received.order[n])
        if owner not in best or rank > (received.complete[best[owner]], received.order[best[owner]]):
            best[owner] = n
    return sorted(best.values())


def long_table(codebook: Codebook, received: Received, kept: Kept, delivery: str) -> pa.Table:
    """The rows of data/restricted: columns reponse_id, siren, question, sous_question, valeur, etat, complete,
    date_reponse, livraison; in the order of the questionnaire, then of the hashes."""
    import pyarrow as pa

    places, size = kept.places, len(kept.places)
    days = pa.array([received.day[n] for n in places], pa.string()).cast(pa.date32())
    same: dict[str, Any] = {
        "reponse_id": pa.array([received.response[n] for n in places], pa.string()),
        "siren": pa.array([received.siren[n] for n in places], pa.string()),
        "complete": pa.array([received.complete[n] for n in places], pa.bool_()),
        "date_reponse": days,
        "livraison": _repeated(delivery, size),
    }
    parts = []
    for question in codebook.questions:
        shown = shown_to(codebook, question, received, places)
        for answer in question.answers():
            if answer.name not in received.cells:
                continue
            column = received.cells[answer.name]
            judged = [
                _judged(question, answer, column[n], is_shown, received)
                for n, is_shown in zip(places, shown, strict=True)
            ]
            parts.append(
                pa.table(
                    {
                        "reponse_id": same["reponse_id"],
                        "siren": same["siren"],
                        "question": _repeated(answer.question, size),
                        "sous_question": _repeated(answer.part, size),
                        "valeur": pa.array([value for value, _ in judged], pa.string()),
                        "etat": pa.array([state for _, state in judged], pa.string()),
                        "complete": same["complete"],
                        "date_reponse": same["date_reponse"],
                        "livraison": same["livraison"],
                    }
                )
            )
    return pa.concat_tables(parts)


def shown_to(codebook: Codebook, question: Question, received: Received, places: Sequence[int]) -> list[Shown]:
    """Whether a question was shown to each response: as far as the filters say (None: they do not say).

    An incomplete response may have stopped before: only « not shown » is then certain. Nothing is deduced when the
    codebook says `empty_cells: inconnues`.
    """
    if codebook.empty_cells == "inconnues" or question.shown_if == "inconnu":
        return [None] * len(places)
    met = [_met(received, condition, places) for condition in question.shown_if]
    verdicts: list[Shown] = []
    for row, n in enumerate(places):
        answers = [column[row] for column in met]
        if False in answers:
            verdicts.append(False)
        else:
            verdicts.append(True if received.complete[n] and None not in answers else None)
    return verdicts


def _met(received: Received, condition: Condition, places: Sequence[int]) -> list[Shown]:
    """Whether each response satisfies a condition; None when its answer could not be read or is not in the delivery."""
    names = [f"{condition.question}[{part}]" for part in condition.parts] or [condition.question]
    if condition.question not in received.cells and not condition.parts:
        names = [name for name in received.cells if name.startswith(f"{condition.question}[")]
    columns = [received.cells[name] for name in names if name in received.cells]
    if not columns:
        return [None] * len(places)
    values = set(ticked(condition))
    verdicts: list[Shown] = []
    for n in places:
        found = [column[n] for column in columns]
        verdicts.append(True if values & set(found) else None if UNREADABLE in found else False)
    return verdicts


def _judged(question: Question, answer: Answer, cell: Cell, shown: Shown, received: Received) -> tuple[Cell, str]:
    """The value and the state of one cell."""
    if cell == UNREADABLE:
        return None, UNKNOWN
    if cell:
        return (TICKED if answer.kind == "coche" else cell), ANSWERED
    says = received.tells_not_shown and question.type not in NEVER_EMPTY
    if says:
        shown = cell is not None
    if shown is None:
        return None, UNKNOWN
    if not shown:
        return None, NOT_SHOWN
    return None, UNTICKED if answer.kind == "coche" else NO_ANSWER


def _repeated(value: str, size: int) -> pa.Array:
    import pyarrow as pa

    return pa.repeat(pa.scalar(value, pa.string()), size)
