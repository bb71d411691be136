"""The pseudonymised delivery: what of an export passes the archive's door, and all that rebuilds start from.

JSON lines, canonical: what the delivery is, then one line a response, by hash. Exports of the same answers that carry as
much (CSV, JSON and workbook, in codes or in full) give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from observatoire.errors import ArchiveCorrupted
from observatoire.storage import canonical_json
from observatoire.survey.intake.answers import UNREADABLE, coded, day_of, is_in_full
from observatoire.survey.intake.binding import Binding
from observatoire.survey.intake.codebook import Answer, Codebook
from observatoire.survey.intake.exports import Cell, Export
from observatoire.survey.intake.privacy import keyed

SIREN = re.compile(r"\d{9}")


@dataclass(frozen=True)
class Received:
    """Responses as columns of one length. `cells` holds answers in codes by name (IA02[SQ001]).

    `key_mark` tells one key from another and says nothing of it; `response` and `respondent` are keyed hashes (the latter « » without a token), `order` ranks the responses in time.
    """

    tells_not_shown: bool
    key_mark: str
    response: list[str]
    respondent: list[str]
    siren: list[str | None]
    day: list[str | None]
    complete: list[bool]
    order: list[int]
    cells: dict[str, list[Cell]] = field(repr=False)

    @property
    def unreadable(self) -> dict[str, int]:
        """How many cells of each answer could not be read."""
        found = {name: column.count(UNREADABLE) for name, column in self.cells.items()}
        return {name: count for name, count in found.items() if count}


@dataclass(frozen=True)
class Responses:
    """What an export says of its responses, before any hash: never written, never shown."""

    ids: Sequence[str] = field(repr=False)
    tokens: Sequence[str] = field(repr=False)
    sirens: Sequence[Cell] = field(repr=False)
    moments: Sequence[str] = field(repr=False)
    complete: Sequence[bool] = field(repr=False)
    days: Sequence[str | None] = field(repr=False)


def responses_of(export: Export, binding: Binding) -> Responses:
    """The responses of an export of LimeSurvey: incomplete when the day of submission is empty."""
    empty = ("",) * export.records

    def column(name: str) -> Sequence[str]:
        return [cell or "" for cell in export.columns[binding.system[name]]] if name in binding.system else empty

    submitted, stamped = column("submitdate"), column("datestamp")
    moments = [first or second for first, second in zip(submitted, stamped, strict=True)]
    sirens = export.columns[binding.siren] if binding.siren is not None else empty
    complete = [bool(moment.strip()) for moment in submitted]
    return Responses(column("id"), column("token"), sirens, moments, complete, [day_of(moment) for moment in moments])


def pseudonymised(
    codebook: Codebook, export: Export, responses: Responses, places: Mapping[Answer, int], key: bytes
) -> Received:
    """The responses of an export with persons left out: hashes under `key`, SIREN, day, answers in codes."""
    place = (codebook.name, codebook.edition)
    ranked = sorted(
        range(export.records), key=lambda n: (responses.moments[n], len(responses.ids[n]), responses.ids[n])
    )
    order = {row: rank for rank, row in enumerate(ranked, 1)}
    hashes = [keyed(key, "reponse", *place, identifier) for identifier in responses.ids]
    rows = sorted(range(export.records), key=lambda n: hashes[n])
    in_full = any(is_in_full(answer, export.columns[at]) for answer, at in places.items())
    cells = {answer.name: coded(answer, export.columns[at], in_full) for answer, at in places.items()}
    return Received(
        tells_not_shown=export.tells_not_shown,
        key_mark=keyed(key, "cle")[:8],
        response=[hashes[n] for n in rows],
        respondent=[keyed(key, "repondant", *place, responses.tokens[n]) if responses.tokens[n] else "" for n in rows],
        siren=[siren_of(responses.sirens[n]) for n in rows],
        day=[responses.days[n] for n in rows],
        complete=[responses.complete[n] for n in rows],
        order=[order[n] for n in rows],
        cells={name: [column[n] for n in rows] for name, column in cells.items()},
    )


def siren_of(cell: Cell) -> str | None:
    """The nine digits of a SIREN, None when it is not one (its check digit is judged against the reference, not here)."""
    digits = re.sub(r"[\s\u00a0\u202f.]", "", cell or "")
    return digits if SIREN.fullmatch(digits) else None


def as_bytes(codebook: Codebook, received: Received) -> bytes:
    """The delivery as archived."""
    head = {
        "enquete": codebook.name,
        "edition": codebook.edition,
        "cle": received.key_mark,
        "distingue_non_affiche": received.tells_not_shown,
        "reponses": list(received.cells),
    }
    lines = [canonical_json(head)]
    columns = list(received.cells.values())
    facts = zip(
        received.response,
        received.respondent,
        received.siren,
        received.day,
        received.complete,
        received.order,
        strict=True,
    )
    for row, fact in enumerate(facts):
        lines.append(canonical_json([*fact, [column[row] for column in columns]]))
    return ("\n".join(lines) + "\n").encode()


def from_bytes(content: bytes) -> Received:
    """The responses of an archived delivery. Raises ArchiveCorrupted when it is not one."""
    try:
        head, *records = [json.loads(line) for line in content.decode().splitlines()]
        names = head["reponses"]
        facts: list[Any] = [list(column) for column in zip(*records, strict=True)] or [[] for _ in range(7)]
        cells = zip(*facts[6], strict=True) if facts[6] else ([] for _ in names)
        by_name = {name: list(column) for name, column in zip(names, cells, strict=True)}
        response, respondent, siren, day, complete, order = facts[:6]
        tells, mark = bool(head["distingue_non_affiche"]), str(head["cle"])
        return Received(tells, mark, response, respondent, siren, day, complete, order, by_name)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ArchiveCorrupted(
            "Livraison pseudonymisée illisible. La restaurer depuis une sauvegarde, ou refaire l'import."
        ) from error
