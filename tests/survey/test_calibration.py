"""Calibrated weights meet their totals, or the reason why they cannot is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import SurveyError
from observatoire.survey.calibration import calibrate, indicator_matrix, post_stratify, rake
from observatoire.survey.design import SurveyDesign
from observatoire.survey.diagnostics import kish
from observatoire.survey.estimators import mean, total

PAIR = SurveyDesign.element(weights=[2.0, 2.0, 3.0, 3.0], strata=["h"] * 4, population={"h": 10})
SEX = ["a", "a", "b", "b"]


def drawn(seed: int, size: int) -> tuple[SurveyDesign, Any, Any, Any]:
    random = np.random.default_rng(seed)
    design = SurveyDesign.element(weights=random.uniform(1, 5, size), strata=np.arange(size) % 2)
    return design, np.arange(size) % 3, random.permutation(size) % 2, random.normal(10, 3, size)


def test_post_stratified_by_hand() -> None:
    # cells of 6 and 12: g = 1.5 and 2; the mean of cell means weighted 6 and 12
    found = post_stratify(PAIR, SEX, {"a": 6, "b": 12})
    assert found.weights.tolist() == [3, 3, 6, 6]
    estimate = mean(found, [1.0, 3.0, 10.0, 14.0])
    assert estimate.value == pytest.approx((6 * 2 + 12 * 12) / 18)
    # scores g w (y - cell mean) / 18 = (-3, 3, -12, 12) / 18, fpc 1 - 4/10, 4/3 of their sum of squares
    assert estimate.variance == pytest.approx(0.6 * 4 / 3 * 2 * (9 + 144) / 18**2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 60))
def test_post_stratified_totals_are_the_population(seed: int, size: int) -> None:
    design, cells, _, _ = drawn(seed, size)
    totals = {0: 100.0, 1: 70.0, 2: 55.5}
    found = post_stratify(design, cells, totals)
    for cell, known in totals.items():
        estimate = total(found, np.where(cells == cell, 1.0, 0.0))
        assert estimate.value == pytest.approx(known, rel=1e-12)
        assert estimate.se == 0  # known, not estimated


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(30, 80))
def test_raked_margins_are_met(seed: int, size: int) -> None:
    design, one, two, _ = drawn(seed, size)
    margins = {0: 40.0, 1: 35.0, 2: 25.0}, {0: 45.0, 1: 55.0}
    found = rake(design, [one, two], margins)
    for labels, margin in zip((one, two), margins, strict=True):
        assert np.bincount(labels, found.weights) == pytest.approx(list(margin.values()), rel=1e-11)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(30, 80),
    st.sampled_from(["linear", "raking", "logit", "bounded"]),
    st.floats(-1, 1),
)
def test_calibrated_totals_are_met(seed: int, size: int, distance: Any, shift: float) -> None:
    design, one, two, size_of = drawn(seed, size)
    x, _ = indicator_matrix(one, two)
    x = np.column_stack([x, size_of * 1e6])  # badly scaled on purpose
    g = 1 + 0.1 * shift * np.sin(np.arange(size))
    totals = x.T @ (design.weights * g)
    bounds = (0.5, 1.8) if distance in ("logit", "bounded") else None
    found = calibrate(design, x, totals, distance, bounds=bounds)
    assert x.T @ found.weights == pytest.approx(totals, rel=1e-9)
    if bounds:
        ratio = found.weights / design.weights
        assert bounds[0] - 1e-12 <= ratio.min() and ratio.max() <= bounds[1] + 1e-12
    assert total(found, x[:, -1]).se == 0


def test_redundant_variables_are_accepted_when_they_agree() -> None:
    x = np.column_stack([np.ones(4), [1, 1, 0, 0], [0, 0, 1, 1]])
    found = calibrate(PAIR, x, np.array([18.0, 6.0, 12.0]))
    assert found.weights == pytest.approx([3, 3, 6, 6])
    with pytest.raises(SurveyError, match="totaux se contredisent"):
        calibrate(PAIR, x, np.array([18.0, 6.0, 13.0]))


def test_infeasible_bounds_are_said() -> None:
    x, names = indicator_matrix(SEX)
    with pytest.raises(SurveyError, match=r"aucun rapport de poids entre 0.9 et 1.1 .*Élargir"):
        calibrate(PAIR, x, np.array([18.0, 12.0]), "logit", bounds=(0.9, 1.1), names=names)
    with pytest.raises(SurveyError, match=r"entre 0.9 et 1.1"):
        calibrate(PAIR, x, np.array([18.0, 12.0]), "bounded", bounds=(0.9, 1.1))


def test_impossible_raking_is_said() -> None:
    with pytest.raises(SurveyError, match="aucun rapport de poids positifs"):
        calibrate(PAIR, np.array([[1.0], [1.0], [2.0], [2.0]]), np.array([-3.0]), "raking")
    with pytest.raises(SurveyError, match="pas de convergence en 50 tours"):
        rake(PAIR, [SEX, ["x", "x", "y", "y"]], [{"a": 6, "b": 12}, {"x": 9, "y": 9}], rounds=50)


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(SurveyError, match="poids nuls ou négatifs"):
        calibrate(PAIR, np.array([[1.0], [1.0], [-5.0], [1.0]]), np.array([60.0]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: post_stratify(PAIR, SEX, {"a": 6}), "Case « b » sans total connu"),
        (lambda: post_stratify(PAIR, SEX, {"a": 6, "b": 0}), "Case « b » sans total connu"),
        (lambda: post_stratify(PAIR, SEX, {"a": 6, "b": 12, "c": 3}), "« c » : aucun répondant"),
        (lambda: rake(PAIR, [SEX, SEX], [{"a": 6, "b": 12}, {"a": 6, "b": 13}]), "pas la même population"),
        (lambda: rake(PAIR, [SEX], []), "1 variables pour 0"),
        (lambda: calibrate(PAIR, np.ones((4, 1)), np.array([18.0]), "logit"), "donner des bornes"),
        (lambda: calibrate(PAIR, np.ones((4, 1)), np.array([18.0]), bounds=(0.5, 2)), "ne valent que pour"),
        (lambda: calibrate(PAIR, np.ones((4, 1)), np.array([18.0, 2.0])), "totaux"),
        (lambda: calibrate(PAIR, np.full((4, 1), np.nan), np.array([18.0])), "valeur manquante"),
        (lambda: calibrate(PAIR, np.ones((4, 1)), np.array([18.0]), "cubique"), "« cubique » inconnu"),  # type: ignore[arg-type]
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(SurveyError, match=words):
        call()


def test_kish_by_hand() -> None:
    found = kish(np.array([1.0, 3.0]))
    assert (found.n, found.sum_weights, found.sum_squares) == (2, 4, 10)
    assert (found.effective_size, found.design_effect) == (1.6, 1.25)
