"""The survey room on the size of the issue: 36,000 units, 200 questions, 60 domains, all shares with intervals."""

from __future__ import annotations

import resource
import shutil
import time

import numpy as np

from observatoire.survey import batch
from observatoire.survey.design import SurveyDesign

UNITS, QUESTIONS, DOMAINS, STRATA = 36_000, 200, 60, 15


def main() -> None:
    """Print the seconds taken with complete answers and with one answer in ten missing, and the peak memory."""
    chance = np.random.default_rng(20261123)
    strata = chance.integers(0, STRATA, UNITS)
    drawn = np.bincount(strata, minlength=STRATA)
    population = {int(h): int(n * chance.integers(2, 6)) for h, n in enumerate(drawn)}
    weights = np.array([population[int(h)] / drawn[h] for h in strata])
    design = SurveyDesign.element(weights=weights, strata=strata, population=population)
    answers = (chance.random((UNITS, QUESTIONS)) < chance.random(QUESTIONS) * 0.8 + 0.1).astype(float)
    domains = chance.integers(0, DOMAINS, UNITS)[None, :] == np.arange(DOMAINS)[:, None]
    for label, share in (("complete answers", 0.0), ("one answer in ten missing", 0.1)):
        given = answers.copy()
        given[chance.random(given.shape) < share] = np.nan
        start = time.perf_counter()
        shares = batch.proportions(design, given, domains, method="logit", missing="exclude")
        counted = sum(1 for _ in shares)
        print(f"{label}: {counted} shares with intervals in {time.perf_counter() - start:.1f} s (target: 10 s)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"peak memory: {peak:.0f} MiB; R on this machine: {'yes' if shutil.which('Rscript') else 'no, hence no ratio'}"
    )


if __name__ == "__main__":
    main()
