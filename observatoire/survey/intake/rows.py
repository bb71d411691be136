"""The long rows of an edition: one a kept response and answer, with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
SLICE = 1024  # responses a row group
COLUMNS = (
    "reponse_id", "siren", "question", "sous_question", "valeur", "etat", "complete", "date_reponse", "livraison",
)  # fmt: skip


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


def schema() -> pa.Schema:
    """Columns and types of the long rows."""
    import pyarrow as pa

    kinds = {"complete": pa.bool_(), "date_reponse": pa.date32()}
    return pa.schema({name: kinds.get(name, pa.string()) for name in COLUMNS})


def long_tables(codebook: Codebook, received: Received, kept: Kept, delivery: str) -> Iterator[pa.Table]:
    """The rows of data/restricted, some hundreds of responses at a time: in the order of the hashes, then of the
    questionnaire (a response's rows together: its identifiers repeat and compress well)."""
    for first in range(0, len(kept.places), SLICE):
        yield _long_table(codebook, received, kept.places[first : first + SLICE], delivery)


def _long_table(codebook: Codebook, received: Received, places: list[int], delivery: str) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    names: list[tuple[str, str]] = []
    values: list[Cell] = []
    states: list[str] = []
    for question in codebook.questions:
        shown = shown_to(codebook, question, received, places)
        for answer in question.answers():
            if answer.name not in received.cells:
                continue
            column = received.cells[answer.name]
            pairs = [(column[n], is_shown) for n, is_shown in zip(places, shown, strict=True)]
            meaning = {pair: _judged(question, answer, *pair, received) for pair in set(pairs)}
            names.append((answer.question, answer.part))
            values += [meaning[pair][0] for pair in pairs]
            states += [meaning[pair][1] for pair in pairs]
    answers, size = len(names), len(places)
    by_response = pa.array(np.arange(answers * size).reshape(answers, size).T.ravel())
    response = pa.array(np.repeat(np.arange(size), answers))
    answer_of = pa.array(np.tile(np.arange(answers), size))

    def of_response(column: Sequence[Any], kind: pa.DataType | None = None) -> pa.Array:
        return pa.array([column[n] for n in places], kind or pa.string()).take(response)

    columns = [
        of_response(received.response),
        of_response(received.siren),
        pa.array([question for question, _ in names], pa.string()).take(answer_of),
        pa.array([part for _, part in names], pa.string()).take(answer_of),
        pa.array(values, pa.string()).take(by_response),
        pa.array(states, pa.string()).take(by_response),
        of_response(received.complete, pa.bool_()),
        of_response(received.day).cast(pa.date32()),
        pa.repeat(pa.scalar(delivery, pa.string()), answers * size),
    ]
    return pa.table(columns, schema=schema())


def shown_to(codebook: Codebook, question: Question, received: Received, places: Sequence[int]) -> list[Shown]:
    """Whether a question was shown to each response: as far as the filters say (None: they do not say).

    An incomplete response may have stopped before: only « not shown » is then certain. Nothing is deduced when the
    codebook says `empty_cells: inconnues`.
    """
    if codebook.empty_cells == "inconnues" or question.shown_if == "inconnu":
        return [None] * len(places)
    reached: list[Shown] = [True if received.complete[n] else None for n in places]
    if not question.shown_if:
        return reached
    met = zip(*(_met(received, condition, places) for condition in question.shown_if), strict=True)
    return [
        False if False in answers else None if None in answers else was_reached
        for answers, was_reached in zip(met, reached, strict=True)
    ]


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
