"""Intervals: closed forms, the exact root of the likelihood, and the reasons of their absence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import SurveyError
from observatoire.survey.design import SurveyDesign
from observatoire.survey.estimators import mean, proportion, quantile, ratio, total
from observatoire.survey.intervals import METHODS, Method, Reason, proportion_intervals

SIMPLE = SurveyDesign.element(strata=["a"] * 10, population={"a": 100})
YES = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def bounds(method: Method, p: float, variance: float, n: int, df: int, level: float = 0.95) -> tuple[float, float]:
    found = proportion_intervals(
        method, np.array([p]), np.array([variance]), np.array([n]), np.array([df]), np.array([False]), level
    )
    return float(found.low[0]), float(found.high[0])


def test_beta_is_clopper_pearson_for_a_simple_sample() -> None:
    # 3 of 10, s² with divisor n: Clopper and Pearson (1934), table value 0.0667 to 0.6525
    assert bounds("beta", 0.3, 0.3 * 0.7 / 10, 10, 9) == pytest.approx((0.06674, 0.65245), abs=5e-6)


def test_wilson_is_wilson_with_many_degrees_of_freedom() -> None:
    # 3 of 10, Wilson (1927) with z = 1.96
    assert bounds("wilson", 0.3, 0.3 * 0.7 / 10, 10, 10**8) == pytest.approx((0.10779, 0.60322), abs=5e-6)


@pytest.mark.parametrize("end", [0, 1])
def test_likelihood_ends_are_roots(end: int) -> None:
    p, variance, n, df = 0.2, 0.004, 50, 20
    q = bounds("likelihood", p, variance, n, df)[end]
    deviance = 2 * p * (1 - p) / variance * (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))) * (n - 1) / n
    assert deviance == pytest.approx(2.0859634472658364**2, rel=1e-10)  # t of 20 degrees of freedom


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(METHODS)),
    st.floats(0.001, 0.999),
    st.integers(3, 500),
    st.integers(1, 400),
    st.floats(0.3, 6),
)
def test_every_interval_holds_its_share(method: Method, p: float, n: int, df: int, effect: float) -> None:
    df = min(df, n - 1)  # units drawn less strata: never more than answers less one
    low, high = bounds(method, p, effect * p * (1 - p) / n, n, df)
    assert low <= p <= high
    assert method == "mean" or 0 <= low <= high <= 1
    wider = bounds(method, p, effect * p * (1 - p) / n, n, df, 0.99)
    assert wider[0] <= low + 1e-12 and high <= wider[1] + 1e-12


@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_interval_where_none_can_be_defended(method: Method) -> None:
    for answers, words in ((np.zeros(10), "0 % ou de 100 %"), (np.ones(10), "0 % ou de 100 %")):
        found = proportion(SIMPLE, answers, method=method)
        assert (found.low, found.high) == (None, None)
        assert words in found.reason
        assert found.value == answers[0]
    empty = proportion(SIMPLE, YES, np.zeros(10, dtype=bool), method=method)
    assert (empty.value, empty.se, empty.low, empty.n) == (None, None, None, 0)
    assert "aucun répondant" in empty.reason
    lonely = SurveyDesign.element(strata=["a", "b"], population={"a": 2, "b": 2}, lonely="certainty")
    alone = proportion(lonely, [0.0, 1.0], method=method)
    assert alone.low is None and "degré de liberté" in alone.reason


def test_two_constant_strata_do_not_claim_certainty() -> None:
    design = SurveyDesign.element(strata=["a"] * 3 + ["b"] * 3, population={"a": 7, "b": 11})
    found = proportion(design, [1.0] * 3 + [0.0] * 3)
    assert found.se == 0
    assert (found.low, found.reason) == (None, Reason.NO_VARIANCE.text)


def test_a_census_is_its_own_interval() -> None:
    design = SurveyDesign.element(strata=["a"] * 4, population={"a": 4})
    found = proportion(design, [1.0, 0.0, 0.0, 1.0])
    assert (found.value, found.se, found.low, found.high) == (0.5, 0, 0.5, 0.5)
    assert found.deff is None and found.deff_replace == 0


def test_self_selection_has_no_margin_of_error() -> None:
    design = SurveyDesign.element(weights=[1.0] * 10, plan="auto_selection")
    found = proportion(design, YES)
    assert (found.value, found.n) == (0.3, 10)
    assert (found.variance, found.se, found.low, found.high, found.deff) == (None, None, None, None, None)
    assert "participation volontaire" in found.reason


def test_missing_answers_are_a_declared_choice() -> None:
    answers = [*YES[:9], float("nan")]
    with pytest.raises(SurveyError, match="1 réponses manquantes"):
        proportion(SIMPLE, answers)
    assert proportion(SIMPLE, answers, missing="exclude").value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: proportion(SIMPLE, [0.5] * 10), "réponses 0 ou 1"),
        (lambda: proportion(SIMPLE, YES, method="wald"), "Intervalle « wald » inconnu"),  # type: ignore[arg-type]
        (lambda: proportion(SIMPLE, YES, level=95), "entre 0 et 1"),
        (lambda: proportion(SIMPLE, YES[:3]), "une valeur par unité"),
        (lambda: mean(SIMPLE, YES, [1] * 10), "10 booléens"),
        (lambda: quantile(SIMPLE, YES, 50), "entre 0 et 1"),
    ],
)
def test_refusals(call: object, words: str) -> None:
    with pytest.raises(SurveyError, match=words):
        call()  # type: ignore[operator]


def test_zero_denominator() -> None:
    found = ratio(SIMPLE, YES, np.zeros(10))
    assert found.value is None and "dénominateur nul" in found.reason


def test_quantile_by_hand() -> None:
    found = quantile(SIMPLE, np.arange(10.0), 0.5)
    assert found.value == 4
    assert found.low is not None and found.high is not None and found.low < 4 < found.high
    assert quantile(SIMPLE, np.arange(10.0), 0.01).low is None


def test_design_effects_of_a_simple_sample_are_one() -> None:
    assert mean(SIMPLE, YES).deff == pytest.approx(1)
    assert total(SIMPLE, YES).deff == pytest.approx(1)
    assert mean(SIMPLE, YES).deff_replace == pytest.approx(0.9)
