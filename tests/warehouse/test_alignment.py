"""Records of a delivery found again in the next one, from their fingerprints."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.warehouse.alignment import NOWHERE, Fingerprints, positions_after


def fingerprints(*values: int) -> Fingerprints:
    return np.array(values, dtype=np.uint64)


def drawn(count: int, seed: int = 0) -> Fingerprints:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


FIRST, NEW = drawn(5_000), drawn(50, seed=1)
PLACES = np.sort(np.random.default_rng(2).integers(0, len(FIRST), len(NEW)))


@pytest.mark.parametrize(
    "after",
    [
        FIRST,
        np.concatenate([FIRST, NEW]),
        np.concatenate([NEW, FIRST]),
        np.insert(FIRST, PLACES, NEW),
        np.delete(FIRST, PLACES),
        np.concatenate([FIRST[3_000:], NEW, FIRST[:3_000]]),
        FIRST[::-1],
        NEW,
        fingerprints(),
    ],
    ids=["the same", "at the end", "on top", "anywhere", "gone", "two halves", "upside down", "others", "nothing"],
)
def test_every_record_that_is_still_there_is_found(after: Fingerprints) -> None:
    for before, later in ((FIRST, after), (after, FIRST)):
        found = positions_after(before, later)
        there = np.isin(before, later)
        assert (found[there] >= 0).all()
        assert (later[found[there]] == before[there]).all()
        assert (found[~there] == NOWHERE).all()


# 0 and 64 are marks, the others are not; few values, so that many records are alike.
RECORDS = st.lists(st.sampled_from([0, 64, 1, 2, 3]), max_size=12).map(lambda values: fingerprints(*values))


@given(RECORDS, RECORDS)
def test_of_records_alike_as_many_are_found_as_are_left(before: Fingerprints, after: Fingerprints) -> None:
    found = positions_after(before, after)
    matched = found[found != NOWHERE]
    assert len(set(matched.tolist())) == len(matched)
    assert (after[matched] == before[found != NOWHERE]).all()
    alike = Counter(before.tolist()) & Counter(after.tolist())
    assert len(matched) == alike.total()
