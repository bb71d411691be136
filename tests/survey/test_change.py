"""Change between two editions that share a panel."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from observatoire.errors import SurveyError
from observatoire.survey.change import Edition, change_of_mean
from observatoire.survey.design import SurveyDesign

UNITS = [f"u{i}" for i in range(5)]
BEFORE, AFTER = np.array([0.0, 1, 0, 1, 0]), np.array([1.0, 1, 0, 1, 0])


def edition(rows: Any, values: Any, **options: Any) -> Edition:
    chosen = list(rows)
    design = SurveyDesign.element(strata=["h"] * len(chosen), population={"h": 5}, **options)
    return Edition(design, values[chosen], [UNITS[i] for i in chosen])


def test_the_variance_is_that_of_every_possible_draw() -> None:
    """Rotation 3 -> 3 with 2 in common, all draws of a population of 5 enumerated: the estimator is unbiased."""
    draws = []
    for first in itertools.combinations(range(5), 3):
        for stay in itertools.combinations(first, 2):
            for new in set(range(5)) - set(first):
                draws.append((first, (*stay, new)))
    found = [change_of_mean(edition(a, BEFORE), edition(b, AFTER)) for a, b in draws]
    differences = np.array([item.difference for item in found])
    assert differences.mean() == pytest.approx(AFTER.mean() - BEFORE.mean())
    covariance = np.cov([BEFORE[list(a)].mean() for a, _ in draws], [AFTER[list(b)].mean() for _, b in draws], ddof=0)
    assert np.mean([item.variance_before for item in found]) == pytest.approx(covariance[0, 0])
    assert np.mean([item.covariance for item in found]) == pytest.approx(covariance[0, 1])


def test_the_same_census_twice_has_no_error() -> None:
    found = change_of_mean(edition(range(5), BEFORE), edition(range(5), AFTER))
    assert found.difference == pytest.approx(0.2)
    assert (found.se, found.low, found.high) == (0, found.difference, found.difference)
    assert found.common_units == 5


def test_without_common_units_editions_are_independent() -> None:
    found = change_of_mean(edition([0, 1], BEFORE), edition([2, 3, 4], AFTER))
    assert (found.covariance, found.strata_without_covariance, found.common_units) == (0, 1, 0)
    assert found.se == found.se_if_independent


def test_self_selected_editions_have_no_margin_of_error() -> None:
    found = change_of_mean(edition([0, 1, 2], BEFORE, plan="auto_selection"), edition([1, 2, 3], AFTER))
    assert (found.se, found.variance_before, found.low) == (None, None, None)
    assert "participation volontaire" in found.reason


def test_refusals() -> None:
    twice = edition([0, 1, 2], BEFORE)
    with pytest.raises(SurveyError, match="deux fois"):
        change_of_mean(Edition(twice.design, twice.values, ["u0", "u0", "u1"]), twice)
    with pytest.raises(SurveyError, match="première édition"):
        change_of_mean(Edition(twice.design, twice.values, twice.units, np.zeros(3, dtype=bool)), twice)
    clusters = SurveyDesign.clustered(["x", "x", "y"], weights=[1.0] * 3)
    with pytest.raises(SurveyError, match="ni second degré"):
        change_of_mean(Edition(clusters, [0.0, 1.0, 0.0], ["a", "b", "c"]), twice)
