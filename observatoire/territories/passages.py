"""Communes through time: what becomes of each piece of territory, movement after movement, since 1943.

A « lignée » is a piece of territory that no movement has cut. It goes from commune to commune as communes merge, and
goes home when one is re-established; two states of the map are then compared by the lignées they share, which makes a
merger followed by a separation come out as no change. SQL cannot follow them: what a movement does with a lignée depends
on all the earlier movements of all the lignées of the same commune.

Source of the movements: INSEE, Code officiel géographique, v_mvt_commune.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from observatoire.errors import UsageError
from observatoire.sql_text import literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NAME = "core.passages_lignees"
INPUTS = ("staging.cog_communes", "staging.cog_mouvements")

# Within a day, a commune changes département before it merges (Pont-Farcy and Freigné, 1 January 2018).
FIRST_OF_THE_DAY = ("41", "50")
RESTORATION = "21"
ONLY_THE_ASSOCIATED = "34"  # the associated communes disappear, the commune stays as it is
ONE_DAY = dt.timedelta(days=1)


class Movement(NamedTuple):
    """One line of a movement between two communes in their own right (COM). A missing side is None."""

    date: dt.date
    kind: str
    before: str | None
    before_name: str | None
    after: str | None
    after_name: str | None


class Stage(NamedTuple):
    """A lignée in one commune, from a day (None: before 1943) to a day (None: still so), and the movement that put it there."""

    lineage: str
    code: str
    name: str
    start: dt.date | None
    end: dt.date | None
    kind: str | None


@dataclass
class _Lineage:
    """`homes` holds the communes that entered mergers, each (code, name), oldest first."""

    key: str
    homes: list[tuple[str, str]] = field(default_factory=list)
    stages: list[tuple[str, str, dt.date | None, dt.date, str | None]] = field(default_factory=list)

    def branch(self, target: str, date: dt.date) -> _Lineage:
        return _Lineage(f"{self.key}>{target}@{date}", list(self.homes), list(self.stages))

    def all_stages(self, last: _Commune | None) -> list[Stage]:
        ended = [Stage(self.key, *stage) for stage in self.stages]
        return [*ended, Stage(self.key, last.code, last.name, last.start, None, last.kind)] if last else ended


@dataclass
class _Commune:
    """A living commune. The first of its lignées is that of its own chef-lieu."""

    code: str
    name: str
    start: dt.date | None
    kind: str | None
    lineages: list[_Lineage]


def trace(movements: Iterable[Movement], communes: Mapping[str, str]) -> list[Stage]:
    """The stages of every lignée, ordered by lignée then date.

    `communes` names the living communes by code; one that no movement names has always been. The sum of the stages at
    a date is the map of that date: each living commune has at least one lignée.
    """
    ordered = sorted(
        movements, key=lambda m: (m.date, m.kind not in FIRST_OF_THE_DAY, m.kind, str(m.before), str(m.after))
    )
    alive = _origins(ordered, communes)
    ended: list[_Lineage] = []
    for (date, kind), rows in groupby(ordered, key=lambda m: (m.date, m.kind)):
        ended += _apply(alive, date, kind, list(rows))
    stages = [stage for commune in alive.values() for one in commune.lineages for stage in one.all_stages(commune)]
    stages += [stage for one in ended for stage in one.all_stages(None)]
    return sorted(stages, key=lambda s: (s.lineage, s.start or dt.date.min))


def _origins(ordered: list[Movement], communes: Mapping[str, str]) -> dict[str, _Commune]:
    """The communes of the beginning: those that a movement finds before any has made them, and those that none names."""
    made: set[str] = set()
    alive: dict[str, _Commune] = {}
    for (_, _), group in groupby(ordered, key=lambda m: (m.date, m.kind)):
        rows = list(group)
        for row in rows:
            if row.before and row.before not in made and row.before not in alive:
                alive[row.before] = _root(row.before, row.before_name or "")
        made |= {row.after for row in rows if row.after and row.after not in alive}
    for code, name in communes.items():
        if code not in made and code not in alive:
            alive[code] = _root(code, name)
    return alive


def _root(code: str, name: str) -> _Commune:
    return _Commune(code, name, None, None, [_Lineage(code)])


def _apply(alive: dict[str, _Commune], date: dt.date, kind: str, rows: list[Movement]) -> list[_Lineage]:
    """Carry one day's movements of one kind out on `alive`; return the lignées that leave the map."""
    targets: dict[str, dict[str, str]] = defaultdict(dict)
    sources: Counter[str] = Counter()
    names = {row.after: row.after_name or "" for row in rows if row.after}
    for row in rows:
        if row.before:
            kept = targets[row.before]
            if row.after:
                kept[row.after] = names[row.after]
                sources[row.after] += 1
    if kind == ONLY_THE_ASSOCIATED:
        targets = defaultdict(dict, {code: kept for code, kept in targets.items() if set(kept) != {code}})
    for code in [code for code in names if code in alive and code not in targets and sources[code]]:
        if kind != ONLY_THE_ASSOCIATED:
            targets[code] = {code: alive[code].name}  # an absorbing commune that the file does not repeat
            sources[code] += 1
    leaving: list[_Lineage] = []
    arriving: dict[str, list[tuple[bool, str, _Lineage]]] = defaultdict(list)
    left = {code: alive.pop(code) for code in sorted(targets) if code in alive}
    for code, commune in left.items():
        _close(commune, date)
        kept = targets[code]
        if not kept:
            leaving += commune.lineages
        for target, lineage in _shared_out(commune, kept, date):
            if sources[target] > 1:
                lineage.homes.append((code, commune.name))
            arriving[target].append((target != code, code, lineage))
    for target in sorted(names):
        if found := arriving.get(target):
            pieces = [lineage for _, _, lineage in sorted(found, key=lambda item: item[:2])]
        elif target in alive:
            continue
        else:
            pieces = [_Lineage(f"{target}@{date}")]
        alive[target] = _Commune(target, names[target], date, kind, pieces)
    return leaving


