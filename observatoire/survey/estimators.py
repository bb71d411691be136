"""Estimates of one quantity in one domain: mean, total, ratio, proportion, quantile. Batches are in `batch`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers, Missing, domain_rows, numbers
from observatoire.survey.design import SurveyDesign
from observatoire.survey.diagnostics import design_effects, simple_variance
from observatoire.survey.intervals import Intervals, Method, Reason, proportion_intervals, self_selected, wald_intervals

Spread = tuple[float | None, Floats]  # population variance as estimated, weights
Interval = Callable[[Floats, Floats, Integers, Integers, Flags], Intervals]


@dataclass(frozen=True)
class Estimate:
    """One figure. An absent number is None, never NaN; `reason` says in French why the interval is absent."""

    value: float | None
    variance: float | None
    df: int
    n: int
    low: float | None = None
    high: float | None = None
    reason: str = ""
    deff: float | None = None  # against simple random sampling without replacement
    deff_replace: float | None = None  # with replacement

    @property
    def se(self) -> float | None:
        """Standard error, in the unit of the value."""
        return None if self.variance is None else float(np.sqrt(self.variance))


@dataclass(frozen=True, eq=False)
class Linear:
    """A linearised estimate: its value and the weighted influence of each of `rows` (Deville 1999)."""

    value: float
    scores: Floats
    rows: Integers


def mean(
    design: SurveyDesign,
    values: Any,
    domain: Any = None,
    *,
    level: float = 0.95,
    df: int | None = None,
    missing: Missing = "refuse",
) -> Estimate:
    """Weighted mean of `values` (n,) over `domain` (n,) flags, Wald interval.

    `missing="exclude"` narrows the domain to those who answered: a choice to declare beside the figure. `df` replaces
    the design's degrees of freedom. Raises SurveyError on missing values under "refuse" and on a lonely stratum.
    """
    observed, rows = select(design, values, domain, missing)
    if rows.size == 0:
        return _empty()
    line = linear_mean(design, observed, rows)
    return _estimate(design, line, partial(wald_intervals, level=level), df, _simple(design, observed, rows))


def linear_mean(design: SurveyDesign, values: Floats, rows: Integers) -> Linear:
    """The mean over `rows` (not empty) and its linearised scores w (y - ȳ) / Σw."""
    weights = design.weights[rows]
    size = weights.sum()
    average = float((weights * values[rows]).sum() / size)
    return Linear(average, weights * (values[rows] - average) / size, rows)


def total(
    design: SurveyDesign,
    values: Any,
    domain: Any = None,
    *,
    level: float = 0.95,
    df: int | None = None,
    missing: Missing = "refuse",
) -> Estimate:
    """Weighted total (Horvitz and Thompson 1952) of `values` over `domain`; arguments and errors as `mean`.

    Excluding the missing from a total counts them as zero: impute or reweight instead.
    """
    observed, rows = select(design, values, domain, missing)
    if rows.size == 0:
        return _empty()
    scores = design.weights[rows] * observed[rows]
    line = Linear(float(scores.sum()), scores, rows)
    spread, weights = _simple(design, observed, rows)
    of_total = None if spread is None else spread * float(weights.sum()) ** 2
    return _estimate(design, line, partial(wald_intervals, level=level), df, (of_total, weights))


def ratio(
    design: SurveyDesign,
    numerator: Any,
    denominator: Any,
    domain: Any = None,
    *,
    level: float = 0.95,
    df: int | None = None,
    missing: Missing = "refuse",
) -> Estimate:
    """Ratio of two totals, linearised (Särndal, Swensson, Wretman 1992, result 5.6.2); arguments as `mean`.

    A zero denominator gives no estimate, and says so.
    """
    above, rows = select(design, numerator, domain, missing)
    below, rows_below = select(design, denominator, domain, missing)
    rows = np.intersect1d(rows, rows_below)
    weights = design.weights[rows]
    whole = float((weights * below[rows]).sum())
    if rows.size == 0:
        return _empty()
    if whole == 0:
        return Estimate(None, None, 0, int(rows.size), reason="dénominateur nul : pas d'estimation")
    value = float((weights * above[rows]).sum() / whole)
    line = Linear(value, weights * (above[rows] - value * below[rows]) / whole, rows)
    return _estimate(design, line, partial(wald_intervals, level=level), df)


def proportion(
    design: SurveyDesign,
    answers: Any,
    domain: Any = None,
    *,
    method: Method = "logit",
    level: float = 0.95,
    missing: Missing = "refuse",
) -> Estimate:
    """Weighted share of `answers` equal to 1 among 0 and 1; arguments as `mean`, interval as `intervals`."""
    observed, rows = select(design, answers, domain, missing)
    if rows.size == 0:
        return _empty()
    check_binary(observed[rows])
    line = linear_mean(design, observed, rows)
    interval = partial(proportion_intervals, method, level=level)
    return _estimate(design, line, interval, None, _simple(design, observed, rows))


def quantile(
    design: SurveyDesign,
    values: Any,
    share: float,
    domain: Any = None,
    *,
    level: float = 0.95,
    missing: Missing = "refuse",
) -> Estimate:
    """Smallest value below which at least `share` of the weight lies; Woodruff's (1952) interval. No variance.

    Raises SurveyError as `mean`, and when `share` is outside ]0, 1[.
    """
    if not 0 < share < 1:
        raise SurveyError(f"Quantile {share:g} : donner une valeur entre 0 et 1.")
    observed, rows = select(design, values, domain, missing)
    if rows.size == 0:
        return _empty()
    order = np.argsort(observed[rows], kind="stable")
    ordered, weight = observed[rows][order], np.cumsum(design.weights[rows][order])

    def at(cumulated: float) -> float:
        return float(ordered[min(int(np.searchsorted(weight, cumulated * weight[-1], side="left")), len(ordered) - 1)])

    value = at(share)
    below = mean(design, np.where(observed <= value, 1.0, 0.0), _flags(design, rows), level=level)
    low = at(below.low) if below.low is not None and below.low > 0 else None
    high = at(below.high) if below.high is not None and below.high <= 1 else None
    if low is None or high is None:
        absent = below.reason or "trop peu de répondants de part et d'autre du quantile : pas d'intervalle"
        return Estimate(value, None, below.df, below.n, reason=absent)
    return Estimate(value, None, below.df, below.n, low, high)


def check_binary(answers: Floats) -> None:
    """Raise SurveyError unless every answer is 0 or 1 (NaN allowed)."""
    wrong = answers[~((answers == 0) | (answers == 1) | np.isnan(answers))]
    if wrong.size:
        raise SurveyError(
            f"Une part se calcule sur des réponses 0 ou 1 ; valeur {wrong.flat[0]:g} trouvée. Recoder la question."
        )


def select(design: SurveyDesign, values: Any, domain: Any, missing: Missing) -> tuple[Floats, Integers]:
    """`values` as floats (n,), and the rows of the domain that answered. Raises SurveyError as `mean`."""
    observed = numbers(values, design.rows, "Réponses")
    rows = domain_rows(domain, design.rows)
    answered = ~np.isnan(observed[rows])
    if missing == "refuse" and not answered.all():
        raise SurveyError(
            f"{int((~answered).sum())} réponses manquantes dans le domaine : les coder, "
            "ou déclarer que l'estimation ne porte que sur les répondants à la question."
        )
    return observed, rows[answered]


def _flags(design: SurveyDesign, rows: Integers) -> Flags:
    flags = np.zeros(design.rows, dtype=np.bool_)
    flags[rows] = True
    return flags


def _empty() -> Estimate:
    return Estimate(None, None, 0, 0, reason=Reason.EMPTY.text)


def _simple(design: SurveyDesign, values: Floats, rows: Integers) -> Spread:
    return simple_variance(values[rows], design.weights[rows]), design.weights[rows]


def _estimate(
    design: SurveyDesign, line: Linear, interval: Interval, df: int | None = None, spread: Spread | None = None
) -> Estimate:
    """The figure of `line`; `spread` (of a mean, or scaled to a total) gives the design effects."""
    n = len(line.rows)
    freedom = design.degrees_of_freedom(line.rows) if df is None else df
    sizes = np.array([n], dtype=np.int64)
    if design.plan == "auto_selection":
        return Estimate(line.value, None, freedom, n, *_published(self_selected(sizes)))
    variance = design.variances(line.scores[:, None], line.rows)
    census = np.array([design.is_census(line.rows)])
    bounds = _published(interval(np.array([line.value]), variance, sizes, np.array([freedom]), census))
    deffs = (None, None) if spread is None else design_effects(float(variance[0]), *spread)
    return Estimate(line.value, float(variance[0]), freedom, n, *bounds, *deffs)


def _published(found: Intervals) -> tuple[float | None, float | None, str]:
    reason = Reason(int(found.reason[0]))
    if reason is not Reason.PRESENT:
        return None, None, reason.text
    return float(found.low[0]), float(found.high[0]), ""
