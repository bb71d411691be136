"""Designs: variances computed by hand, and designs that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import SurveyError
from observatoire.survey.design import SurveyDesign, collapse_strata
from observatoire.survey.estimators import mean, total

STRATA = ["a", "a", "b", "b"]
VALUES = [1.0, 3.0, 10.0, 14.0]


def test_stratified_mean_by_hand() -> None:
    # N = 4 and 6: total 4*2 + 6*12 = 80; V = 16(1-2/4)2/2 + 36(1-2/6)8/2 = 8 + 96
    design = SurveyDesign.element(strata=STRATA, population={"a": 4, "b": 6})
    found = total(design, VALUES)
    assert found.value == 80
    assert found.variance == pytest.approx(104, rel=1e-14)
    assert mean(design, VALUES).variance == pytest.approx(1.04, rel=1e-14)
    assert (found.df, found.n) == (2, 4)


def test_a_domain_is_a_subset_and_not_a_filter() -> None:
    # the domain {10, 14} of stratum b and {1} of a: zeros stay in the variance of a
    design = SurveyDesign.element(strata=STRATA, population={"a": 4, "b": 6})
    found = total(design, VALUES, np.array([True, False, True, True]))
    assert found.value == 74
    assert found.variance == pytest.approx(16 * 0.5 * 0.5 / 2 + 96, rel=1e-14)
    filtered = SurveyDesign.element(weights=[2.0, 3.0, 3.0], strata=["a", "b", "b"], lonely="certainty")
    assert total(filtered, [1.0, 10.0, 14.0]).variance != found.variance


def test_clusters_by_hand() -> None:
    # two clusters of five, totals 4 and 24: V = 25(1-2/5)200/2
    design = SurveyDesign.clustered(["x", "x", "y", "y"], weights=[2.5] * 4, population=[5] * 4)
    found = total(design, VALUES)
    assert found.value == 70
    assert found.variance == pytest.approx(25 * 0.6 * 200 / 2, rel=1e-14)
    assert found.df == 1


def test_second_stage_adds_its_variance() -> None:
    # each cluster: 2 of 4 drawn; weight 2.5 * 2; stage two: 5/2 * Σ 16(1-2/4) s²/2, s² = 2 and 8
    design = SurveyDesign.clustered(["x", "x", "y", "y"], weights=[5.0] * 4, population=[5] * 4)
    found = total(design.two_stage([4] * 4), VALUES)
    first = 25 * 0.6 * (48 - 8) ** 2 / 2 / 2
    second = 5 / 2 * (16 * 0.5 * 2 / 2 + 16 * 0.5 * 8 / 2)
    assert found.variance == pytest.approx(first + second, rel=1e-14)


def test_lonely_strata() -> None:
    values, strata, population = [1.0, 3.0, 7.0], ["a", "a", "b"], {"a": 4, "b": 5}
    with pytest.raises(SurveyError, match="« b »"):
        total(SurveyDesign.element(strata=strata, population=population), values)
    got = {
        option: total(SurveyDesign.element(strata=strata, population=population, lonely=option), values).variance
        for option in ("certainty", "adjust", "average")
    }
    grand = (2 * 1 + 2 * 3 + 5 * 7) / 3
    assert got["certainty"] == pytest.approx(8)
    assert got["adjust"] == pytest.approx(8 + 0.8 * (35 - grand) ** 2)
    assert got["average"] == pytest.approx(16)
    assert total(SurveyDesign.element(strata=["a", "a", "b"], population={"a": 4, "b": 1}), values).variance == 8


def test_average_without_anything_to_average() -> None:
    with pytest.raises(SurveyError, match="aucune variance à moyenner"):
        mean(SurveyDesign.element(strata=["a", "b"], population={"a": 2, "b": 3}, lonely="average"), [0.0, 1.0])


def test_collapsed_strata() -> None:
    strata, population = collapse_strata(["a", "b", "c"], {"a": 2, "b": 3, "c": 9}, {"a+b": ("a", "b")})
    assert (strata, population) == (["a+b", "a+b", "c"], {"a+b": 5, "c": 9})
    with pytest.raises(SurveyError, match="« z »"):
        collapse_strata(["a"], {"a": 2}, {"x": ("a", "z")})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"weights": [1.0, 0.0]}, "Poids absent, nul ou négatif pour l'unité n° 2"),
        ({"weights": [1.0, float("nan")]}, "unité n° 2"),
        ({"weights": [1.0, float("inf")]}, "valeur infinie"),
        ({"strata": ["a", None], "weights": [1.0, 1.0]}, "valeur manquante pour l'unité n° 2"),
        ({"strata": ["a", "b"], "population": {"a": 3}}, "« b » sans effectif"),
        ({"strata": ["a", "a"], "population": {"a": 1}}, "2 unités dans l'échantillon pour une population de 1"),
        ({"strata": ["a", "a"], "population": [3, 4]}, "différent d'une unité à l'autre"),
        ({"strata": ["a"], "weights": [1.0, 1.0]}, "1 valeurs pour 2 unités"),
        ({"strata": ["a", "a"]}, "poids ne peuvent pas être calculés"),
        ({"weights": []}, "aucune unité"),
        ({}, "sans poids ni strates"),
        ({"weights": [1.0], "lonely": "remove"}, "« remove » inconnu"),
        ({"weights": [1.0], "plan": "quotas"}, "« quotas » inconnu"),
    ],
)
def test_impossible_designs(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(SurveyError, match=words):
        SurveyDesign.element(**arguments)  # type: ignore[arg-type]


def test_a_cluster_belongs_to_one_stratum() -> None:
    with pytest.raises(SurveyError, match="« x » figure dans deux strates"):
        SurveyDesign.clustered(["x", "x"], strata=["a", "b"], weights=[1.0, 1.0])


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(4, 40))
def test_the_order_of_units_changes_nothing(random: object, size: int) -> None:
    generator = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    strata = generator.integers(0, 3, size)
    clusters = strata * 10 + generator.integers(0, 4, size)
    weights, values = generator.uniform(1, 9, size), generator.normal(5, 2, size)
    domain = generator.random(size) < 0.6
    domain[0] = True
    order = generator.permutation(size)

    def figure(rows: np.ndarray) -> tuple[float | None, float | None]:
        design = SurveyDesign.clustered(clusters[rows], weights=weights[rows], strata=strata[rows], lonely="adjust")
        found = total(design, values[rows], domain[rows])
        return found.value, found.variance

    assert figure(order) == pytest.approx(figure(np.arange(size)), rel=1e-9, abs=1e-12)
