"""The numerical side of calibration: Newton's method on an orthonormal basis, and the proof that bounds are infeasible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Floats

STEPS = 200
HALVINGS = 40
RANK = 1e-10  # singular values below this share of the largest are redundant variables

Weighting = Callable[[Floats], tuple[Floats, Floats]]  # u -> g(u), g'(u)


@dataclass(frozen=True, eq=False)
class Solution:
    """Ratios of new to old weights g (n,), and a basis (n, r) of the variables, orthonormal for the old weights."""

    g: Floats
    basis: Floats


def solve(
    weights: Floats,
    x: Floats,
    totals: Floats,
    distance: str,
    bounds: tuple[float, float] | None,
    names: tuple[str, ...],
    tolerance: float,
) -> Solution:
    """Solve Σ w g(x'λ) x = totals. Raises SurveyError as `calibration.calibrate`."""
    weighting = _weighting(distance, bounds)
    basis, targets = _orthonormal(weights, x, totals, names)
    multipliers = np.zeros(basis.shape[1])
    g, slope = weighting(basis @ multipliers)
    gap = targets - basis.T @ (weights * g)
    for _ in range(STEPS):
        if _worst(weights, g, x, totals)[0] <= tolerance:
            return Solution(g, basis)
        hessian = basis.T @ ((weights * slope)[:, None] * basis)
        step = np.linalg.lstsq(hessian, gap, rcond=None)[0]
        size = 1.0
        for _ in range(HALVINGS):
            trial = multipliers + size * step
            trial_g, trial_slope = weighting(basis @ trial)
            trial_gap = targets - basis.T @ (weights * trial_g)
            if np.isfinite(trial_gap).all() and np.linalg.norm(trial_gap) < np.linalg.norm(gap):
                break
            size /= 2
        else:
            break
        multipliers, g, slope, gap = trial, trial_g, trial_slope, trial_gap
    raise SurveyError(_failure(weights, x, totals, g, distance, bounds, names))


def _weighting(distance: str, bounds: tuple[float, float] | None) -> Weighting:
    if distance in ("logit", "bounded"):
        if bounds is None or not 0 <= bounds[0] < 1 < bounds[1]:
            raise SurveyError(f"Calage « {distance} » : donner des bornes telles que 0 ≤ basse < 1 < haute.")
        return _logit(*bounds) if distance == "logit" else _bounded(*bounds)
    if bounds is not None:
        raise SurveyError(f"Calage « {distance} » : les bornes ne valent que pour « logit » et « bounded ».")
    if distance == "linear":
        return lambda u: (1 + u, np.ones_like(u))
    if distance == "raking":
        return _exponential
    raise SurveyError(f"Calage « {distance} » inconnu. Choisir « linear », « raking », « logit » ou « bounded ».")


def _exponential(u: Floats) -> tuple[Floats, Floats]:
    with np.errstate(over="ignore"):
        g = np.exp(u)
    return g, g


def _bounded(low: float, high: float) -> Weighting:
    def weighting(u: Floats) -> tuple[Floats, Floats]:
        inside = (1 + u > low) & (1 + u < high)
        return np.clip(1 + u, low, high), inside.astype(np.float64)

    return weighting


def _logit(low: float, high: float) -> Weighting:
    """Deville and Särndal (1992), method 4: L(U-1) + U(1-L) e^{Au} over (U-1) + (1-L) e^{Au}, A = (U-L)/((1-L)(U-1))."""
    rate = (high - low) / ((1 - low) * (high - 1))

    def weighting(u: Floats) -> tuple[Floats, Floats]:
        e = np.exp(np.clip(rate * u, -300, 300))
        bottom = (high - 1) + (1 - low) * e
        g = (low * (high - 1) + high * (1 - low) * e) / bottom
        return g, rate * (1 - low) * (high - 1) * (high - low) * e / np.square(bottom)

    return weighting


def _orthonormal(weights: Floats, x: Floats, totals: Floats, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Basis Z of the columns of x with Z'WZ = I, and the totals of Z. Redundant columns must have coherent totals."""
    scale = np.maximum(np.sqrt(weights @ np.square(x)), np.finfo(np.float64).tiny)
    root = np.sqrt(weights)[:, None]
    left, singular, right = np.linalg.svd(root * (x / scale), full_matrices=False)
    keep = singular > RANK * singular[0]
    leftover = right[~keep] @ (totals / scale)
    reference = float(np.linalg.norm(totals / scale))
    if leftover.size and np.abs(leftover).max() > 1e-8 * max(reference, 1e-300):
        guilty = int(np.argmax(np.abs(right[~keep][int(np.argmax(np.abs(leftover)))])))
        raise SurveyError(
            f"Calage : variables redondantes dont les totaux se contredisent (voir {_name(names, guilty)}). "
            "Corriger les totaux ou retirer une variable."
        )
    return left[:, keep] / root, (right[keep] @ (totals / scale)) / singular[keep]


def _worst(weights: Floats, g: Floats, x: Floats, totals: Floats) -> tuple[float, int]:
    reached = x.T @ (weights * g)
    gaps = np.abs(reached - totals) / np.maximum(np.abs(totals), 1.0)
    worst = int(np.argmax(gaps))
    return float(gaps[worst]), worst


def _failure(
    weights: Floats,
    x: Floats,
    totals: Floats,
    g: Floats,
    distance: str,
    bounds: tuple[float, float] | None,
    names: tuple[str, ...],
) -> str:
    gap, worst = _worst(weights, g, x, totals)
    if not _feasible(weights, x, totals, bounds or (0.0, np.inf)):
        limits = f"entre {bounds[0]:g} et {bounds[1]:g}" if bounds else "positifs"
        return (
            f"Calage « {distance} » impossible : aucun rapport de poids {limits} n'atteint les totaux "
            f"(le plus loin : {_name(names, worst)}, écart relatif {gap:.1e}). Élargir les bornes ou retirer une variable."
        )
    return (
        f"Calage « {distance} » : pas de convergence (le plus loin : {_name(names, worst)}, écart relatif {gap:.1e}). "
        "Regrouper des modalités rares ou retirer une variable."
    )


def _feasible(weights: Floats, x: Floats, totals: Floats, bounds: tuple[float, float]) -> bool:
    """Whether some g within `bounds` meets the totals: a linear programme."""
    from scipy.optimize import linprog

    scale = np.maximum(np.abs(totals), 1.0)
    rows = (x * weights[:, None] / scale).T
    return bool(linprog(np.zeros(len(weights)), A_eq=rows, b_eq=totals / scale, bounds=bounds).status == 0)


def _name(names: tuple[str, ...], column: int) -> str:
    return f"« {names[column]} »" if column < len(names) else f"variable n° {column + 1}"
