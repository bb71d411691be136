"""The survey room on the size of the issue: 36,000 units, 200 questions, 60 domains, all shares with intervals."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from observatoire.survey import batch
from observatoire.survey.arrays import Floats
from observatoire.survey.design import SurveyDesign

UNITS, QUESTIONS, DOMAINS, STRATA = 36_000, 200, 60, 15
R_QUESTIONS = 4  # R takes them one by one: a few are enough for a ratio


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
        taken = time.perf_counter() - start
        print(f"{label}: {counted} shares with intervals in {taken:.1f} s (target: 10 s)")
        if not share:
            size = np.array([population[int(h)] for h in strata])
            columns = np.column_stack([strata, size, weights, domains.argmax(axis=0), answers[:, :R_QUESTIONS]])
            print(against_r(columns, taken / counted))
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def against_r(columns: Floats, ours: float) -> str:
    """How many times longer R's survey package takes for one share, on a few of them; `ours` is in seconds a share."""
    if not shutil.which("Rscript"):
        return "R is not on this machine: no ratio"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "units.csv"
        heads = ["h", "N", "w", "d", *(f"q{i + 1}" for i in range(R_QUESTIONS))]
        np.savetxt(path, columns, delimiter=",", header=",".join(heads), comments="", fmt="%.17g")
        script = Path(__file__).with_name("survey.R")
        done = subprocess.run(["Rscript", str(script), str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        return "R is there, its survey package is not: no ratio"
    seconds, cells = done.stdout.split()
    return f"R survey: {float(seconds) / int(cells):.3f} s a share on {cells} of them, {float(seconds) / int(cells) / ours:.0f} times ours"


if __name__ == "__main__":
    main()
