"""How much the weights and the design cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from observatoire.survey.arrays import Floats


@dataclass(frozen=True)
class Kish:
    """Effect of unequal weights alone (Kish 1965, section 11.7): n_eff = (Σw)² / Σw², deff = n / n_eff."""

    n: int
    sum_weights: float
    sum_squares: float
    effective_size: float
    design_effect: float


def kish(weights: Floats) -> Kish:
    """Kish's effective size of `weights` (n,), n > 0 and all above zero."""
    total, squares = float(weights.sum()), float(np.square(weights).sum())
    return Kish(len(weights), total, squares, total**2 / squares, len(weights) * squares / total**2)


def simple_variance(values: Floats, weights: Floats) -> float | None:
    """Weighted estimate of the population variance, Σw(y-ȳ)²/Σw · n/(n-1); None below two units."""
    n = len(values)
    if n < 2:
        return None
    centred = values - np.average(values, weights=weights)
    return float(np.average(np.square(centred), weights=weights)) * n / (n - 1)


def design_effects(variance: float, spread: float | None, weights: Floats) -> tuple[float | None, float | None]:
    """Variance over that of a simple sample of the same size, drawn without then with replacement (Kish 1965, 8.2).

    `spread` is `simple_variance`, scaled as the estimator is. None where the comparison has no meaning: one unit, no
    spread, or (without replacement) a sample as large as its population Σw.
    """
    n, total = len(weights), float(weights.sum())
    if spread is None or spread <= 0:
        return None, None
    with_replacement = variance / (spread / n)
    if total <= n * (1 + 1e-12):
        return None, with_replacement
    return with_replacement / (1 - n / total), with_replacement
