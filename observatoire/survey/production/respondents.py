"""Who answered: one complete response an authority, with its stratum, and its answers as arrays in one order."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.errors import SurveyError, UsageError
from observatoire.survey.arrays import Floats, numbers
from observatoire.survey.intake.codebook import Codebook, Condition, Indicator, ticked
from observatoire.survey.sampling.draw import Draw
from observatoire.survey.sampling.files import ANSWERS, RECORD, read_draw
from observatoire.survey.sampling.frame import Frame
from observatoire.survey.weighting import STRATUM, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

# One response an authority: the last complete one. The importer already keeps one; two files may still hold two.
KEPT = """
create table kept as
select reponse_id, siren, row_number() over (order by siren) - 1 as rang
from (
    select distinct reponse_id, siren, date_reponse from read_parquet($1) where complete and siren is not null
)
qualify row_number() over (partition by siren order by date_reponse desc nulls last, reponse_id desc) = 1
"""
CELLS = """
create table cells as
select k.rang, r.question, coalesce(r.sous_question, '') as part, r.valeur, r.etat
from read_parquet($1) as r inner join kept as k using (reponse_id)
where list_contains($2, r.question)
"""


@dataclass(frozen=True)
class Respondents:
    """Authorities that answered, sorted by SIREN; `strata` and `types` are empty texts when nothing says them.

    `drawn` is the sample when there was one, `left_out` counts responses that are not used, by reason in French.
    """

    con: duckdb.DuckDBPyConnection
    sirens: tuple[str, ...]
    strata: tuple[str, ...]
    types: tuple[str, ...]
    drawn: Draw | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def condition(self, condition: Condition) -> Floats:
        """1 where the answer is among the values, NaN where it was asked and not given (or unknown), else 0; (n,)."""
        values = list(ticked(condition))
        rows = self.con.execute(
            "select rang, bool_or(etat = 'repondu' and list_contains($2, valeur)), "
            "bool_or(etat in ('sans_reponse', 'inconnu')) from cells "
            "where question = $1 and (len($3) = 0 or list_contains($3, part)) group by rang",
            [condition.question, values, list(condition.parts)],
        ).fetchnumpy()
        found = self._blank()
        rank, yes, unknown = (np.ma.getdata(column) for column in rows.values())
        found[rank.astype(np.int64)] = np.where(yes.astype(bool), 1.0, np.where(unknown.astype(bool), np.nan, 0.0))
        return found

    def number(self, name: str) -> Floats:
        """The number answered to IA06 or IA08[SQ001], NaN without one; (n,)."""
        question, _, part = name.rstrip("]").partition("[")
        rows = self.con.execute(
            "select rang, try_cast(valeur as double) from cells where question = $1 and part = $2 and etat = 'repondu'",
            [question, part],
        ).fetchall()
        found = self._blank()
        for rank, value in rows:
            found[rank] = np.nan if value is None else value
        return numbers(found, len(self.sirens), name)

    def category(self, name: str) -> list[str]:
        """« strate », « type » or the code answered to a question, one an authority; empty without an answer."""
        if name in (STRATUM, TYPE):
            return list(self.strata if name == STRATUM else self.types)
        found = [""] * len(self.sirens)
        rows = self.con.execute(
            "select rang, valeur from cells where question = $1 and part = '' and etat = 'repondu'", [name]
        )
        for rank, value in rows.fetchall():
            found[rank] = value or ""
        return found

    def _blank(self) -> Floats:
        return np.full(len(self.sirens), np.nan)


@contextmanager
def respondents(folder: Path, codebook: Codebook, frame: Frame | None = None) -> Iterator[Respondents]:
    """The respondents of an edition; strata come from its draw, else from `frame`.

    Raises UsageError when no answer was taken in, SurveyError when the plan needs a draw that is not there, when a stratum of
    the draw is not that of the codebook, or when nobody answered.
    """
    import duckdb

    path = folder / ANSWERS
    if not path.is_file():
        raise UsageError(
            f"Aucune réponse pour {codebook.name} {codebook.edition}. Lancer « observatoire survey import » d'abord."
        )
    drawn = read_draw(folder) if (folder / RECORD).is_file() else None
    places = _places(codebook, drawn, frame)
    with duckdb.connect() as con:
        con.execute(KEPT, [str(path)])
        total, complete, named = _one(
            con,
            "select count(distinct reponse_id), count(distinct reponse_id) filter (complete), "
            "count(distinct reponse_id) filter (complete and siren is not null) from read_parquet($1)",
            [str(path)],
        )
        known = [row[0] for row in con.execute("select siren from kept order by rang").fetchall()]
        left_out = {
            "réponse incomplète": total - complete,
            "réponse sans SIREN": complete - named,
            "autre réponse de la même collectivité": named - len(known),
        }
        if places:
            left_out["collectivité hors de l'échantillon ou du cadre"] = sum(siren not in places for siren in known)
            con.execute("create table members as select unnest($1) as siren", [sorted(places)])
            con.execute("delete from kept where siren not in (select siren from members)")
            con.execute(
                "create or replace table kept as select reponse_id, siren, row_number() over (order by siren) - 1 as rang from kept"
            )
        con.execute(CELLS, [str(path), sorted(questions_used(codebook))])
        sirens = [row[0] for row in con.execute("select siren from kept order by rang").fetchall()]
        if not sirens:
            raise SurveyError(f"{codebook.name} {codebook.edition} : aucune réponse complète utilisable.")
        located = [places.get(siren, ("", "")) for siren in sirens]
        yield Respondents(
            con, tuple(sirens), tuple(s for s, _ in located), tuple(t for _, t in located), drawn,
            {reason: count for reason, count in left_out.items() if count},
        )  # fmt: skip


def condition_questions(indicator: Indicator) -> set[str]:
    """The questions that an indicator rests on."""
    named = {condition.question for condition in (*indicator.counted, *indicator.among)}
    return named | ({indicator.value.partition("[")[0]} if indicator.value else set())


def questions_used(codebook: Codebook) -> set[str]:
    """The questions that figures, domains and margins read: the others stay on disk."""
    named = {margin.by for margin in codebook.weighting.margins}
    for indicator in codebook.indicators:
        named |= condition_questions(indicator) | {name for domain in indicator.domains for name in domain}
    return named


def _places(codebook: Codebook, drawn: Draw | None, frame: Frame | None) -> dict[str, tuple[str, str]]:
    """Stratum and type of each authority that may answer; empty when nothing tells them."""
    label = f"{codebook.name} {codebook.edition}"
    if drawn is None and codebook.plan == "probabilite":
        raise SurveyError(
            f"{label} : plan probabiliste sans tirage. Lancer « observatoire survey draw », "
            "ou déclarer dans le livre de codes comment les répondants sont venus."
        )
    if drawn is not None:
        declared = {stratum.code: stratum.population for stratum in codebook.strata}
        for code, count in drawn.population.items():
            if declared and declared.get(code) != count:
                raise SurveyError(
                    f"{label} : la strate « {code} » compte {count} collectivités dans le cadre du tirage et "
                    f"{declared.get(code, 'aucune')} dans le livre de codes. Corriger `strata`."
                )
        return {unit.siren: (unit.strate, unit.type) for unit in drawn.sample}
    return {unit.siren: (unit.strate, unit.type) for unit in frame.units} if frame else {}


def _one(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> tuple[int, ...]:
    row = con.execute(query, parameters).fetchone()
    assert row
    return tuple(int(value) for value in row)
