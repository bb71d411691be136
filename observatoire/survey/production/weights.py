"""From respondents to weights: the draw, non-response within groups, known margins. The design keeps what each step did."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from observatoire.errors import SurveyError
from observatoire.storage import write_atomically
from observatoire.survey.arrays import Flags, Floats
from observatoire.survey.calibration import post_stratify, rake
from observatoire.survey.design import SurveyDesign
from observatoire.survey.intake.codebook import Codebook
from observatoire.survey.production.respondents import Respondents
from observatoire.survey.sampling.draw import Draw
from observatoire.survey.weighting import STRATUM

FILE = "poids.csv"


@dataclass(frozen=True, eq=False)
class Weighted:
    """The design of the respondents, the three factors of each weight (n,), how they were made (in French).

    `exhaustive` (n,) flags respondents of a stratum taken whole: their answers can be read from a unanimous share.
    """

    design: SurveyDesign
    draw: Floats
    response: Floats
    calibration: Floats
    exhaustive: Flags
    method: str


def weigh(people: Respondents, codebook: Codebook) -> Weighted:
    """The weights that the codebook asks for.

    With a draw: N_h / n_h, times what each response group lost, calibrated on the margins. Without one everybody weighs 1
    before calibration. Raises SurveyError: a group where nobody answered, a margin without respondents, no convergence.
    """
    steps = []
    if people.drawn is None and codebook.plan == "recensement" and codebook.strata:
        design = _of_census(people, codebook)
        base, response = np.ones(design.rows), design.weights
        steps.append("recensement, non-réponse corrigée par strate")
    elif people.drawn is None:
        design = SurveyDesign.element(weights=np.ones(len(people.sirens)), plan=codebook.plan)
        base, response = np.ones(design.rows), np.ones(design.rows)
        steps.append("sans pondération de tirage")
    else:
        base, response, strata, population = _of_draw(people, people.drawn, codebook)
        design = SurveyDesign.element(
            weights=base * response, strata=strata, population=population, lonely=codebook.weighting.lonely,
            plan=codebook.plan,
        )  # fmt: skip
        groups = "par groupes de strates" if codebook.weighting.response_groups else "par strate"
        steps.append(f"poids de tirage, non-réponse corrigée {groups}")
    before = design.weights
    design = _calibrated(design, people, codebook)
    if codebook.weighting.margins:
        steps.append(f"calage sur {', '.join(margin.by for margin in codebook.weighting.margins)}")
    return Weighted(design, base, response, design.weights / before, _exhaustive(people, codebook), ", ".join(steps))


def write_weights(folder: Path, people: Respondents, weighted: Weighted) -> Path:
    """Write each respondent's weight and its factors in the restricted folder; the file's path."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("siren", "strate", "poids_tirage", "facteur_reponse", "facteur_calage", "poids"))
    columns = (weighted.draw, weighted.response, weighted.calibration, weighted.design.weights)
    for i, (siren, stratum) in enumerate(zip(people.sirens, people.strata, strict=True)):
        writer.writerow((siren, stratum, *(repr(float(column[i])) for column in columns)))
    write_atomically(folder / FILE, out.getvalue())
    return folder / FILE


def response_rates(people: Respondents) -> dict[str, tuple[int, int, int]]:
    """By stratum of the draw: respondents, units drawn, units of the frame. Empty without a draw."""
    if people.drawn is None:
        return {}
    answered, drawn = Counter(people.strata), people.drawn.drawn
    return {h: (answered[h], drawn[h], count) for h, count in people.drawn.population.items()}


def _of_draw(
    people: Respondents, drawn: Draw, codebook: Codebook
) -> tuple[Floats, Floats, list[str], dict[str, float]]:
    """Draw weights, response factors, strata of the variance and their populations."""
    rules = codebook.weighting
    merged = {old: new for new, members in rules.collapse.items() for old in members}
    strata = [merged.get(h, h) for h in people.strata]
    population: dict[str, float] = {}
    for h, count in drawn.population.items():
        if drawn.drawn[h]:
            population[merged.get(h, h)] = population.get(merged.get(h, h), 0.0) + count
    group_of = {h: g for g, members in rules.response_groups.items() for h in members}
    asked, given = defaultdict[str, float](float), defaultdict[str, float](float)
    for unit in drawn.sample:
        asked[group_of.get(unit.strate, merged.get(unit.strate, unit.strate))] += unit.weight
    weight = {unit.siren: unit.weight for unit in drawn.sample}
    groups = [group_of.get(h, merged.get(h, h)) for h in people.strata]
    for siren, group in zip(people.sirens, groups, strict=True):
        given[group] += weight[siren]
    if silent := sorted(set(asked) - set(given)):
        raise SurveyError(
            f"{codebook.name} {codebook.edition} : personne n'a répondu dans « {silent[0]} ». "
            "Relancer ces collectivités, ou regrouper la strate avec une autre (`weighting: collapse`)."
        )
    base = np.array([weight[siren] for siren in people.sirens])
    return base, np.array([asked[g] / given[g] for g in groups]), strata, population


def _of_census(people: Respondents, codebook: Codebook) -> SurveyDesign:
    """Everybody was asked: those who answered stand for their stratum, as if non-response had drawn them."""
    merged = {old: new for new, members in codebook.weighting.collapse.items() for old in members}
    if "" in people.strata:
        raise SurveyError(
            f"{codebook.name} {codebook.edition} : strate inconnue pour des répondants. Donner le cadre avec --cadre."
        )
    population: dict[str, float] = {}
    for stratum in codebook.strata:
        name = merged.get(stratum.code, stratum.code)
        population[name] = population.get(name, 0.0) + stratum.population
    strata = [merged.get(h, h) for h in people.strata]
    return SurveyDesign.element(
        strata=strata, population=population, lonely=codebook.weighting.lonely, plan=codebook.plan
    )


def _calibrated(design: SurveyDesign, people: Respondents, codebook: Codebook) -> SurveyDesign:
    margins = codebook.weighting.margins
    if not margins:
        return design
    labels = [people.category(margin.by) for margin in margins]
    totals: list[Mapping[str, float]] = [margin.totals for margin in margins]
    for margin, values in zip(margins, labels, strict=True):
        if "" in values:
            raise SurveyError(
                f"{codebook.name} {codebook.edition} : {values.count('')} répondants sans « {margin.by} » : "
                "le calage demande une valeur pour chacun. Retirer cette marge ou compléter les réponses."
            )
    return post_stratify(design, labels[0], totals[0]) if len(margins) == 1 else rake(design, labels, totals)


def _exhaustive(people: Respondents, codebook: Codebook) -> Flags:
    whole = {stratum.code for stratum in codebook.strata if stratum.take_all}
    if people.drawn is not None:
        whole |= {h for h, count in people.drawn.drawn.items() if count == people.drawn.population[h]}
    everybody = codebook.plan == "recensement"
    return np.array([everybody or h in whole for h in people.category(STRATUM)], dtype=np.bool_)
