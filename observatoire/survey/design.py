"""The sampling design: who was drawn, how, among how many; and the linearised variance that follows from it.

A domain is always a subset of the design: units outside it stay in the variance as zeros (Lumley 2010, chapter 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers, Labels, encode, numbers

Lonely = Literal["fail", "certainty", "adjust", "average"]
Plan = Literal["probabilite", "auto_selection", "recensement"]
ROUNDING = 1e-18  # share of the squared scores below which a variance is rounding: it is zero
NEGLIGIBLE = 1e-7  # a sampling fraction this close to 1 leaves nothing to draw (same threshold as R survey)


class Adjustment(Protocol):
    """What a calibration leaves to the variance: the part of the scores that it does not explain."""

    @property
    def width(self) -> int:
        """Number r of calibration variables."""
        ...

    def residuals(self, scores: Floats) -> Floats:
        """Scores (n, k) of the whole sample, less what the calibration variables explain."""
        ...

    def projection(self) -> tuple[Floats, Floats]:
        """Z and F (n, r) such that the residuals of scores w v are w (v - Z F'v)."""
        ...


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of the draw. Codes per row (n,); unit codes grow with stratum codes; sizes per stratum (H,)."""

    stratum: Integers
    unit: Integers
    sampled: Floats
    population: Floats  # inf: drawn with replacement, or population unknown: no finite population correction
    factor: Floats  # sampling fraction of the stages above, 1 at the first stage
    names: tuple[str, ...]

    @property
    def remaining(self) -> Floats:
        """Share of each stratum that was not drawn, exactly 0 for a take-all stratum; (H,)."""
        share = 1.0 - self.sampled / self.population
        return np.where(share < NEGLIGIBLE, 0.0, share)


@dataclass(frozen=True, eq=False)
class SurveyDesign:
    """Weights, stages of the draw and adjustments already made. Build it with `element`, `clustered` or `two_stage`."""

    weights: Floats
    stages: tuple[Stage, ...]
    lonely: Lonely = "fail"
    plan: Plan = "probabilite"
    adjustments: tuple[Adjustment, ...] = ()

    @classmethod
    def element(
        cls,
        *,
        weights: Any = None,
        strata: Labels | None = None,
        population: Mapping[Any, float] | Sequence[float] | Floats | None = None,
        lonely: Lonely = "fail",
        plan: Plan = "probabilite",
    ) -> SurveyDesign:
        """A stratified sample of elements. `population` is N_h by stratum or by row; `weights` defaults to N_h / n_h.

        Raises SurveyError: weights ≤ 0, N < n, a stratum without a population, nothing drawn.
        """
        return _one_stage(weights, strata, None, population, lonely, plan)

    @classmethod
    def clustered(
        cls,
        clusters: Labels,
        *,
        weights: Any = None,
        strata: Labels | None = None,
        population: Mapping[Any, float] | Sequence[float] | Floats | None = None,
        lonely: Lonely = "fail",
        plan: Plan = "probabilite",
    ) -> SurveyDesign:
        """A one-stage sample of clusters, every element of a drawn cluster observed; `population` counts clusters.

        Raises SurveyError as `element`, and when a cluster is in two strata.
        """
        return _one_stage(weights, strata, clusters, population, lonely, plan)

    def two_stage(self, population: Sequence[float] | Floats) -> SurveyDesign:
        """This cluster design when elements were drawn inside the clusters: `population` (n,) is each cluster's size.

        The variance then adds f_1 V_2 for every cluster (Särndal, Swensson, Wretman 1992, result 4.3.1).
        """
        first = self.stages[0]
        within = _stage(first.unit, None, tuple(f"grappe {i + 1}" for i in range(first.unit.max() + 1)), population)
        parents = np.empty(len(within.names), dtype=np.int64)
        parents[first.unit] = first.stratum
        factor = (first.sampled / first.population)[parents]
        return replace(self, stages=(first, replace(within, factor=factor)))

    @property
    def rows(self) -> int:
        """Number of units of the sample."""
        return len(self.weights)

    def degrees_of_freedom(self, rows: Integers | None = None) -> int:
        """Units drawn at the first stage less strata, among `rows` (Korn and Graubard 1999, chapter 5)."""
        stage = self.stages[0]
        chosen = slice(None) if rows is None else rows
        return len(np.unique(stage.unit[chosen])) - len(np.unique(stage.stratum[chosen]))

    def degrees_of_freedom_by_column(self, rows: Integers, answered: Flags) -> Integers:
        """`degrees_of_freedom` among the rows that answered, for each column of `answered` (len(rows), k)."""
        stage = self.stages[0]
        order = np.argsort(stage.unit[rows], kind="stable")
        flags = answered[order].astype(np.int64)
        present = [
            np.add.reduceat(flags, np.flatnonzero(np.diff(codes[rows][order], prepend=-1)), axis=0) > 0
            for codes in (stage.unit, stage.stratum)
        ]
        return np.asarray(present[0].sum(axis=0) - present[1].sum(axis=0), dtype=np.int64)

    def is_census(self, rows: Integers) -> bool:
        """Whether every stratum that `rows` touch was taken whole, at every stage."""
        return not self.partial(rows).any()

    def partial(self, rows: Integers) -> Flags:
        """Which of `rows` belong to a stratum that was not taken whole, at any stage."""
        flags = np.zeros(len(rows), dtype=np.bool_)
        for stage in self.stages:
            flags |= stage.remaining[stage.stratum[rows]] > 0
        return flags

    def covariance(self, scores: Floats, rows: Integers | None = None) -> Floats:
        """Covariance (k, k) of estimators whose linearised weighted values are `scores` (len(rows), k).

        Rows left out count as zeros. Raises SurveyError on a lonely stratum under `fail`, or when `average` has none to average.
        """
        size = scores.shape[1]
        total = np.zeros((size, size))
        for root in self._roots(scores, rows):
            total += root.T @ root
        return total

    def variances(self, scores: Floats, rows: Integers | None = None) -> Floats:
        """Diagonal (k,) of `covariance`, without the rest."""
        total = np.zeros(scores.shape[1])
        for root in self._roots(scores, rows):
            total += np.einsum("ij,ij->j", root, root)
        return np.where(total <= ROUNDING * np.einsum("ij,ij->j", scores, scores), 0.0, total)

    def _roots(self, scores: Floats, rows: Integers | None) -> list[Floats]:
        chosen = np.arange(self.rows, dtype=np.int64) if rows is None else rows
        if self.adjustments:
            whole = np.zeros((self.rows, scores.shape[1]))
            whole[chosen] = scores
            for adjustment in self.adjustments:
                whole = adjustment.residuals(whole)
            scores, chosen = whole, np.arange(self.rows, dtype=np.int64)
        return [root for stage in self.stages for root in _stage_roots(stage, scores, chosen, self.lonely)]


def collapse_strata(
    strata: Labels, population: Mapping[Any, float], groups: Mapping[Any, Sequence[Any]]
) -> tuple[list[Any], dict[Any, float]]:
    """Strata and population counts once each of `groups` (new name -> old strata) is one stratum.

    The choice of groups must not look at the answers (Cochran 1977, section 5A.12). Raises SurveyError on an unknown stratum.
    """
    renamed = {old: new for new, members in groups.items() for old in members}
    if unknown := sorted(str(old) for old in renamed if old not in population):
        raise SurveyError(f"Strate « {unknown[0]} » à regrouper, mais absente des effectifs de population.")
    merged: dict[Any, float] = {}
    for name, count in population.items():
        merged[renamed.get(name, name)] = merged.get(renamed.get(name, name), 0.0) + count
    return [renamed.get(name, name) for name in strata], merged


def _one_stage(
    weights: Any, strata: Labels | None, clusters: Labels | None, population: Any, lonely: Lonely, plan: Plan
) -> SurveyDesign:
    for what, given, allowed in (("Strates isolées", lonely, get_args(Lonely)), ("Plan", plan, get_args(Plan))):
        if given not in allowed:
            raise SurveyError(f"{what} : « {given} » inconnu. Choisir parmi : {', '.join(allowed)}.")
    known = next((given for given in (weights, strata, clusters) if given is not None), None)
    if known is None:
        raise SurveyError("Plan de sondage sans poids ni strates. Fournir au moins l'un des deux.")
    rows = len(known)
    if rows == 0:
        raise SurveyError("Plan de sondage vide : aucune unité répondante.")
    codes, names = encode(strata, rows, "Strate") if strata is not None else (np.zeros(rows, dtype=np.int64), ("",))
    stage = _stage(codes, clusters, names, population)
    if weights is None:
        if np.isinf(stage.population).any():
            raise SurveyError("Ni poids ni effectif de population : les poids ne peuvent pas être calculés.")
        weights = (stage.population / stage.sampled)[codes]
    return SurveyDesign(checked_weights(weights, rows), (stage,), lonely, plan)


def checked_weights(weights: Any, rows: int) -> Floats:
    """Weights (rows,), all finite and above zero. Raises SurveyError naming the first that is not."""
    array = numbers(weights, rows, "Poids")
    wrong = np.flatnonzero(~(array > 0))
    if wrong.size:
        raise SurveyError(
            f"Poids absent, nul ou négatif pour l'unité n° {wrong[0] + 1} ({wrong.size} en tout) : "
            "corriger les poids, ou écarter ces unités du plan."
        )
    return array


def _stage(codes: Integers, clusters: Labels | None, names: tuple[str, ...], population: Any) -> Stage:
    rows = len(codes)
    if clusters is None:
        unit = np.empty(rows, dtype=np.int64)
        unit[np.argsort(codes, kind="stable")] = np.arange(rows)
        sampled = np.bincount(codes, minlength=len(names))
    else:
        labels, cluster_names = encode(clusters, rows, "Grappe")
        pairs, unit = np.unique(codes * len(cluster_names) + labels, return_inverse=True)
        members, times = np.unique(pairs % len(cluster_names), return_counts=True)
        if (times > 1).any():
            twice = cluster_names[int(members[np.argmax(times > 1)])]
            raise SurveyError(f"La grappe « {twice} » figure dans deux strates. Corriger la strate ou la grappe.")
        unit = unit.reshape(-1)
        sampled = np.bincount(pairs // len(cluster_names), minlength=len(names))
    counts = _population(population, codes, names, rows)
    short = np.flatnonzero(counts < sampled * (1 - NEGLIGIBLE))
    if short.size:
        h = int(short[0])
        raise SurveyError(
            f"Strate « {names[h]} » : {sampled[h]} unités dans l'échantillon pour une population de {counts[h]:g}. "
            "Corriger l'effectif de la strate ou les doublons."
        )
    return Stage(codes, unit, sampled.astype(np.float64), counts, np.ones(len(names)), names)


def _population(population: Any, codes: Integers, names: tuple[str, ...], rows: int) -> Floats:
    if population is None:
        return np.full(len(names), np.inf)
    if isinstance(population, Mapping):
        by_name = {str(key): float(value) for key, value in population.items()}
        if missing := [name for name in names if not by_name.get(name, np.nan) > 0]:
            raise SurveyError(f"Strate « {missing[0]} » sans effectif de population. L'ajouter au plan de sondage.")
        return np.array([by_name[name] for name in names])
    values = numbers(population, rows, "Effectif de population")
    counts = np.zeros(len(names))
    counts[codes] = values
    wrong = np.flatnonzero(~(values > 0) | (counts[codes] != values))
    if wrong.size:
        raise SurveyError(
            f"Strate « {names[int(codes[wrong[0]])]} » : effectif de population absent, nul "
            "ou différent d'une unité à l'autre. Donner un seul effectif par strate."
        )
    return counts


def _stage_roots(stage: Stage, scores: Floats, rows: Integers, lonely: Lonely) -> list[Floats]:
    """Matrices whose cross products add up to the variance of this stage (Särndal et al. 1992, result 3.7.2).

    A lonely stratum (one unit drawn among several) has no variance of its own: refused, left out (`certainty`),
    centred at the mean of all strata that `rows` touch (`adjust`) or given the average of the others (`average`), as
    in R survey 4.5.
    """
    if rows.size == 0:
        return []
    unit = stage.unit[rows]
    if (np.diff(unit) < 0).any():
        order = np.argsort(unit, kind="stable")
        unit, rows, scores = unit[order], rows[order], scores[order]
    heads = np.flatnonzero(np.diff(unit, prepend=-1))
    totals = scores if len(heads) == len(unit) else np.add.reduceat(scores, heads, axis=0)
    stratum = stage.stratum[rows][heads]
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    present = stratum[starts]
    position = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(stratum)))

    drawn, remaining = stage.sampled[present], stage.remaining[present]
    alone = (drawn == 1) & (remaining > 0)
    if alone.any() and lonely == "fail":
        names = ", ".join(f"« {stage.names[h]} »" for h in present[alone])
        raise SurveyError(
            f"Une seule unité observée dans la strate {names} : variance impossible. "
            "Regrouper la strate, ou choisir « certainty », « adjust » ou « average »."
        )
    means = np.add.reduceat(totals, starts, axis=0) / drawn[:, None]
    means[alone] = totals.sum(axis=0) / drawn.sum() if lonely == "adjust" else 0.0
    scale = remaining * stage.factor[present] * np.where(drawn > 1, drawn / np.maximum(drawn - 1, 1), 1.0)
    if lonely != "adjust":
        scale[alone] = 0.0
    if lonely == "average" and alone.any():
        if alone.all():
            raise SurveyError(
                "Toutes les strates n'ont qu'une unité : aucune variance à moyenner. Regrouper des strates."
            )
        scale *= len(alone) / np.count_nonzero(~alone)
    observed = np.diff(starts, append=len(stratum))
    roots = (totals - means[position]) * np.sqrt(scale)[position, None]
    return [roots, means * np.sqrt(scale * (drawn - observed))[:, None]]
