"""Cells that add up to one another: what a reader of the published tables could subtract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Floats, Labels, encode, numbers

TOTAL = "total"
ADDITIVE = 1e-9  # largest relative gap between a total and the sum of its parts


@dataclass(frozen=True)
class Cell:
    """A figure that is zero or more. `key` is shown to the analyst.

    `contributors` are unweighted respondents. `base` is the number of answers a count of « oui » is drawn from, `exhaustive`
    says that they are all the units there are. An unpublished cell is not printed anywhere, but differences give it.
    """

    key: str
    value: float
    contributors: int
    largest: float = 0.0
    base: int | None = None
    exhaustive: bool = False
    published: bool = True


@dataclass(frozen=True)
class Relation:
    """The total is the sum of the parts, by key."""

    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Tables:
    """Cells by key and the relations between them. `join` and the builders below check that they add up."""

    cells: Mapping[str, Cell]
    relations: tuple[Relation, ...]


def join(tables: Iterable[Tables], relations: Iterable[Relation] = ()) -> Tables:
    """One set of linked tables: a key of several tables is one cell, `relations` tie them further.

    Raises SurveyError: one key with two values, a relation to an unknown cell, a total that is not the sum of its parts.
    """
    cells: dict[str, Cell] = {}
    kept: dict[Relation, None] = {}
    for table in tables:
        for key, cell in table.cells.items():
            if cells.setdefault(key, cell) != cell:
                raise SurveyError(
                    f"La case « {key} » a deux valeurs dans les tableaux liés. Les calculer sur la même base."
                )
        kept.update(dict.fromkeys(table.relations))
    kept.update(dict.fromkeys(relations))
    for relation in kept:
        if unknown := [key for key in (relation.total, *relation.parts) if key not in cells]:
            raise SurveyError(f"La case « {unknown[0]} » est citée par une relation sans figurer dans les tableaux.")
        total, added = cells[relation.total].value, sum(cells[key].value for key in relation.parts)
        if abs(total - added) > ADDITIVE * max(abs(total), 1.0):
            raise SurveyError(
                f"Le total « {relation.total} » n'est pas la somme de ses parties. Vérifier les tableaux liés."
            )
    return Tables(cells, tuple(kept))


def additive_table(
    values: Floats,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    contributors: Any = None,
    largest: Any = None,
    title: str = "",
    published: bool = True,
) -> Tables:
    """A two-way table (R, C) with its margins, keys « title : row × column ». `contributors` defaults to `values`."""
    inside = np.asarray(values, dtype=np.float64)
    people = inside if contributors is None else np.asarray(contributors, dtype=np.float64)
    top = np.zeros_like(inside) if largest is None else np.asarray(largest, dtype=np.float64)
    row_names, column_names = [*rows, TOTAL], [*columns, TOTAL]
    grids = _with_margins(inside, np.sum), _with_margins(people, np.sum), _with_margins(top, np.max)
    cells = {}
    for i, row in enumerate(row_names):
        for j, column in enumerate(column_names):
            value, count, most = (float(grid[i, j]) for grid in grids)
            key = cell_key(title, row, column)
            cells[key] = Cell(key, value, int(count), most, published=published)
    relations = [
        Relation(cell_key(title, row, TOTAL), tuple(cell_key(title, row, c) for c in columns)) for row in row_names
    ]
    relations += [
        Relation(cell_key(title, TOTAL, column), tuple(cell_key(title, r, column) for r in rows))
        for column in column_names
    ]
    return join([Tables(cells, tuple(relations))])


def cell_key(title: str, row: str, column: str) -> str:
    """The key of a cell of `additive_table`."""
    return f"{title} : {row} × {column}" if title else f"{row} × {column}"


def cross_table(
    rows: Labels, columns: Labels, values: Any = None, *, title: str = "", published: bool = True
) -> Tables:
    """The additive table of respondents (n,), or of the totals of `values` (n,) with their largest contribution."""
    row_names, column_names = _names(rows, columns)
    sums, people, top = _grids(rows, columns, values, np.ones(len(rows), dtype=np.bool_), row_names, column_names)
    return additive_table(
        sums, row_names, column_names, contributors=people, largest=top, title=title, published=published
    )


def nested_bases(
    rows: Labels, columns: Labels, inside: Any, values: Any = None, *, titles: tuple[str, str, str]
) -> Tables:
    """A table on all units and the same on those `inside` (n,) flags, tied by what is left outside.

    `titles` name all, inside, outside (e.g. « toutes », « 3 500 habitants et plus », « moins de 3 500 »). The third table
    is published nowhere, yet a reader gets it by subtraction: its cells are there, unpublished, to be protected too.
    """
    flags = np.asarray(inside, dtype=np.bool_)
    row_names, column_names = _names(rows, columns)
    parts = []
    for title, chosen in zip(titles, (np.ones_like(flags), flags, ~flags), strict=True):
        grid = _grids(rows, columns, values, chosen, row_names, column_names)
        parts.append(
            additive_table(
                grid[0],
                row_names,
                column_names,
                contributors=grid[1],
                largest=grid[2],
                title=title,
                published=title != titles[2],
            )
        )
    ties = [
        Relation(cell_key(titles[0], r, c), (cell_key(titles[1], r, c), cell_key(titles[2], r, c)))
        for r in (*row_names, TOTAL)
        for c in (*column_names, TOTAL)
    ]
    return join(parts, ties)


def share_cells(name: str, yes: int, answers: int, *, exhaustive: bool, published: bool = True) -> Tables:
    """A published share: « oui » and « non » add up to the number of answers, which is printed beside it."""
    counts = {"oui": yes, "non": answers - yes}
    cells = [
        Cell(f"{name} : {kind}", count, answers, base=answers, exhaustive=exhaustive, published=published)
        for kind, count in counts.items()
    ]
    cells.append(Cell(f"{name} : réponses", answers, answers, published=published))
    return join([Tables({c.key: c for c in cells}, (Relation(cells[2].key, (cells[0].key, cells[1].key)),))])


def share_table(groups: Labels, yes: Any, exhaustive: Any, *, title: str, published: bool = True) -> Tables:
    """The shares of `yes` (n,) flags by group and together, keys « title : group : oui | non | réponses ».

    `exhaustive` (n,) flags tell whose stratum was taken whole: a share is exhaustive when all its respondents are.
    """
    return _share_table(groups, yes, exhaustive, np.ones(len(groups), dtype=np.bool_), title, published)


def nested_shares(groups: Labels, yes: Any, exhaustive: Any, inside: Any, *, titles: tuple[str, str, str]) -> Tables:
    """`share_table` on all, inside and outside a smaller base, tied together, as `nested_bases`."""
    flags = np.asarray(inside, dtype=np.bool_)
    bases = (np.ones_like(flags), flags, ~flags)
    parts = [
        _share_table(groups, yes, exhaustive, chosen, title, title != titles[2])
        for title, chosen in zip(titles, bases, strict=True)
    ]
    ties = [Relation(keys[0], tuple(keys[1:])) for keys in zip(*(part.cells for part in parts), strict=True)]
    return join(parts, ties)


def _share_table(groups: Labels, yes: Any, exhaustive: Any, chosen: Any, title: str, published: bool) -> Tables:
    codes, names = encode(groups, len(groups), "Groupe")
    positive, whole = np.asarray(yes, dtype=np.bool_), np.asarray(exhaustive, dtype=np.bool_)
    scopes = {name: chosen & (codes == code) for code, name in enumerate(names)} | {TOTAL: chosen}
    parts = [
        share_cells(
            f"{title} : {name}",
            int((positive & scope).sum()),
            int(scope.sum()),
            exhaustive=bool(whole[scope].all()),
            published=published,
        )
        for name, scope in scopes.items()
    ]
    sums = [
        Relation(f"{title} : {TOTAL} : {kind}", tuple(f"{title} : {name} : {kind}" for name in names))
        for kind in ("oui", "non", "réponses")
    ]
    return join(parts, sums)


def _names(rows: Labels, columns: Labels) -> tuple[list[str], list[str]]:
    """Sorted labels of each side. Raises SurveyError on a missing one, or sides of different lengths."""
    return (
        list(encode(rows, len(rows), "Ligne du tableau")[1]),
        list(encode(columns, len(rows), "Colonne du tableau")[1]),
    )


def _grids(
    rows: Labels, columns: Labels, values: Any, chosen: Any, row_names: list[str], column_names: list[str]
) -> tuple[Floats, Floats, Floats]:
    count = len(rows)
    amounts = np.ones(count) if values is None else numbers(values, count, "Valeur du tableau")
    if not (amounts >= 0).all():
        raise SurveyError(
            "Secret statistique : valeur absente ou négative ; l'audit suppose des montants positifs ou nuls."
        )
    i = np.searchsorted(row_names, [str(label) for label in rows])[chosen]
    j = np.searchsorted(column_names, [str(label) for label in columns])[chosen]
    sums, people, top = (np.zeros((len(row_names), len(column_names))) for _ in range(3))
    np.add.at(sums, (i, j), amounts[chosen])
    np.add.at(people, (i, j), 1)
    if values is not None:
        np.maximum.at(top, (i, j), amounts[chosen])
    return sums, people, top


def _with_margins(inside: Floats, add: Any) -> Floats:
    if inside.ndim != 2:
        raise SurveyError("Secret statistique : le tableau doit avoir deux dimensions.")
    wide = np.concatenate([inside, add(inside, axis=1, keepdims=True)], axis=1)
    return np.concatenate([wide, add(wide, axis=0, keepdims=True)], axis=0)
