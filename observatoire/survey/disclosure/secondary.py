"""Which other cells to hide so that none of the confidential ones can be recomputed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from observatoire.errors import DisclosureRisk
from observatoire.survey.arrays import Floats
from observatoire.survey.disclosure.audit import Protection, hidden_keys, incidence, require_protected
from observatoire.survey.disclosure.tables import Tables

MOVED = 1e-7  # share of the wanted move above which a cell takes part in it


def secondary(
    tables: Tables,
    confidential: Mapping[str, str],
    protection: Protection | None = None,
    *,
    keep: Collection[str] = (),
) -> list[str]:
    """Keys to hide besides the `confidential` ones (key -> reason), never one of `keep`, in the order of the tables.

    For each cell, the cheapest set of moves of other cells that would hide its protection interval, the cost
    of a cell being its value (sequential linear programmes: Robertson 1993; Kelly, Golden and Assad 1992). The outcome
    is audited. Raises DisclosureRisk when no set of cells protects one of them.
    """
    rule = protection or Protection()
    hidden = set(confidential) | set(hidden_keys(tables, ()))
    keys = list(tables.cells)
    matrix = incidence(tables.relations, keys)
    order = sorted(confidential, key=lambda key: (-tables.cells[key].value, key))
    for key in order:
        wanted = rule.of(tables.cells[key])
        for end in (wanted.high, wanted.low):
            hidden |= _moved(tables, keys, matrix, hidden, frozenset(keep), key, end - tables.cells[key].value)
    require_protected(tables, hidden, confidential, rule)
    return [key for key in keys if key in hidden and key not in confidential and tables.cells[key].published]


def _moved(
    tables: Tables, keys: list[str], matrix: Any, hidden: set[str], keep: frozenset[str], key: str, move: float
) -> set[str]:
    """Cells of the cheapest compensation when `key` moves by `move` and every relation still holds."""
    from scipy.optimize import linprog
    from scipy.sparse import hstack

    if move == 0:
        return set()
    values: Floats = np.array([tables.cells[k].value for k in keys])
    free = np.array([k in hidden for k in keys])
    still = np.array([k in keep or (tables.cells[k].contributors == 0 and k not in hidden) for k in keys])
    cost = np.where(free, 0.0, values + 1.0)
    up = np.where(still, 0.0, np.inf)
    down = np.where(still, 0.0, values)
    target = keys.index(key)
    up[target], down[target] = max(move, 0.0), max(-move, 0.0)
    low = np.zeros(2 * len(keys))
    low[target], low[len(keys) + target] = up[target], down[target]
    answer: Any = linprog(
        np.concatenate([cost, cost]),
        A_eq=hstack([matrix, -matrix], format="csr"),
        b_eq=np.zeros(matrix.shape[0]),
        bounds=np.column_stack([low, np.concatenate([up, down])]),
        method="highs",
    )
    if answer.status != 0:
        raise DisclosureRisk(
            f"Aucun masquage ne protège la case « {key} » : regrouper des modalités ou retirer un total publié."
        )
    amounts = np.asarray(answer.x)
    net = np.abs(amounts[: len(keys)] - amounts[len(keys) :])
    return {keys[i] for i in np.flatnonzero(net > MOVED * abs(move))}
