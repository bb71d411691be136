"""How many units of each stratum: proportional, Neyman, take-all strata, a minimum everywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import floor
from typing import Literal

from observatoire.errors import SurveyError

Method = Literal["proportionnelle", "neyman"]
HALVINGS = 200  # exhausts double precision


def allocate(
    sizes: Mapping[str, int],
    total: int,
    method: Method = "proportionnelle",
    *,
    spreads: Mapping[str, float] | None = None,
    take_all: Collection[str] = (),
    minimum: int = 2,
) -> dict[str, int]:
    """n_h by stratum, min(`minimum`, N_h) ≤ n_h ≤ N_h, whose sum is `total` exactly.

    proportionnelle: n_h ∝ N_h. neyman: n_h ∝ N_h S_h (Neyman 1934; Cochran 1977, section 5.5), `spreads` being the S_h of
    every stratum; one that would exceed N_h is taken whole and the rest shared again (idem, 5.8). Rounded by the
    largest remainders. Raises SurveyError: unknown stratum, S_h missing or negative, a total that cannot be met.
    """
    _check(sizes, method, spreads, take_all, minimum)
    low = {h: count if h in take_all else min(minimum, count) for h, count in sizes.items()}
    least, most = sum(low.values()), sum(sizes.values())
    if not least <= total <= most:
        raise SurveyError(
            f"Taille {total} impossible : les strates exhaustives et le minimum de {minimum} par strate demandent au moins "
            f"{least} unités, le cadre en a {most}. Changer la taille, le minimum ou les strates exhaustives."
        )
    pull = {
        h: count * (1.0 if spreads is None or method == "proportionnelle" else spreads[h]) for h, count in sizes.items()
    }
    return _whole(_bounded(pull, low, sizes, total), low, sizes, total)


def _check(
    sizes: Mapping[str, int], method: str, spreads: Mapping[str, float] | None, take_all: Collection[str], minimum: int
) -> None:
    if unknown := sorted((set(take_all) | set(spreads or ())) - set(sizes)):
        raise SurveyError(f"Strate « {unknown[0]} » absente du cadre. Strates du cadre : {', '.join(sizes)}.")
    if minimum < 1:
        raise SurveyError(f"Minimum de {minimum} par strate : au moins 1, et 2 pour que la variance existe.")
    if method == "neyman":
        absent = [h for h in sizes if h not in take_all and not (spreads or {}).get(h, -1.0) >= 0]
        if absent:
            raise SurveyError(f"Allocation de Neyman : écart-type absent ou négatif pour la strate « {absent[0]} ».")


def _bounded(
    pull: Mapping[str, float], low: Mapping[str, int], high: Mapping[str, int], total: int
) -> dict[str, float]:
    """min(max(λ pull, low), high) for the λ where the sum reaches `total`; strata without pull share what is left."""

    def at(scale: float) -> dict[str, float]:
        return {h: min(max(scale * pull[h], float(low[h])), float(high[h])) for h in pull}

    near, far = 0.0, 1.0
    reachable = sum(high[h] if pull[h] > 0 else low[h] for h in pull)
    if reachable < total:
        return _bounded({h: float(high[h] - low[h]) if pull[h] == 0 else 1e18 for h in pull}, low, high, total)
    while sum(at(far).values()) < total:
        far *= 2
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        near, far = (middle, far) if sum(at(middle).values()) < total else (near, middle)
    return at(far)


def _whole(shares: Mapping[str, float], low: Mapping[str, int], high: Mapping[str, int], total: int) -> dict[str, int]:
    counts = {h: max(low[h], min(high[h], floor(share + 1e-9))) for h, share in shares.items()}
    order = sorted(shares, key=lambda h: (counts[h] - shares[h], h))
    while (gap := total - sum(counts.values())) != 0:
        step = 1 if gap > 0 else -1
        moved = next(h for h in (order if step > 0 else order[::-1]) if low[h] <= counts[h] + step <= high[h])
        counts[moved] += step
        order.remove(moved)
        order.append(moved)
    return counts
