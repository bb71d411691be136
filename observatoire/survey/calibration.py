"""Weights that meet known totals: post-stratification, raking, calibration; and what they leave to the variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers, Labels, encode
from observatoire.survey.calibration_solver import Solution, solve
from observatoire.survey.design import SurveyDesign, checked_weights

Distance = Literal["linear", "raking", "logit", "bounded"]
TOLERANCE = 1e-10  # largest relative gap left on a known total
PROJECTIONS = 10  # of raked scores, as in R survey 4.5


@dataclass(frozen=True, eq=False)
class Cells:
    """Residuals of a post-stratification: scores less the mean of their cell (Särndal et al. 1992, 7.6)."""

    codes: Integers
    before: Floats
    after: Floats

    def residuals(self, scores: Floats) -> Floats:
        """Scores (n, k) centred in each cell with the weights of before."""
        values = scores / self.after[:, None]
        means = _cell_sums(self.codes, values * self.before[:, None]) / _cell_sums(self.codes, self.before[:, None])
        return np.asarray(self.after[:, None] * (values - means[self.codes]), dtype=np.float64)

    @property
    def width(self) -> int:
        """Number of cells."""
        return int(self.codes.max()) + 1

    def projection(self) -> tuple[Floats, Floats]:
        """Cell indicators, and the weights that give each cell's mean."""
        basis = _indicators(self.codes)
        return basis, basis * (self.before / np.bincount(self.codes, self.before)[self.codes])[:, None]


@dataclass(frozen=True, eq=False)
class Margins:
    """Residuals of a raking: the margins' means are taken off in turn, a fixed number of times (as in R survey 4.5)."""

    codes: tuple[Integers, ...]
    after: Floats

    def residuals(self, scores: Floats) -> Floats:
        """Scores (n, k) less the main effects of the margins."""
        values = scores / self.after[:, None]
        for codes in self.codes * PROJECTIONS:
            sizes = np.bincount(codes).astype(np.float64)[:, None]
            values = values - (_cell_sums(codes, values) / sizes)[codes]
        return np.asarray(self.after[:, None] * values, dtype=np.float64)

    @property
    def width(self) -> int:
        """Number of categories of all margins."""
        return sum(int(codes.max()) + 1 for codes in self.codes)

    def projection(self) -> tuple[Floats, Floats]:
        """Indicators of all margins, and the coefficients that the same rounds of centring give them."""
        parts = [_indicators(codes) for codes in self.codes]
        basis = np.hstack(parts)
        means = [part / part.sum(axis=0) for part in parts]
        crossed = [mean.T @ basis for mean in means]
        starts = np.cumsum([0, *(part.shape[1] for part in parts)])
        functional = np.zeros_like(basis.T)
        for m in list(range(len(parts))) * PROJECTIONS:
            functional[starts[m] : starts[m + 1]] += means[m].T - crossed[m] @ functional
        return basis, functional.T


@dataclass(frozen=True, eq=False)
class Regression:
    """Residuals of a calibration: those of the weighted regression on its variables (Deville and Särndal 1992, eq. 3.4).

    `basis` (n, r) is orthonormal for the weights of before.
    """

    basis: Floats
    before: Floats
    after: Floats

    def residuals(self, scores: Floats) -> Floats:
        """g w (y - x'B) for scores g w y, (n, k)."""
        values = scores / self.after[:, None]
        fitted = self.basis @ (self.basis.T @ (self.before[:, None] * values))
        return np.asarray(self.after[:, None] * (values - fitted), dtype=np.float64)

    @property
    def width(self) -> int:
        """Rank of the calibration variables."""
        return int(self.basis.shape[1])

    def projection(self) -> tuple[Floats, Floats]:
        """The basis, and the weighted basis."""
        return self.basis, self.basis * self.before[:, None]


def post_stratify(design: SurveyDesign, cells: Labels, totals: Mapping[Any, float]) -> SurveyDesign:
    """The design with the weights of each cell scaled to its known total.

    Raises SurveyError: a cell of the sample without a total, or a total without anyone in the sample.
    """
    codes, targets = _targets(cells, totals, design.rows, "Case")
    after = design.weights * (targets / _cell_sums(codes, design.weights[:, None])[:, 0])[codes]
    return _adjusted(design, after, Cells(codes, design.weights, after))