def _close(commune: _Commune, date: dt.date) -> None:
    if commune.start == date:  # a state that did not last a day
        return
    for lineage in commune.lineages:
        lineage.stages.append((commune.code, commune.name, commune.start, date - ONE_DAY, commune.kind))


def _shared_out(commune: _Commune, targets: Mapping[str, str], date: dt.date) -> list[tuple[str, _Lineage]]:
    """Which commune takes each lignée of one that ends; a commune that no lignée calls home takes a new one."""
    if len(targets) <= 1:
        return [(target, lineage) for target in targets for lineage in commune.lineages]
    residual = _residual(commune, targets)
    main = commune.lineages[0]
    placed = [(_home(lineage, commune.code, targets, residual), lineage) for lineage in commune.lineages]
    missing = [target for target in targets if target not in {taken for taken, _ in placed}]
    return placed + [(target, main.branch(target, date)) for target in missing]


def _residual(commune: _Commune, targets: Mapping[str, str]) -> str:
    """The commune that goes on as the same authority: it keeps the name (Les Hauts-Talican, 2024), else the code."""
    same = sorted(code for code, name in targets.items() if name == commune.name)
    return same[0] if same else commune.code if commune.code in targets else min(targets)


def _home(lineage: _Lineage, code: str, targets: Mapping[str, str], residual: str) -> str:
    """The target that a lignée came from, the last one first; else the one that goes on.

    A code alone does not tell the chef-lieu's own lignée from those that joined it, so that going back to the code that
    ends is for the lignée that was there first.
    """
    by_name = {name: target for target, name in targets.items()}
    for home, name in reversed(lineage.homes):
        target = home if home in targets else by_name.get(name)
        if target and target != code and target != residual:
            return target
    if code in targets and residual != code and lineage.homes and lineage.homes[0][0] == code:
        return code
    return residual


def lineages(context: Any) -> pa.Table:
    """core.passages_lignees: the stages of every lignée, from the newest COG in use (empty without it)."""
    import pyarrow as pa

    con: duckdb.DuckDBPyConnection = context.con
    found = con.execute(
        "select date_eff, mod, com_av, libelle_av, com_ap, libelle_ap from staging.cog_mouvements "
        "where millesime = (select max(millesime) from staging.cog_mouvements) "
        "and coalesce(typecom_av, 'COM') = 'COM' and coalesce(typecom_ap, 'COM') = 'COM'"
    ).fetchall()
    communes = con.execute(
        "select com, libelle from staging.cog_communes where typecom = 'COM' "
        "and millesime = (select max(millesime) from staging.cog_communes) order by com"
    ).fetchall()
    stages = trace((Movement(*row) for row in found), dict(communes)) if found else []
    kinds = (pa.string(), pa.string(), pa.string(), pa.date32(), pa.date32(), pa.string())
    names = ("lignee", "code", "nom", "valide_du", "valide_au", "modification")
    columns = zip(*stages, strict=True) if stages else ([] for _ in names)
    return pa.table({n: pa.array(list(c), k) for n, c, k in zip(names, columns, kinds, strict=True)})


class Restated(NamedTuple):
    """A value in the geography of arrival.

    `value` is None when it cannot be restated; `exact` is False when it is an estimate, or None; `reason` then says why,
    in French. `code` is None for values that have no place in the geography of arrival.
    """

    code: str | None
    name: str | None
    value: float | None
    exact: bool
    reason: str | None
    from_codes: tuple[str, ...]


def restate(
    con: duckdb.DuckDBPyConnection, values: str, start: dt.date, end: dt.date, *, absence_is_zero: bool = False
) -> list[Restated]:
    """Counts or sums by commune of `start`, restated by commune of `end`, ordered by code.

    `values` is a table with the columns code and valeur. A value is additive: never restate a rate, a median or an
    index. Mergers are exact; a separation is estimated by the population of the pieces. Without
    `absence_is_zero`, a commune of arrival that one of its parts gives no value for has none.
    Raises UsageError when the table lacks a column, holds a code twice, or when a date is before 1943.
    """
    import duckdb

    if min(start, end) < dt.date(1943, 1, 1):
        raise UsageError(
            "Les mouvements de communes sont connus depuis le 1er janvier 1943. Choisir une date plus récente."
        )
    try:
        repeated = con.execute(f"select code from {values} group by code having count(valeur) > 1 limit 1").fetchone()
    except duckdb.Error as error:
        raise UsageError(f"La table « {values} » doit avoir les colonnes code et valeur. La corriger.") from error
    if repeated:
        raise UsageError(f"La table « {values} » donne deux valeurs à « {repeated[0]} ». N'en garder qu'une.")
    rows = con.execute(
        f"select code, nom, valeur, exact, motif, codes_de from passages_valeurs({literal(values)}, date '{start}', "
        f"date '{end}', {literal(absence_is_zero)}) order by code nulls last, codes_de"
    ).fetchall()
    return [Restated._make([*row[:5], tuple(row[5])]) for row in rows]
