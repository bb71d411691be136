"""Agreement of coders, with one another and with the register: Cohen's kappa and Krippendorff's alpha, nominal values.

Cohen, J. (1960), « A coefficient of agreement for nominal scales », Educational and Psychological Measurement 20(1),
37-46; its large-sample variance: Fleiss, J. L., Cohen, J. and Everitt, B. S. (1969), « Large sample standard errors of
kappa and weighted kappa », Psychological Bulletin 72(5), 323-327. Krippendorff, K. (2011), « Computing Krippendorff's
alpha-reliability », University of Pennsylvania; its interval: the jackknife over units, which Hughes, J. (2022),
« Toward improved inference for Krippendorff's alpha agreement coefficient », arXiv:2210.13265, finds better than the
customary bootstrap (and which, drawing nothing at random, gives the same figure twice).

Without a single disagreement both errors are zero: the formula collapses, certainty is not reached. No interval is given then,
but what n agreements out of n leave possible: a share of disagreements up to 1 - 0.05^(1/n) at 95 %, the exact bound behind the
« rule of three » of Hanley, J. A. and Lippman-Hand, A. (1983), « If nothing goes wrong, is everything all right? », JAMA
249(13), 1743-1745.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.figures.definitions import CROSS
from observatoire.french import grouped

if TYPE_CHECKING:
    from observatoire.warehouse.context import BuildContext

NORMAL_975 = 1.959964
NAME, INPUTS = "core.accords", ["core.codages"]
REGISTER = "registre"
COLUMNS = (
    "variable", "guide", "comparaison", "passes", "n", "accord", "kappa", "kappa_ic_bas", "kappa_ic_haut", "alpha", "alpha_ic_bas",
    "alpha_ic_haut", "motif",
)  # fmt: skip
TYPES = ("VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR[]", "BIGINT", *["DECIMAL(18,4)"] * 7, "VARCHAR")


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement (1: perfect, 0: as by chance) and its standard error; None when it is not defined."""

    value: float | None
    error: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval, cut to what a coefficient may be; None without a standard error, or when it is zero."""
        if self.value is None or not self.error:
            return None
        half = NORMAL_975 * self.error
        return max(-1.0, self.value - half), min(1.0, self.value + half)


def observed_agreement(pairs: Sequence[tuple[str, str]]) -> float | None:
    """The share (0 to 1) of units to which both coders gave the same value; None without units."""
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else None


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> Coefficient:
    """Kappa of two coders, one pair of values a unit (Cohen 1960), its error by Fleiss, Cohen and Everitt (1969, eq. 13).

    Not defined without units, nor when both coders gave one same value everywhere: chance alone would agree.
    """
    n = len(pairs)
    if not n:
        return Coefficient(None, None)
    cells = {pair: count / n for pair, count in Counter(pairs).items()}
    first: dict[str, float] = defaultdict(float)
    second: dict[str, float] = defaultdict(float)
    for (a, b), share in cells.items():
        first[a] += share
        second[b] += share
    observed = math.fsum(share for (a, b), share in cells.items() if a == b)
    chance = math.fsum(share * second[value] for value, share in first.items() if value in second)
    if chance >= 1:
        return Coefficient(None, None)
    kappa = (observed - chance) / (1 - chance)
    same = math.fsum(
        share * (1 - (first[a] + second[a]) * (1 - kappa)) ** 2 for (a, b), share in cells.items() if a == b
    )
    other = (1 - kappa) ** 2 * math.fsum(
        share * (second[a] + first[b]) ** 2 for (a, b), share in cells.items() if a != b
    )
    variance = (same + other - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    return Coefficient(kappa, math.sqrt(max(variance, 0.0)))


def krippendorff_alpha(units: Sequence[Sequence[str]]) -> Coefficient:
    """Alpha for nominal values of any number of coders: for each unit, the values given to it, missing ones left out.

    A unit that one coder only valued says nothing of agreement and is passed over. Not defined when a single value was
    ever given. The error is the jackknife's, over units.
    """
    counts = [Counter(unit) for unit in units if len(unit) > 1]
    value = _alpha(counts)
    if value is None or len(counts) < 3:
        return Coefficient(value, None)
    without = [_alpha([*counts[:position], *counts[position + 1 :]]) for position in range(len(counts))]
    known = [item for item in without if item is not None]
    if len(known) < len(counts):  # one unit alone holds the second value: its weight cannot be judged
        return Coefficient(value, None)
    mean = math.fsum(known) / len(known)
    variance = (len(known) - 1) / len(known) * math.fsum((item - mean) ** 2 for item in known)
    return Coefficient(value, math.sqrt(variance))


def _alpha(counts: Sequence[Counter[str]]) -> float | None:
    """1 - observed disagreement over the disagreement expected by chance (Krippendorff 2011)."""
    totals: Counter[str] = Counter()
    for count in counts:
        totals.update(count)
    n = totals.total()
    expected = n * n - sum(number * number for number in totals.values())
    if not expected:
        return None
    observed = math.fsum(
        (count.total() ** 2 - sum(number * number for number in count.values())) / (count.total() - 1)
        for count in counts
    )
    return 1 - (n - 1) * observed / expected


def most_disagreement(n: int) -> float | None:
    """The largest share (0 to 1) of disagreements that n agreements out of n leave possible at 95 %; None without units.

    Exact one-sided bound (Hanley and Lippman-Hand 1983): the share at which n agreements in a row have a chance of 5 %.
    """
    return 1 - 0.05 ** (1 / n) if n else None


def agreement_rows(context: BuildContext) -> str:
    """The query of core.accords: per coded variable and codebook version, coders with one another, then each with the register.

    A coder who says that nothing applies has given a value: it is one like the others. So has a register that says nothing.
    """
    from observatoire.warehouse.python_models import values_query

    coded: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    against: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for variable, guide, key, passe, value, written, known in context.con.execute(
        "select variable, guide, cle_source, passe, coalesce(valeur, ''), coalesce(valeur_registre, ''), usage_id is not null "
        "from core.codages order by all"
    ).fetchall():
        coded[variable, guide][key][passe] = value
        if known:
            against[variable, guide, passe].append((value, written))
    rows = [between(variable, guide, list(keys.values())) for (variable, guide), keys in coded.items()]
    for (variable, guide, passe), pairs in against.items():
        rows.append(_row(variable, guide, [passe, REGISTER], [passe], pairs, pairs))
    return values_query(COLUMNS, sorted(rows, key=lambda row: [str(part) for part in row[:3]]), TYPES)


def between(variable: str, guide: str, units: Sequence[dict[str, str]]) -> tuple[object, ...]:
    """One row of core.accords: kappa of the first two passes, alpha of all, texts with four decimals."""
    passes = sorted({name for unit in units for name in unit})
    pairs = [
        (unit[passes[0]], unit[passes[1]])
        for unit in units
        if len(passes) > 1 and passes[1] in unit and passes[0] in unit
    ]
    return _row(variable, guide, passes, passes, pairs, [list(unit.values()) for unit in units])


def _row(
    variable: str,
    guide: str,
    compared: Sequence[str],
    passes: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    units: Sequence[Sequence[str]],
) -> tuple[object, ...]:
    kappa, alpha = cohen_kappa(pairs), krippendorff_alpha(units)
    figures = (
        observed_agreement(pairs), kappa.value, *(kappa.interval or (None, None)), alpha.value,
        *(alpha.interval or (None, None)),
    )  # fmt: skip
    texts = (None if item is None else f"{item:.4f}" for item in figures)
    return (variable, guide, CROSS.join(compared), list(passes), len(pairs), *texts, _reason(pairs, kappa, alpha))


def _reason(pairs: Sequence[tuple[str, str]], kappa: Coefficient, alpha: Coefficient) -> str | None:
    """Why there is no coefficient, or no interval (French); None when all are there."""
    possible = most_disagreement(len(pairs))
    if possible is None:
        return "aucun cas codé deux fois"
    if kappa.value is None:
        return "une seule valeur, la même partout\u00a0: l'accord au-delà du hasard n'est pas défini"
    if all(a == b for a, b in pairs):
        share = f"{100 * possible:.1f}".replace(".", ",")
        return (
            f"aucun désaccord sur {grouped(len(pairs))} cas\u00a0: pas d'intervalle, il serait de largeur nulle\u00a0; au niveau de 95\u00a0%, "
            f"jusqu'à {share}\u00a0% de désaccords restent possibles"
        )
    if alpha.interval is None:
        return "alpha sans intervalle\u00a0: trop peu de cas portent une seconde valeur"
    return None
