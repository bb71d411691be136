"""The batch gives the figures of the scalar estimators, whatever the design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from observatoire.errors import SurveyError
from observatoire.survey.batch import proportions
from observatoire.survey.calibration import calibrate, indicator_matrix, post_stratify, rake
from observatoire.survey.design import SurveyDesign
from observatoire.survey.estimators import Estimate, proportion

ROWS, QUESTIONS = 160, 6
RANDOM = np.random.default_rng(20261123)
STRATA = np.sort(RANDOM.integers(0, 5, ROWS))
STRATA[-1] = 9  # lonely
SIZES = {str(h): 60 + 10 * h for h in range(5)} | {"9": 7, "0": int((STRATA == 0).sum())}  # stratum 0 is taken whole
REGION = RANDOM.integers(0, 4, ROWS)
KIND = RANDOM.integers(0, 3, ROWS)
ANSWERS = (RANDOM.random((ROWS, QUESTIONS)) < [0.1, 0.5, 0.9, 0.3, 0, 1]).astype(float)
HOLES = np.where(RANDOM.random((ROWS, QUESTIONS)) < 0.15, np.nan, ANSWERS)
HOLES[:, 3] = np.where(REGION == 2, np.nan, HOLES[:, 3])
DOMAINS = np.array([r == REGION for r in range(5)] + [h == STRATA for h in (0, 1, 9)] + [np.full(ROWS, True)])
SHUFFLE = RANDOM.permutation(ROWS)


def element(lonely: Any = "certainty", plan: Any = "probabilite") -> SurveyDesign:
    return SurveyDesign.element(strata=STRATA, population=SIZES, lonely=lonely, plan=plan)


def clusters() -> SurveyDesign:
    return SurveyDesign.clustered(
        STRATA * 20 + KIND, strata=STRATA, weights=RANDOM.uniform(1, 3, ROWS), lonely="adjust"
    )


def two_stages() -> SurveyDesign:
    names = STRATA * 20 + KIND
    design = SurveyDesign.clustered(
        names, strata=STRATA, weights=np.full(ROWS, 4.0), population=[9] * ROWS, lonely="certainty"
    )
    return design.two_stage([50] * ROWS)


def region_totals(design: SurveyDesign) -> dict[str, float]:
    return {str(r): 1.1 * float(design.weights[r == REGION].sum()) for r in range(4)}


def raked(lonely: Any = "certainty") -> SurveyDesign:
    design = element(lonely)
    kinds = np.bincount(KIND, design.weights) * np.array([1.2, 1.0, 0.9])
    regions = np.bincount(REGION, design.weights)
    kinds *= regions.sum() / kinds.sum()
    return rake(design, [REGION, KIND], [dict(enumerate(regions)), dict(enumerate(kinds))])


def calibrated() -> SurveyDesign:
    x, _ = indicator_matrix(REGION, KIND)
    design = element()
    return calibrate(design, x, x.T @ (design.weights * RANDOM.uniform(0.9, 1.2, ROWS)), "raking")


DESIGNS = {
    "certainty": lambda: element(),
    "adjust": lambda: element("adjust"),
    "average": lambda: element("average"),
    "auto_selection": lambda: element(plan="auto_selection"),
    "clusters": clusters,
    "two stages": two_stages,
    "post-stratified": lambda: post_stratify(element(), REGION, region_totals(element())),
    "post-stratified, adjust": lambda: post_stratify(element("adjust"), REGION, region_totals(element())),
    "raked": raked,
    "calibrated": calibrated,
    "twice": lambda: post_stratify(raked(), REGION, region_totals(raked())),
}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("answers", [ANSWERS, HOLES], ids=["complete", "with holes"])
def test_batch_is_scalar(name: str, answers: Any) -> None:
    design = DESIGNS[name]()
    domains = DOMAINS[DOMAINS.any(axis=1)] if name != "average" else np.delete(DOMAINS, 7, axis=0)
    compared = 0
    for d, q, found in proportions(design, answers, domains, method="beta", missing="exclude"):
        expected = proportion(design, answers[:, q], domains[d], method="beta", missing="exclude")
        assert numbers(found) == pytest.approx(numbers(expected), rel=1e-8, abs=1e-12), (d, q)
        assert found.reason == expected.reason, (d, q)
        compared += 1
    assert compared == len(domains) * QUESTIONS


def numbers(found: Estimate) -> dict[str, float]:
    """The numbers that are present: comparing two of these also compares what is absent."""
    every = {name: getattr(found, name) for name in ("value", "se", "n", "df", "low", "high")}
    return {name: number for name, number in every.items() if number is not None}


def test_shuffled_rows_change_nothing() -> None:
    design = SurveyDesign.element(strata=STRATA[SHUFFLE], population=SIZES, lonely="certainty")
    shuffled = proportions(design, HOLES[SHUFFLE], DOMAINS[:, SHUFFLE], missing="exclude")
    straight = proportions(element(), HOLES, DOMAINS, missing="exclude")
    for one, two in zip(shuffled, straight, strict=True):
        assert numbers(one[2]) == pytest.approx(numbers(two[2]), rel=1e-9)


def test_a_share_of_everyone_is_exactly_one() -> None:
    found = proportions(element(), HOLES, DOMAINS, missing="exclude").estimate(8, 5)
    assert (found.value, found.low) == (1.0, None)
    assert "100 %" in found.reason


def test_a_share_of_everyone_is_exactly_one_over_many_strata() -> None:
    strata = np.repeat(np.arange(400), 2)
    design = SurveyDesign.element(strata=strata, weights=1 + RANDOM.random(800))
    found = proportions(design, np.ones((800, 3)), np.array([np.full(800, True)]))
    assert (found.value == 1.0).all() and (found.variance == 0.0).all()


def test_average_refuses_lonely_strata_alone() -> None:
    with pytest.raises(SurveyError, match="aucune variance à moyenner"):
        proportions(element("average"), ANSWERS, DOMAINS[7:8])


@pytest.mark.parametrize(
    ("answers", "domains", "words"),
    [
        (HOLES, DOMAINS, "réponses manquantes"),
        (ANSWERS + 1, DOMAINS, "réponses 0 ou 1"),
        (ANSWERS[:-1], DOMAINS, "unités × questions"),
        (ANSWERS, DOMAINS.astype(int), "booléens"),
    ],
)
def test_refusals(answers: Any, domains: Any, words: str) -> None:
    with pytest.raises(SurveyError, match=words):
        proportions(element(), answers, domains)


def test_lonely_strata_fail() -> None:
    with pytest.raises(SurveyError, match="« 9 »"):
        proportions(element("fail"), ANSWERS, DOMAINS)
