"""Which records of a delivery are those of the one before, told from their fingerprints alone.

A file that comes again has mostly the same records in the same order, a few more here and there: each run of them moved by
as many lines. So the beginnings and the ends that are equal are set apart; of what is between, some records, one in 64, chosen
by their own fingerprint, are matched first; the others are looked for where their neighbours went; those not found there are
matched wherever they are. Choosing marks by content, so that an insertion only disturbs what is near it, is how rsync and its
heirs cut files (W. Xia and others, FastCDC, 2016).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Fingerprints = NDArray[np.uint64]
Positions = NDArray[np.int64]

ONE_MARK_IN = np.uint64(64)  # a power of two
NOWHERE = -1


def positions_after(before: Fingerprints, after: Fingerprints) -> Positions:
    """For each record of `before`, the position in `after` of one with its fingerprint, or NOWHERE.

    No position is given twice, and as many records are matched as can be: of three alike of which two are left, two.
    """
    start = _equal_run(before, after)
    end = _equal_run(before[start:][::-1], after[start:][::-1])
    found = np.arange(len(before), dtype=np.int64)
    found[len(before) - end :] += len(after) - len(before)
    found[start : len(before) - end] = _between(
        before[start : len(before) - end], after[start : len(after) - end], start
    )
    return found


def _equal_run(before: Fingerprints, after: Fingerprints) -> int:
    """How many records are equal from the first on."""
    length = min(len(before), len(after))
    different = before[:length] != after[:length]
    return int(different.argmax()) if different.any() else length


def _between(before: Fingerprints, after: Fingerprints, start: int) -> Positions:
    """The same as positions_after, counted from `start`."""
    found = _beside_neighbours(before, after)
    lost = np.flatnonzero(found == NOWHERE)
    free = np.ones(len(after), dtype=bool)
    free[found[found != NOWHERE]] = False
    new = np.flatnonzero(free)
    here, there = _matched(before[lost], after[new])
    found[lost[here]] = new[there]
    found[found != NOWHERE] += start
    return found


def _beside_neighbours(before: Fingerprints, after: Fingerprints) -> Positions:
    """Positions of the records that moved as the nearest mark before them did, or as the nearest one after them."""
    marks, marks_after = (np.flatnonzero(side % ONE_MARK_IN == 0) for side in (before, after))
    here, there = _matched(before[marks], after[marks_after])
    order = np.argsort(here)
    at, at_after = marks[here[order]], marks_after[there[order]]
    # The start is a mark too, and so is the end.
    moves = np.concatenate(([0], at_after - at, [len(after) - len(before)]))
    between = np.diff(np.concatenate(([0], at, [len(before)])))
    found = np.full(len(before), NOWHERE, dtype=np.int64)
    taken = np.zeros(len(after), dtype=bool)
    comes = np.empty(len(after), dtype=np.int64)
    for move in (moves[:-1], moves[1:]):
        lost = np.flatnonzero(found == NOWHERE)
        target = lost + np.repeat(move, between)[lost]
        inside = (target >= 0) & (target < len(after))
        lost, target = lost[inside], target[inside]
        alike = (before[lost] == after[target]) & ~taken[target]
        lost, target = lost[alike], target[alike]
        comes[target] = lost  # of two that would go to one place, one does
        first = comes[target] == lost
        found[lost[first]] = target[first]
        taken[target[first]] = True
    return found


def _matched(before: Fingerprints, after: Fingerprints) -> tuple[Positions, Positions]:
    """Positions in both of the records alike: the first with the first, the second with the second."""
    order, order_after = np.argsort(before, kind="stable"), np.argsort(after, kind="stable")
    ordered, ordered_after = before[order], after[order_after]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    place = np.searchsorted(ordered_after, ordered) + rank
    alike = place < len(ordered_after)
    alike[alike] = ordered_after[place[alike]] == ordered[alike]
    return order[alike], order_after[place[alike]]
