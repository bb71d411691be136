"""The figures of an edition: each indicator of the codebook, for the whole, the smaller bases and the domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from observatoire.errors import SpecError, SurveyError
from observatoire.survey import estimators
from observatoire.survey.arrays import Flags, Floats
from observatoire.survey.estimators import Estimate
from observatoire.survey.intake.codebook import Codebook, Condition, Indicator
from observatoire.survey.production.respondents import Respondents
from observatoire.survey.production.weights import Weighted
from observatoire.survey.weighting import STRATUM, TYPE

if TYPE_CHECKING:
    from observatoire.figures.definitions import Definition

CROSS = " × "
BASE = "base"  # the breakdown that smaller bases appear under
TREATMENT = {
    "exclue": "ayant répondu à la question",
    "au_denominateur": "les non-réponses comptant comme des non",
}


@dataclass(frozen=True)
class Domain:
    """A part of the respondents. `codes` name it from one edition to the next, `labels` for the reader; both empty: all."""

    breakdown: tuple[str, ...]
    codes: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Breakdown and codes, as one row of a table names them."""
        return CROSS.join(self.breakdown), CROSS.join(self.codes)

    @property
    def label(self) -> str:
        """For a reader: « strate = Régions », empty for the whole."""
        return f"{CROSS.join(self.breakdown)} = {CROSS.join(self.labels)}" if self.breakdown else ""


@dataclass(frozen=True, eq=False)
class Variable:
    """What an indicator measures on each respondent (n,): NaN without an answer; `base` flags who it speaks of."""

    indicator: Indicator
    values: Floats
    base: Flags

    @property
    def counted(self) -> Flags:
        """Who enters the denominator (n,)."""
        return self.base & ~np.isnan(self.values)


@dataclass(frozen=True, eq=False)
class Figure:
    """One estimate with who is behind it. Values are in the indicator's unit, a share between 0 and 1.

    `rows` (n,) flags the respondents that enter it, `values` (n,) is what each brings. `definition` is that of the register.
    """

    definition: Definition
    indicator: Indicator
    domain: Domain
    base_label: str
    estimate: Estimate
    rows: Flags
    values: Floats

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.indicator.code} {self.domain.label}".strip()

    @property
    def yes(self) -> int:
        """Respondents that the numerator counts, unweighted."""
        return int((self.values[self.rows] > 0).sum())


def figures(
    people: Respondents, weighted: Weighted, codebook: Codebook, definitions: Mapping[str, Definition]
) -> list[Figure]:
    """Every figure that the codebook asks for, in its order: whole, smaller bases, domains.

    Raises SpecError when an indicator is not defined in the register, SurveyError as the estimators.
    """
    found = []
    for indicator in codebook.indicators:
        definition = definitions.get(indicator.code)
        if definition is None or definition.measure != "enquete":
            raise SpecError(
                f"Enquête {codebook.name} : « {indicator.code} » n'est pas une définition d'enquête. "
                "L'ajouter à data/register/definitions.yml (measure: enquete)."
            )
        variable = measured(people, indicator)
        base = f"{definition.fr.base}, {TREATMENT[indicator.non_response]}"
        for domain, flags in domains(people, codebook, indicator):
            rows = variable.counted & flags
            label = f"{base} ; {domain.labels[0]}" if domain.breakdown == (BASE,) else base
            estimate = _estimate(weighted, variable, rows, codebook)
            found.append(Figure(definition, indicator, domain, label, estimate, rows, np.nan_to_num(variable.values)))
    return found


def measured(people: Respondents, indicator: Indicator) -> Variable:
    """The variable of an indicator: 0, 1 or NaN for a share, a number otherwise."""
    base = np.ones(len(people.sirens), dtype=np.bool_)
    for condition in indicator.among:
        base &= people.condition(condition) == 1
    if indicator.value is not None:
        return Variable(indicator, people.number(indicator.value), base)
    values = _all(people, indicator.counted)
    if indicator.non_response == "au_denominateur":
        values = np.where(np.isnan(values), 0.0, values)
    return Variable(indicator, values, base)


def domains(people: Respondents, codebook: Codebook, indicator: Indicator) -> Iterator[tuple[Domain, Flags]]:
    """The whole, the smaller bases, then each category of each breakdown that the codebook knows, with its flags (n,)."""
    _refuse_unplaced(people, codebook, indicator)
    strata = np.array(people.category(STRATUM))
    yield Domain((), (), ()), np.ones(len(people.sirens), dtype=np.bool_)
    for base in codebook.bases:
        yield Domain((BASE,), (base.code,), (base.label,)), np.isin(strata, base.strata)
    for breakdown in indicator.domains:
        columns = [np.array(people.category(name)) for name in breakdown]
        for codes, labels in _categories(people, codebook, breakdown):
            flags = np.ones(len(people.sirens), dtype=np.bool_)
            for column, code in zip(columns, codes, strict=True):
                flags &= column == code
            yield Domain(breakdown, codes, labels), flags


def _refuse_unplaced(people: Respondents, codebook: Codebook, indicator: Indicator) -> None:
    """Raise SurveyError when a breakdown needs a stratum or a type that respondents do not have."""
    asked = {name for breakdown in indicator.domains for name in breakdown} & {STRATUM, TYPE}
    for name in sorted(asked | ({STRATUM} if codebook.bases else set())):
        if "" in people.category(name):
            raise SurveyError(
                f"{codebook.name} {codebook.edition} : « {name} » demandé, mais inconnu pour des répondants. "
                f"Donner un cadre qui a cette colonne avec --cadre, ou ôter « {name} » du livre de codes."
            )


def _all(people: Respondents, conditions: Sequence[Condition]) -> Floats:
    """1 where all conditions are met, 0 where one is not, NaN where that cannot be told."""
    columns = np.array([people.condition(condition) for condition in conditions])
    unknown = np.isnan(columns)
    met = np.where((columns == 0).any(axis=0), 0.0, np.where(unknown.any(axis=0), np.nan, 1.0))
    return np.asarray(met, dtype=np.float64)


def _categories(
    people: Respondents, codebook: Codebook, breakdown: tuple[str, ...]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Codes and labels of a breakdown, those of the codebook in its order even when nobody is in them; crossings observed."""
    known = [_codes(people, codebook, name) for name in breakdown]
    if len(known) == 1:
        return [((code,), (label,)) for code, label in known[0].items()]
    observed = set(zip(*(people.category(name) for name in breakdown), strict=True))
    crossed: list[tuple[str, ...]] = [()]
    for codes in known:
        crossed = [(*before, code) for before in crossed for code in codes]
    return [
        (codes, tuple(labels[code] for labels, code in zip(known, codes, strict=True)))
        for codes in crossed
        if codes in observed
    ]


def _codes(people: Respondents, codebook: Codebook, name: str) -> dict[str, str]:
    if name == STRATUM and codebook.strata:
        return {stratum.code: stratum.label for stratum in codebook.strata}
    if name in codebook.by_code:
        return codebook.by_code[name].codes
    return {code: code for code in sorted(set(people.category(name))) if code}


def _estimate(weighted: Weighted, variable: Variable, rows: Flags, codebook: Codebook) -> Estimate:
    level, design = codebook.weighting.level, weighted.design
    if variable.indicator.measure == "proportion":
        method = codebook.weighting.interval
        return estimators.proportion(design, variable.values, rows, method=method, level=level)
    if variable.indicator.measure == "moyenne":
        return estimators.mean(design, variable.values, rows, level=level)
    found = estimators.total(design, variable.values, rows, level=level)
    return replace(found, value=None, low=None, high=None) if found.n == 0 else found
