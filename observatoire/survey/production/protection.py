"""What must be hidden among the figures of an edition, and the proof that it cannot be recomputed.

The reader is given every linear relation between the figures: respondents who enter the same figures are one atom, a figure is
the sum of its atoms, and atoms are printed nowhere. That links domains, crossings, smaller bases and nested
denominators whatever they are. The same is done in weighted units, because a published share speaks of weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers
from observatoire.survey.disclosure.audit import Protection, require_protected
from observatoire.survey.disclosure.primary import Rule, primary
from observatoire.survey.disclosure.secondary import secondary
from observatoire.survey.disclosure.tables import Cell, Relation, Tables, join
from observatoire.survey.production.estimate import Figure

YES, NO, ANSWERS, AMOUNT = "oui", "non", "réponses", "montant"
PROTECTING = "pour protéger un autre chiffre"


@dataclass(frozen=True)
class Protected:
    """Why each hidden figure is hidden, by its position; the confidential ones with their rule, the others to protect them."""

    hidden: dict[int, str]

    @property
    def primary(self) -> list[int]:
        """Figures confidential by themselves."""
        return [position for position, reason in self.hidden.items() if reason != PROTECTING]


def protect(
    found: Sequence[Figure],
    weights: Floats,
    exhaustive: Flags,
    *,
    rule: Rule | None = None,
    protection: Protection | None = None,
    suppress: bool = True,
) -> Protected:
    """Which of the figures to hide. `weights` and `exhaustive` (n,) are those of the respondents.

    With `suppress` false nothing is hidden and the audit says what could be read. Raises DisclosureRisk naming the
    figures that a reader could recompute, or that nothing can protect.
    """
    hidden: dict[int, str] = {}
    for positions in _groups(found):
        group = [found[position] for position in positions]
        _refuse_negative(group[0])
        atoms = _atoms(group)
        counted = _tables(group, atoms, np.ones(len(weights)), exhaustive)
        measured = _tables(group, atoms, weights, exhaustive, counts=False)
        confidential = {**primary(counted, rule), **_dominated(measured, group, rule)}
        if not suppress:
            require_protected(counted, (), confidential, protection)
            continue
        chosen = set(confidential)
        for tables in (counted, measured):
            chosen |= set(secondary(tables, confidential, protection))
        reasons: dict[int, str] = {}
        for position, figure in zip(positions, group, strict=True):
            keys = [key for key in _keys(figure) if key in chosen]
            if keys:
                named = [confidential[key] for key in keys if key in confidential]
                reasons[position] = named[0] if named else PROTECTING
        # A figure is hidden whole: its count of answers goes with its share.
        pattern = [key for position in reasons for key in _keys(found[position])]
        for tables in (counted, measured):
            require_protected(tables, pattern, confidential, protection)
        hidden |= reasons
    return Protected(dict(sorted(hidden.items())))


def _groups(found: Sequence[Figure]) -> list[list[int]]:
    """Positions of the figures that count the same thing, whatever the base: only those can be subtracted."""
    groups: dict[str, list[int]] = {}
    for position, figure in enumerate(found):
        item = figure.indicator
        counted = json.dumps([item.value, [condition.model_dump() for condition in item.counted]], default=list)
        groups.setdefault(counted, []).append(position)
    return list(groups.values())


def _refuse_negative(figure: Figure) -> None:
    if (figure.values[figure.rows] < 0).any():
        raise SurveyError(
            f"{figure.name} : montant négatif ; le secret statistique suppose des montants positifs ou nuls."
        )


def _kinds(figure: Figure) -> tuple[str, ...]:
    return (YES, NO, ANSWERS) if figure.indicator.measure == "proportion" else (AMOUNT, ANSWERS)


def _keys(figure: Figure) -> list[str]:
    return [f"{figure.name} : {kind}" for kind in _kinds(figure)]


@dataclass(frozen=True, eq=False)
class Atom:
    """Respondents (positions) who enter the same figures of a group (positions of the figures, never none)."""

    name: str
    rows: Integers
    figures: tuple[int, ...]


def _atoms(group: Sequence[Figure]) -> list[Atom]:
    """The atoms of a group, in an order that does not depend on who answered first; named by the smallest figure entered."""
    packed = np.packbits(np.array([figure.rows for figure in group]), axis=0).T
    members: dict[bytes, list[int]] = {}
    for position, pattern in enumerate(packed):
        members.setdefault(pattern.tobytes(), []).append(position)
    sizes = [int(figure.rows.sum()) for figure in group]
    atoms: list[Atom] = []
    for pattern in sorted(members):
        flags = np.unpackbits(np.frombuffer(pattern, dtype=np.uint8), count=len(group))
        entered = tuple(int(column) for column in np.flatnonzero(flags))
        if entered:
            smallest = min(entered, key=lambda column: (sizes[column], column))
            name = f"part n° {len(atoms) + 1} de {group[smallest].name}"
            atoms.append(Atom(name, np.array(members[pattern], dtype=np.int64), entered))
    return atoms


def _tables(
    group: Sequence[Figure], atoms: Sequence[Atom], weights: Floats, exhaustive: Flags, *, counts: bool = True
) -> Tables:
    """The cells of a group of figures and of its atoms, in units of `weights`."""
    cells: dict[str, Cell] = {}
    relations: list[Relation] = []
    kinds, values = _kinds(group[0]), group[0].values
    inside: list[list[str]] = [[] for _ in group]

    def add(name: str, rows: Integers, published: bool) -> None:
        size = len(rows)
        for kind in kinds:
            brought = weights[rows] * _brought(kind, values[rows])
            share = kind in (YES, NO)
            cells[f"{name} : {kind}"] = Cell(
                f"{name} : {kind}",
                float(brought.sum()),
                size,
                largest=float(brought.max()) if kind == AMOUNT and size else 0.0,
                base=size if share and counts else None,
                exhaustive=bool(share and size and exhaustive[rows].all()),
                published=published,
            )
        if kinds[0] == YES:
            relations.append(Relation(f"{name} : {ANSWERS}", (f"{name} : {YES}", f"{name} : {NO}")))

    for atom in atoms:
        add(atom.name, atom.rows, published=False)
        for column in atom.figures:
            inside[column].append(atom.name)
    for figure, names in zip(group, inside, strict=True):
        add(figure.name, np.flatnonzero(figure.rows), published=True)
        if names:
            relations += [Relation(f"{figure.name} : {kind}", tuple(f"{n} : {kind}" for n in names)) for kind in kinds]
    return join([Tables(cells, tuple(relations))])


def _brought(kind: str, values: Floats) -> Floats:
    if kind == ANSWERS:
        return np.ones(len(values))
    return np.asarray(values if kind in (YES, AMOUNT) else 1 - values, dtype=np.float64)


def _dominated(measured: Tables, group: Sequence[Figure], rule: Rule | None) -> dict[str, str]:
    """Amounts that one unit dominates: seen on weighted amounts, since that is what is published."""
    return primary(measured, rule) if group[0].indicator.measure != "proportion" else {}
