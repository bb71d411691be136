"""The draw: permanent random numbers, so that it can be repeated, and rotated from one edition to the next.

Each SIREN has one number for a given seed, the same at every edition. In a stratum the sample is the n_h units met first
when going up from a start, back to 0 after 1: a simple random sample without replacement (sequential SRSWOR: Ohlsson
1995, « Coordination of samples using permanent random numbers », in Business Survey Methods, chapter 9). Moving the start
forward, to the number of the first unit that stays, rotates the panel: by symmetry of the ranks every set of n_h units stays
as likely as another, and a unit born in the frame takes its place among the others with a number of its own.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from observatoire.errors import SurveyError
from observatoire.survey.sampling.frame import Frame, Unit


@dataclass(frozen=True)
class Selected:
    """A drawn authority. `probability` is n_h / N_h, `weight` its inverse; `kept` tells that the previous edition had it."""

    siren: str
    nom: str
    type: str
    strate: str
    number: float
    probability: float
    weight: float
    kept: bool


@dataclass(frozen=True)
class Draw:
    """One edition's sample in order of stratum then draw, with what is needed to repeat and to rotate it."""

    seed: str
    sample: tuple[Selected, ...]
    population: Mapping[str, int]
    starts: Mapping[str, float]

    @property
    def drawn(self) -> dict[str, int]:
        """n_h by stratum."""
        counts = dict.fromkeys(self.population, 0)
        for unit in self.sample:
            counts[unit.strate] += 1
        return counts

    @property
    def overlap(self) -> dict[str, int]:
        """Units of each stratum that the previous edition had drawn too."""
        counts = dict.fromkeys(self.population, 0)
        for unit in self.sample:
            counts[unit.strate] += unit.kept
        return counts


def permanent_number(siren: str, seed: str) -> float:
    """The number of a SIREN in [0, 1[: the first 52 bits of the SHA-256 of « seed|siren », the same on every machine."""
    return int(hashlib.sha256(f"{seed}|{siren}".encode()).hexdigest()[:13], 16) / 16**13


def draw(
    frame: Frame,
    allocation: Mapping[str, int],
    seed: str,
    starts: Mapping[str, float] | None = None,
    before: Iterable[str] = (),
) -> Draw:
    """n_h units of each stratum from `starts` (0 by default); `before` are the SIREN of the previous edition.

    Raises SurveyError when the allocation does not fit the frame.
    """
    known, begin, sizes = set(before), dict(starts or {}), frame.sizes
    if unknown := sorted(set(allocation) - sizes.keys()):
        raise SurveyError(f"Strate « {unknown[0]} » absente du cadre. Strates du cadre : {', '.join(sizes)}.")
    sample = []
    for stratum, units in _by_stratum(frame).items():
        size, count = len(units), allocation.get(stratum, 0)
        if not 0 <= count <= size:
            raise SurveyError(f"Strate « {stratum} » : {count} unités à tirer parmi {size}. Corriger l'allocation.")
        ordered = _in_turn(units, seed, begin.setdefault(stratum, 0.0))
        sample += [
            Selected(
                u.siren, u.nom, u.type, stratum, permanent_number(u.siren, seed), count / size, size / count,
                u.siren in known,
            )
            for u in ordered[:count]
        ]  # fmt: skip
    return Draw(seed, tuple(sample), sizes, {stratum: begin[stratum] for stratum in sizes})


def rotated_starts(previous: Draw, overlap: float) -> dict[str, float]:
    """Where the next edition starts in each stratum so that ceil(`overlap` n_h) of the previous units stay.

    The n_h - ceil(overlap n_h) units drawn first leave. In an unchanged frame with the same n_h the overlap is exactly
    that, unless the stratum is too small for those who leave not to come back (N_h < n_h + leavers). Take-all strata do not
    move. Raises SurveyError when `overlap` is outside [0, 1].
    """
    if not 0 <= overlap <= 1:
        raise SurveyError(f"Recouvrement {overlap:g} : donner une part entre 0 et 1, par exemple 0,75.")
    starts = dict(previous.starts)
    by_stratum: dict[str, list[Selected]] = defaultdict(list)
    for unit in previous.sample:
        by_stratum[unit.strate].append(unit)
    for stratum, units in by_stratum.items():
        leaving = len(units) - ceil(overlap * len(units) - 1e-9)
        if len(units) == previous.population[stratum] or leaving == 0:
            continue
        # With everyone leaving, the next start is just above the number of the last unit drawn.
        starts[stratum] = units[leaving].number if leaving < len(units) else _above(units[-1].number)
    return starts


def _above(number: float) -> float:
    return (number + 16.0**-13) % 1.0


def _by_stratum(frame: Frame) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {stratum: [] for stratum in frame.sizes}
    for unit in frame.units:
        found[unit.strate].append(unit)
    return found


def _in_turn(units: Iterable[Unit], seed: str, start: float) -> list[Unit]:
    numbered = sorted((permanent_number(unit.siren, seed), unit.siren, unit) for unit in units)
    return [unit for n, _, unit in numbered if n >= start] + [unit for n, _, unit in numbered if n < start]
