"""What a reader can recompute: for each hidden cell, the values compatible with all that is published.

Linear programmes over the hidden cells (Fischetti and Salazar-González 2001, section 2; Hundepool et al. 2012, section 4.4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from observatoire.errors import DisclosureRisk, SurveyError
from observatoire.survey.disclosure.tables import Cell, Relation, Tables

NEAR = 1e-6  # slack of the solver's bounds
RELATIVE = 1e-3  # a large value may be off by NEAR times this share of itself
SHOWN = 5  # exposed cells named in a refusal


@dataclass(frozen=True)
class Range:
    """Values a reader cannot tell apart; `high` is infinite where nothing bounds the cell."""

    low: float
    high: float


@dataclass(frozen=True)
class Protection:
    """How far from the truth a reader must be left: ± `share` of the true value, and at least `least`."""

    share: float = 0.10
    least: float = 1.0

    def of(self, cell: Cell) -> Range:
        """The values that must stay possible, within what is possible at all (zero, and the base of a count)."""
        margin = max(self.share * cell.value, self.least)
        high = cell.value + margin
        return Range(max(0.0, cell.value - margin), high if cell.base is None else min(high, cell.base))


@dataclass(frozen=True)
class Exposure:
    """A confidential cell that a reader can recompute too closely: the range left, the range wanted, and through what."""

    key: str
    reason: str
    left: Range
    wanted: Range
    through: tuple[str, ...]


def audit(tables: Tables, suppressed: Collection[str], *, only: Collection[str] | None = None) -> dict[str, Range]:
    """The range of each hidden cell (suppressed or unpublished), or of those in `only`, in the order of the tables.

    Cells that are all whole numbers have their bounds rounded inwards. Raises SurveyError on a suppressed key unknown.
    """
    hidden = hidden_keys(tables, suppressed)
    wanted = set(hidden) if only is None else set(hidden) & set(only)
    found: dict[str, Range] = {}
    for group, relations in _components(tables.relations, hidden):
        if asked := [key for key in group if key in wanted]:
            found.update(_ranges(tables.cells, group, relations, asked))
    return {key: found[key] for key in hidden if key in wanted}


def exposures(
    tables: Tables, suppressed: Collection[str], confidential: Mapping[str, str], protection: Protection | None = None
) -> list[Exposure]:
    """Confidential cells (key -> reason) whose range does not cover their protection interval; a printed one is exact."""
    rule = protection or Protection()
    hidden = set(hidden_keys(tables, suppressed))
    ranges = audit(tables, suppressed, only=set(confidential) & hidden)
    found = []
    for key, reason in confidential.items():
        cell = tables.cells[key]
        left, wanted = ranges.get(key, Range(cell.value, cell.value)), rule.of(cell)
        slack = NEAR * max(1.0, RELATIVE * cell.value)
        if left.low > wanted.low + slack or left.high < wanted.high - slack:
            found.append(Exposure(key, reason, left, wanted, _through(tables.relations, key)))
    return found


def require_protected(
    tables: Tables, suppressed: Collection[str], confidential: Mapping[str, str], protection: Protection | None = None
) -> None:
    """Raise DisclosureRisk naming the confidential cells that can be recomputed, why they are, and through which totals.

    The message holds no value: it may be logged. `exposures` gives the ranges.
    """
    found = exposures(tables, suppressed, confidential, protection)
    if not found:
        return
    rule = protection or Protection()
    hidden = set(hidden_keys(tables, suppressed))
    named = " ; ".join(
        f"« {item.key} » ({item.reason}), "
        + (f"recalculable par {_listed(item.through)}" if item.key in hidden else "publiée telle quelle")
        for item in found[:SHOWN]
    )
    more = f" ; et {len(found) - SHOWN} autres" if len(found) > SHOWN else ""
    raise DisclosureRisk(
        f"Publication refusée : {len(found)} case(s) confidentielle(s) à moins de {rule.share:.0%} ou {rule.least:g} près : "
        f"{named}{more}. Masquer d'autres cases ou regrouper des modalités.".replace("%", " %")
    )


def hidden_keys(tables: Tables, suppressed: Collection[str]) -> list[str]:
    """Suppressed and unpublished cells, in the order of the tables. Raises SurveyError on an unknown key."""
    if unknown := sorted(set(suppressed) - set(tables.cells)):
        raise SurveyError(f"Case masquée « {unknown[0]} » absente des tableaux.")
    chosen = set(suppressed)
    return [key for key, cell in tables.cells.items() if key in chosen or not cell.published]


def _through(relations: Iterable[Relation], key: str) -> tuple[str, ...]:
    return tuple(
        r.total if key != r.total else "la somme de ses parties" for r in relations if key in (r.total, *r.parts)
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name if name.startswith("la somme") else f"« {name} »" for name in names)


def _components(relations: Iterable[Relation], hidden: list[str]) -> list[tuple[list[str], list[Relation]]]:
    """Hidden cells that bear on one another, with the relations that hold them together."""
    known = set(hidden)
    parent = {key: key for key in hidden}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    bearing = []
    for relation in relations:
        inside = [key for key in (relation.total, *relation.parts) if key in known]
        if inside:
            bearing.append((inside[0], relation))
            for key in inside[1:]:
                parent[root(key)] = root(inside[0])
    groups: dict[str, tuple[list[str], list[Relation]]] = {}
    for key in hidden:
        groups.setdefault(root(key), ([], []))[0].append(key)
    for key, relation in bearing:
        groups[root(key)][1].append(relation)
    return list(groups.values())


def _ranges(
    cells: Mapping[str, Cell], group: list[str], relations: list[Relation], wanted: list[str]
) -> dict[str, Range]:
    from scipy.optimize import linprog

    matrix, constants = _system(cells, group, relations)
    whole = all(float(cells[key].value).is_integer() for key in group) and all(float(c).is_integer() for c in constants)
    found = {}
    for key in wanted:
        objective = np.zeros(len(group))
        objective[group.index(key)] = 1.0
        ends: list[float] = []
        for sign in (1.0, -1.0):
            answer: Any = linprog(sign * objective, A_eq=matrix, b_eq=constants, bounds=(0, None), method="highs")
            if answer.status == 3:
                ends.append(np.inf)
            elif answer.status == 0:
                ends.append(sign * float(answer.fun))
            else:
                raise SurveyError(f"Audit de confidentialité : programme linéaire sans solution pour « {key} ».")
        low, high = max(ends[0], 0.0), ends[1]
        if whole:
            low = float(np.ceil(low - NEAR))
            high = high if np.isinf(high) else float(np.floor(high + NEAR))
        found[key] = Range(low, high)
    return found


def _system(cells: Mapping[str, Cell], group: list[str], relations: list[Relation]) -> tuple[Any, Any]:
    """Equations (relations × hidden cells) that the published figures impose."""
    inside = set(group)
    known = [key for key in cells if key not in inside]
    matrix = incidence(relations, [*group, *known])
    values = np.array([cells[key].value for key in known])
    return matrix[:, : len(group)], -(matrix[:, len(group) :] @ values)


def incidence(relations: Iterable[Relation], keys: Iterable[str]) -> Any:
    """Sparse matrix (relations × keys) of total less parts: it sends the values of the cells to zero."""
    from scipy.sparse import csr_matrix

    position = {key: i for i, key in enumerate(keys)}
    terms = [
        (row, position[key], sign)
        for row, relation in enumerate(relations)
        for key, sign in ((relation.total, 1.0), *((part, -1.0) for part in relation.parts))
    ]
    rows, columns, signs = zip(*terms, strict=True) if terms else ((), (), ())
    return csr_matrix((signs, (rows, columns)), shape=(len(set(rows)), len(position)))
