"""Confidence intervals, on arrays of estimates. Where no interval can be defended there is none, and a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers

Method = Literal["logit", "beta", "xlogit", "mean", "wilson", "likelihood", "asin"]
BISECTIONS = 200  # halving a bracket this often exhausts double precision


class Reason(IntEnum):
    """Why there is no interval (or no estimate); PRESENT means there is one."""

    PRESENT = 0
    EMPTY = 1
    SELF_SELECTED = 2
    NO_FREEDOM = 3
    EXTREME_SHARE = 4
    NO_VARIANCE = 5

    @property
    def text(self) -> str:
        """The reason, in French, for a reader of the figure; empty when the interval is present."""
        return REASONS[self]


REASONS = {
    Reason.PRESENT: "",
    Reason.EMPTY: "aucun répondant dans le domaine : ni estimation ni intervalle",
    Reason.SELF_SELECTED: "enquête à participation volontaire : pas de marge d'erreur",
    Reason.NO_FREEDOM: "aucun degré de liberté (une seule unité par strate) : pas d'intervalle",
    Reason.EXTREME_SHARE: "part estimée de 0 % ou de 100 % : pas d'intervalle",
    Reason.NO_VARIANCE: "variance estimée nulle (réponses constantes, ou total fixé par le calage) : pas d'intervalle",
}


@dataclass(frozen=True, eq=False)
class Intervals:
    """Bounds (...,) with NaN exactly where `reason` is not PRESENT; not to be published without that mask."""

    low: Floats
    high: Floats
    reason: Integers


def student(probability: float, df: Floats) -> Floats:
    """Quantiles of Student's t."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(df, probability), dtype=np.float64)


def proportion_intervals(
    method: Method, p: Floats, variance: Floats, n: Integers, df: Integers, census: Flags, level: float = 0.95
) -> Intervals:
    """Intervals for shares `p` of `variance`, from `n` answers and `df` degrees of freedom, all of one shape.

    logit, xlogit: Wald on the logit. beta: Clopper-Pearson at the effective size of Korn and Graubard (1998). wilson:
    score interval (Wilson 1927) at the effective size p(1-p)/V. likelihood: scaled deviance (Rao and Scott 1984) against
    F(1, df), by its exact root. asin: arcsine. mean: Wald, may leave [0, 1]. A share observed by
    census is its own interval. Raises SurveyError on an unknown method or a level outside ]0, 1[.
    """
    if method not in METHODS:
        raise SurveyError(f"Intervalle « {method} » inconnu. Choisir parmi : {', '.join(METHODS)}.")
    reason = _reasons(variance, n, df, census)
    reason[(reason == Reason.PRESENT) & ((p == 0) | (p == 1))] = Reason.EXTREME_SHARE
    reason[(n > 0) & (df > 0) & ((p == 0) | (p == 1))] = Reason.EXTREME_SHARE
    return _apply(METHODS[method], p, variance, n, df, census, reason, level)


def wald_intervals(
    value: Floats, variance: Floats, n: Integers, df: Integers, census: Flags, level: float = 0.95
) -> Intervals:
    """value ± t se, for means, totals, ratios and changes. Raises SurveyError on a level outside ]0, 1[."""
    return _apply(_wald, value, variance, n, df, census, _reasons(variance, n, df, census), level)


def self_selected(n: Integers) -> Intervals:
    """No interval anywhere: nothing was drawn at random."""
    reason = np.where(n > 0, Reason.SELF_SELECTED, Reason.EMPTY).astype(np.int64)
    return Intervals(np.full(n.shape, np.nan), np.full(n.shape, np.nan), reason)


def _reasons(variance: Floats, n: Integers, df: Integers, census: Flags) -> Integers:
    reason = np.where(~census & ~(variance > 0), Reason.NO_VARIANCE, Reason.PRESENT)
    reason = np.where(df <= 0, Reason.NO_FREEDOM, reason)
    return np.where(n <= 0, Reason.EMPTY, reason).astype(np.int64)


Bounds = tuple[Floats, Floats]
Formula = Callable[[Floats, Floats, Floats, Floats, float], Bounds]  # p, variance, n, df, level


def _apply(
    formula: Formula,
    value: Floats,
    variance: Floats,
    n: Integers,
    df: Integers,
    census: Flags,
    reason: Integers,
    level: float,
) -> Intervals:
    if not 0 < level < 1:
        raise SurveyError(f"Niveau de confiance {level:g} : donner une valeur entre 0 et 1, par exemple 0,95.")
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    exact = (reason == Reason.PRESENT) & census
    low[exact] = high[exact] = value[exact]
    usable = (reason == Reason.PRESENT) & ~census
    if usable.any():
        chosen = (value[usable], variance[usable], n[usable].astype(float), df[usable].astype(float))
        low[usable], high[usable] = formula(*chosen, level)
    return Intervals(low, high, reason)


def _wald(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Bounds:
    margin = student((1 + level) / 2, df) * np.sqrt(variance)
    return p - margin, p + margin


def _logit(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Bounds:
    from scipy.special import expit, logit

    margin = student((1 + level) / 2, df) * np.sqrt(variance) / (p * (1 - p))
    return expit(logit(p) - margin), expit(logit(p) + margin)


def _arcsine(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Bounds:
    angle = np.arcsin(np.sqrt(p))
    margin = student((1 + level) / 2, df) * np.sqrt(variance) / (2 * np.sqrt(p * (1 - p)))
    ends = np.clip([angle - margin, angle + margin], 0, np.pi / 2)
    return np.sin(ends[0]) ** 2, np.sin(ends[1]) ** 2


def _effective_size(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Floats:
    tail = (1 + level) / 2
    return np.asarray(p * (1 - p) / variance * (student(tail, n - 1) / student(tail, df)) ** 2, dtype=np.float64)


def _beta(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Bounds:
    from scipy.special import betaincinv

    size = _effective_size(p, variance, n, df, level)
    tail = (1 - level) / 2
    return (
        betaincinv(size * p, size * (1 - p) + 1, tail),
        betaincinv(size * p + 1, size * (1 - p), 1 - tail),
    )


def _wilson(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Bounds:
    t = student((1 + level) / 2, df)
    size = p * (1 - p) / variance
    centre = (p + t**2 / (2 * size)) / (1 + t**2 / size)
    half = t / (1 + t**2 / size) * np.sqrt(p * (1 - p) / size + t**2 / (4 * size**2))
    return centre - half, centre + half


def _likelihood(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Bounds:
    # n / (n - 1) is the dispersion of the Pearson residuals, by which R survey 4.5 divides the deviance
    target = student((1 + level) / 2, df) ** 2 * variance / (p * (1 - p)) / 2 * n / (n - 1)
    return _root(p, target, np.zeros_like(p)), _root(p, target, np.ones_like(p))


def _root(p: Floats, target: Floats, far: Floats) -> Floats:
    """q between p and `far` where the divergence p ln(p/q) + (1-p) ln((1-p)/(1-q)) reaches `target`."""
    near, far = p.copy(), far.copy()
    for _ in range(BISECTIONS):
        middle = (near + far) / 2
        with np.errstate(divide="ignore"):
            divergence = p * np.log(p / middle) + (1 - p) * np.log((1 - p) / (1 - middle))
        inside = divergence < target
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    return np.asarray((near + far) / 2, dtype=np.float64)


METHODS: dict[str, Formula] = {
    "logit": _logit,
    "xlogit": _logit,
    "beta": _beta,
    "wilson": _wilson,
    "likelihood": _likelihood,
    "asin": _arcsine,
    "mean": _wald,
}