def rake(
    design: SurveyDesign,
    margins: Sequence[Labels],
    totals: Sequence[Mapping[Any, float]],
    *,
    tolerance: float = 1e-12,
    rounds: int = 1000,
) -> SurveyDesign:
    """The design raked to several margins (Deming and Stephan 1940), until every margin is met to `tolerance`, relative.

    Raises SurveyError: margins of different populations, cells as `post_stratify`, or no convergence in `rounds`.
    """
    if not margins or len(margins) != len(totals):
        raise SurveyError(f"Calage sur marges : {len(margins)} variables pour {len(totals)} jeux de totaux.")
    known = [
        _targets(*pair, design.rows, f"Marge n° {i + 1}") for i, pair in enumerate(zip(margins, totals, strict=True))
    ]
    sums = [float(targets.sum()) for _, targets in known]
    if max(sums) - min(sums) > 1e-9 * max(sums):
        raise SurveyError(
            f"Calage sur marges : les marges ne décrivent pas la même population ({min(sums):g} et {max(sums):g}). "
            "Les prendre dans le même millésime et le même champ."
        )
    weights = design.weights
    for _ in range(rounds):
        for codes, targets in known:
            weights = weights * (targets / np.bincount(codes, weights))[codes]
        gap = max(float(np.max(np.abs(np.bincount(codes, weights) / targets - 1))) for codes, targets in known)
        if gap <= tolerance:
            return _adjusted(design, weights, Margins(tuple(codes for codes, _ in known), weights))
    raise SurveyError(
        f"Calage sur marges : pas de convergence en {rounds} tours (écart relatif {gap:.1e}). "
        "Regrouper les modalités dont le croisement est vide, ou retirer une marge."
    )


def calibrate(
    design: SurveyDesign,
    variables: Floats,
    totals: Floats,
    distance: Distance = "linear",
    *,
    bounds: tuple[float, float] | None = None,
    names: Sequence[str] = (),
) -> SurveyDesign:
    """The design whose weights w g(x'λ) meet Σ w x = `totals` (p,), `variables` (n, p) (Deville and Särndal 1992).

    linear: g = 1 + u; raking: exp u; logit: between `bounds`; bounded: linear cut at `bounds`. Variables may be
    redundant if their totals agree. Raises SurveyError: bounds missing or infeasible, totals that contradict each
    other, no convergence, a weight that comes out at or below zero.
    """
    x, known = np.asarray(variables, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] != design.rows or known.shape != (x.shape[1],):
        raise SurveyError(f"Calage : variables {x.shape} et totaux {known.shape} pour {design.rows} unités.")
    if not (np.isfinite(x).all() and np.isfinite(known).all()):
        raise SurveyError("Calage : valeur manquante dans les variables ou les totaux. Les compléter avant de caler.")
    found: Solution = solve(design.weights, x, known, distance, bounds, tuple(names), TOLERANCE)
    after = design.weights * found.g
    if (after <= 0).any():
        raise SurveyError(
            f"Calage « {distance} » : {int((after <= 0).sum())} poids nuls ou négatifs. "
            "Choisir « raking », « logit » ou « bounded » avec une borne basse positive."
        )
    return _adjusted(design, after, Regression(found.basis, design.weights, after))


def indicator_matrix(*variables: Labels) -> tuple[Floats, tuple[str, ...]]:
    """A column of ones, then the indicators of each categorical variable but its first category, and their names."""
    rows = len(variables[0])
    columns, names = [np.ones(rows)], ["(constante)"]
    for labels in variables:
        codes, categories = encode(labels, rows, "Variable de calage")
        flags: Flags = codes[:, None] == np.arange(1, len(categories))
        columns.extend(flags.T.astype(np.float64))
        names.extend(categories[1:])
    return np.column_stack(columns), tuple(names)


def _adjusted(design: SurveyDesign, weights: Floats, adjustment: Cells | Margins | Regression) -> SurveyDesign:
    return replace(design, weights=checked_weights(weights, design.rows), adjustments=(*design.adjustments, adjustment))


def _indicators(codes: Integers) -> Floats:
    return np.asarray(codes[:, None] == np.arange(int(codes.max()) + 1), dtype=np.float64)


def _cell_sums(codes: Integers, values: Floats) -> Floats:
    order = np.argsort(codes, kind="stable")
    return np.asarray(np.add.reduceat(values[order], np.flatnonzero(np.diff(codes[order], prepend=-1)), axis=0))


def _targets(labels: Labels, totals: Mapping[Any, float], rows: int, what: str) -> tuple[Integers, Floats]:
    codes, names = encode(labels, rows, what)
    known = {str(key): float(value) for key, value in totals.items()}
    if orphans := [name for name in names if not known.get(name, np.nan) > 0]:
        raise SurveyError(f"{what} « {orphans[0]} » sans total connu supérieur à zéro. Compléter les totaux.")
    if empty := sorted(name for name, value in known.items() if value > 0 and name not in set(names)):
        raise SurveyError(f"{what} « {empty[0]} » : aucun répondant pour ce total. La regrouper avec une autre.")
    return codes, np.array([known[name] for name in names])
