"""What a codebook says of weights: lonely strata, response groups, known margins, intervals, smaller bases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from observatoire.sources.transport import Strict

Code = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
TYPE, STRATUM = "type", "strate"  # columns of the sample that a margin or a domain may name, beside questions


class Margin(Strict):
    """Known numbers of authorities by category of `by`: « strate », « type » or a question with one choice."""

    by: Code
    totals: dict[Code, float] = Field(min_length=1)


class Weighting(Strict):
    """How respondents stand for the population.

    Within a response group (strata that answered alike; each stratum when left out) those who answered stand for those
    who did not (Särndal, Swensson, Wretman 1992, section 15.6.2). `collapse` merges strata (new name: old ones) too small for a variance.
    One margin is post-stratified, several are raked. `lonely`, `interval` and `level` are those of the survey room.
    """

    lonely: Literal["fail", "certainty", "adjust", "average"] = "fail"
    collapse: dict[Code, tuple[Code, ...]] = Field(default_factory=dict)
    response_groups: dict[Code, tuple[Code, ...]] = Field(default_factory=dict)
    margins: tuple[Margin, ...] = ()
    interval: Literal["logit", "beta", "xlogit", "mean", "wilson", "likelihood", "asin"] = "logit"
    level: float = Field(0.95, gt=0.5, lt=1)

    @model_validator(mode="after")
    def coherent(self) -> Weighting:
        for what, groups in (("collapse", self.collapse), ("response_groups", self.response_groups)):
            members = [stratum for group in groups.values() for stratum in group]
            if twice := sorted({stratum for stratum in members if members.count(stratum) > 1}):
                raise ValueError(f"{what} : la strate « {twice[0]} » est dans deux groupes")
        return self


class Base(Strict):
    """A smaller population on which every total is given too (« hors communes de moins de 3 500 habitants »)."""

    code: Code
    label: str
    strata: tuple[Code, ...] = Field(min_length=1)
