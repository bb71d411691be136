"""Change of a mean or a share between two editions whose samples share a panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Floats, Labels, Missing, encode
from observatoire.survey.design import SurveyDesign
from observatoire.survey.estimators import Linear, linear_mean, select
from observatoire.survey.intervals import Reason, self_selected, wald_intervals


@dataclass(frozen=True, eq=False)
class Edition:
    """One edition: its design, answers (n,), unit identifiers (n,) that last over the years, domain flags (n,) or None."""

    design: SurveyDesign
    values: Any
    units: Labels
    domain: Any = None


@dataclass(frozen=True)
class Change:
    """Second edition less first. An absent number is None; `reason` says in French why the interval is absent."""

    before: float
    after: float
    difference: float
    variance_before: float | None
    variance_after: float | None
    covariance: float | None
    se: float | None
    se_if_independent: float | None
    low: float | None
    high: float | None
    reason: str
    common_units: int
    strata_without_covariance: int


def change_of_mean(first: Edition, second: Edition, *, level: float = 0.95, missing: Missing = "refuse") -> Change:
    """after - before, with Var = V1 + V2 - 2 Cov and, by stratum of an element sample,

    Cov_h = N² (n12 / (n1 n2) - 1/N) S12, S12 from the n12 units of both samples (Tam 1984; Qualité and Tillé 2008).
    A stratum with fewer than two common units brings no covariance and is counted. The interval uses the smaller of the two
    degrees of freedom. Raises SurveyError: domain empty in an edition, a unit twice in one, several stages or clusters.
    """
    one, two = _line(first, missing, "première"), _line(second, missing, "seconde")
    difference = two.value - one.value
    common, covariance, alone = _covariance(first, second, one, two)
    if "auto_selection" in (first.design.plan, second.design.plan):
        reason = Reason(int(self_selected(np.array([1], dtype=np.int64)).reason[0])).text
        return Change(one.value, two.value, difference, None, None, None, None, None, None, None, reason, common, alone)
    v1, v2 = _variance(first, one), _variance(second, two)
    variance = max(v1 + v2 - 2 * covariance, 0.0)
    freedom = min(first.design.degrees_of_freedom(one.rows), second.design.degrees_of_freedom(two.rows))
    census = first.design.is_census(one.rows) and second.design.is_census(two.rows)
    found = wald_intervals(
        np.array([difference]),
        np.array([variance]),
        np.array([min(len(one.rows), len(two.rows))], dtype=np.int64),
        np.array([freedom], dtype=np.int64),
        np.array([census]),
        level,
    )
    reason_code = Reason(int(found.reason[0]))
    present = reason_code is Reason.PRESENT
    return Change(
        one.value,
        two.value,
        difference,
        v1,
        v2,
        covariance,
        float(np.sqrt(variance)),
        float(np.sqrt(v1 + v2)),
        float(found.low[0]) if present else None,
        float(found.high[0]) if present else None,
        reason_code.text,
        common,
        alone,
    )


def _line(edition: Edition, missing: Missing, which: str) -> Linear:
    stage = edition.design.stages[0]
    if len(edition.design.stages) > 1 or len(np.unique(stage.unit)) != edition.design.rows:
        raise SurveyError("Évolution : prévue pour un tirage d'unités, sans grappes ni second degré.")
    values, rows = select(edition.design, edition.values, edition.domain, missing)
    if rows.size == 0:
        raise SurveyError(f"Évolution : aucun répondant dans le domaine pour la {which} édition.")
    return linear_mean(edition.design, values, rows)


def _variance(edition: Edition, line: Linear) -> float:
    return float(edition.design.variances(line.scores[:, None], line.rows)[0])


def _covariance(first: Edition, second: Edition, one: Linear, two: Linear) -> tuple[int, float, int]:
    """Common units, covariance of the two means, strata that bring none for want of two common units."""
    scores = [_spread(edition, line) for edition, line in ((first, one), (second, two))]
    names = [encode(edition.units, edition.design.rows, "Identifiant")[1] for edition in (first, second)]
    for edition, distinct in zip((first, second), names, strict=True):
        if len(distinct) != edition.design.rows:
            raise SurveyError(
                "Évolution : une unité figure deux fois dans une édition. La dédoublonner avant d'estimer."
            )
    _, left, right = np.intersect1d(_texts(first.units), _texts(second.units), return_indices=True)
    stages = first.design.stages[0], second.design.stages[0]
    position = {name: h for h, name in enumerate(stages[1].names)}
    covariance, alone = 0.0, 0
    for h, name in enumerate(stages[0].names):
        other = position.get(name)
        both = (stages[0].stratum[left] == h) & (stages[1].stratum[right] == other) if other is not None else None
        shared = 0 if both is None else int(both.sum())
        if other is None or both is None or shared < 2:
            alone += 1
            continue
        drawn = stages[0].sampled[h] * stages[1].sampled[other]
        population = max(stages[0].population[h], stages[1].population[other])
        u1, u2 = scores[0][left[both]], scores[1][right[both]]
        # scores carry the weights N/n, so that N² (n12/(n1 n2) - 1/N) S12 becomes (n12 - n1 n2 / N) times their covariance
        covariance += (shared - drawn / population) * float(np.cov(u1, u2, ddof=1)[0, 1])
    return len(left), covariance, alone


def _spread(edition: Edition, line: Linear) -> Floats:
    scores = np.zeros((edition.design.rows, 1))
    scores[line.rows, 0] = line.scores
    for adjustment in edition.design.adjustments:
        scores = adjustment.residuals(scores)
    return scores[:, 0]


def _texts(units: Labels) -> Any:
    return np.asarray([str(unit) for unit in units])
