"""Shares in samples of elements, from sums by stratum alone.

With z = w m (y - p), m = 1 for who answered in the domain, the variance needs only, by stratum, Σw y, Σw m, Σw² y and
Σw² m, for y is 0 or 1. A calibration takes off w Z b, b linear in z: its part is r × r sums computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers
from observatoire.survey.design import SurveyDesign

WIDEST = 300  # calibration variables beyond which dense sums cost more than they save
ROUNDING = 1e-12  # share of Σz² below which a difference of sums is rounding (n eps, for n up to some thousands)


@dataclass(frozen=True, eq=False)
class Explained:
    """What calibration explains, ready for sums: variables, coefficients and their weighted sums."""

    products: Floats  # (n, 2r): functional giving b, and scale w² Z
    by_stratum: Floats  # (H, r): Σ w Z
    square: Floats  # (r, r): Σ scale w² Z Z'


@dataclass(frozen=True, eq=False)
class ElementShares:
    """The sample prepared for `domain`; build it with `of`."""

    design: SurveyDesign
    answers: Floats  # (n, Q), zero where absent
    answered: Floats  # (n, Q), or (n, 1) of ones when everyone answered everything
    scale: Floats  # (H,)
    centred: Floats  # (H,): 1 / n_h, or 0 where the stratum is not centred
    explained: Explained | None

    @classmethod
    def of(cls, design: SurveyDesign, answers: Floats, answered: Flags) -> ElementShares | None:
        """None when the design needs the general way: clusters, stages, chained or very wide calibrations."""
        stage = design.stages[0]
        alone = (stage.sampled == 1) & (stage.remaining > 0)
        one_unit_a_row = len(np.unique(stage.unit)) == design.rows
        if len(design.stages) > 1 or not one_unit_a_row or len(design.adjustments) > 1:
            return None
        if design.adjustments and (
            design.adjustments[0].width > WIDEST or (alone.any() and design.lonely != "certainty")
        ):
            return None
        scale = stage.remaining * np.where(stage.sampled > 1, stage.sampled / np.maximum(stage.sampled - 1, 1), 1.0)
        centred = 1 / stage.sampled
        centred[alone] = 0.0  # under `adjust` the mean to centre at is that of z over all strata: zero
        if design.lonely != "adjust":
            scale[alone] = 0.0
        explained = _explained(design, scale) if design.adjustments else None
        present = np.ones((design.rows, 1)) if answered.all() else answered.astype(np.float64)
        return cls(design, np.where(answered, answers, 0.0), present, scale, centred, explained)

    def domain(self, rows: Integers) -> tuple[Floats, Floats, Integers, Integers, Flags]:
        """Value, variance, n, df and census flag (Q,) over `rows`; NaN where nobody answered."""
        stage, weight = self.design.stages[0], self.design.weights[rows]
        stratum = stage.stratum[rows]
        once, twice, count = (self._adder(rows, stratum, v) for v in (weight, np.square(weight), np.ones(len(rows))))
        yes = once @ self.answers
        # a full copy, so that both are added up in the same order and a share of 100 % is exactly 1
        size = np.broadcast_to(once @ self.answered, yes.shape).copy()
        people = np.broadcast_to(count @ self.answered, yes.shape)
        whole = size.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            p = yes.sum(axis=0) / whole
        q = np.nan_to_num(p)
        sums = yes - q * size
        squares = self.scale @ (twice @ self.answers * (1 - 2 * q) + np.square(q) * (twice @ self.answered))
        variance = squares
        if self.explained is not None:
            found = self._residual(self.explained, rows, q)
            sums, variance = sums - found[0], squares + found[1]
        variance = variance - (self.scale * self.centred) @ np.square(sums)
        variance = np.where(variance <= ROUNDING * squares, 0.0, variance) * self._average(people)
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = variance / np.square(whole)
        present = people > 0
        n = people.sum(axis=0).astype(np.int64)
        census: Flags = ~np.any(present[stage.remaining > 0], axis=0)
        return p, variance, n, n - present.sum(axis=0), census

    def _adder(self, rows: Integers, stratum: Integers, values: Floats) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix((values, (stratum, rows)), shape=(len(self.scale), self.design.rows))

    def _residual(self, explained: Explained, rows: Integers, q: Floats) -> tuple[Floats, Floats]:
        """What calibration takes off the stratum sums (H, Q), and adds to the scaled sum of squares (Q,)."""
        products = explained.products[rows].T
        parts = products @ self.answers[rows] - q * (products @ self.answered[rows])
        b, crossed = np.split(parts, 2)
        change = np.einsum("rq,rq->q", b, explained.square @ b) - 2 * np.einsum("rq,rq->q", b, crossed)
        return explained.by_stratum @ b, change

    def _average(self, people: Floats) -> Floats:
        """Factor (Q,) that gives lonely strata the average of the others; refuses them under `fail`."""
        stage = self.design.stages[0]
        alone = (stage.sampled == 1) & (stage.remaining > 0)
        touched = people > 0
        if self.design.lonely == "fail" and (alone[:, None] & touched).any():
            names = ", ".join(f"« {stage.names[h]} »" for h in np.flatnonzero(alone & touched.any(axis=1)))
            raise SurveyError(
                f"Une seule unité observée dans la strate {names} : variance impossible. "
                "Regrouper la strate, ou choisir « certainty », « adjust » ou « average »."
            )
        if self.design.lonely != "average":
            return np.ones(people.shape[1])
        usable = (touched & ~alone[:, None]).sum(axis=0)
        if ((usable == 0) & touched.any(axis=0)).any():
            raise SurveyError(
                "Toutes les strates n'ont qu'une unité : aucune variance à moyenner. Regrouper des strates."
            )
        return np.asarray(touched.sum(axis=0) / np.maximum(usable, 1), dtype=np.float64)


def _explained(design: SurveyDesign, scale: Floats) -> Explained:
    basis, functional = design.adjustments[0].projection()
    stage, weight = design.stages[0], design.weights
    weighted = weight[:, None] * basis
    scaled = scale[stage.stratum][:, None] * weight[:, None] * weighted
    by_stratum = np.zeros((len(scale), basis.shape[1]))
    np.add.at(by_stratum, stage.stratum, weighted)
    return Explained(np.hstack([functional, scaled]), by_stratum, scaled.T @ basis)
