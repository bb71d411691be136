"""The codebook of a survey (data/register/enquetes/NAME.yml): what is asked, what is kept, how it is counted.

Only the questions named here are kept; a question of free text cannot be one of them. Codes are those of the form tool.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from observatoire.sources.transport import Strict
from observatoire.survey.weighting import STRATUM, TYPE, Base, Weighting

__all__ = ["Answer", "Codebook", "Condition", "FileMapping", "Indicator", "Question", "Stratum"]

OTHER = "-oth-"
OTHER_LABEL = "Autre"
TICKED = "Y"
YES_NO = {"Y": "Oui", "N": "Non"}
CODE = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
FICTITIOUS = "DONNÉES FICTIVES"


def _text(value: Any) -> Any:
    """YAML reads 2026 and 1 as numbers: here they are codes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]
Code = Annotated[str, BeforeValidator(_text), Field(pattern=CODE)]
Labels = dict[Text, Text]
Kind = Literal["code", "coche", "nombre", "date"]
QuestionType = Literal[
    "oui_non", "choix_unique", "choix_multiple", "grille", "grille_double", "grille_nombres", "classement", "nombre",
    "nombres", "date",
]  # fmt: skip
KINDS: dict[str, Kind] = {
    "choix_multiple": "coche", "nombre": "nombre", "nombres": "nombre", "grille_nombres": "nombre", "date": "date",
}  # fmt: skip
PARTED = ("choix_multiple", "grille", "grille_double", "grille_nombres", "classement", "nombres")
WITH_CHOICES = ("choix_unique", "grille", "grille_double", "classement")


@dataclass(frozen=True)
class Answer:
    """One cell of a questionnaire: the answer to a question, or to one of its sub-questions.

    `part` is empty for a question in one piece; « SQ001 » for a sub-question, « SQ001_Y25 » in a grid of numbers,
    « SQ001_1 » and « SQ001_2 » in a grid with two scales, « 1 » for the first place of a ranking, « other » for « Autre ».
    `choices` maps each code that may be answered to its label (empty for numbers and dates).
    """

    question: str
    part: str
    kind: Kind
    choices: Mapping[str, str] = field(compare=False)

    @property
    def name(self) -> str:
        """IA01 or IA02[SQ001]."""
        return f"{self.question}[{self.part}]" if self.part else self.question


class Condition(Strict):
    """True when the answer to `question` (to any of `parts`, when it has some) is among `values`.

    `values` may be left out for a question with several ticks: it is then « ticked ».
    """

    question: Text
    parts: tuple[Text, ...] = ()
    values: tuple[Text, ...] = ()


class Question(Strict):
    """A question that is kept. `label` is its wording, `parts` its sub-questions, `choices` its codes and labels.

    `scale_1`, `scale_2` are the codes of the two scales of a grille_double; `other` says that « Autre » is offered (its text is
    never kept). `shown_if` is the filter: always shown when left out, « inconnu » when the codebook cannot say it.
    """

    code: Code
    label: str
    en: str | None = None
    type: QuestionType
    theme: str | None = None
    parts: Labels = Field(default_factory=dict)
    choices: Labels = Field(default_factory=dict)
    scale_1: Labels = Field(default_factory=dict)
    scale_2: Labels = Field(default_factory=dict)
    other: bool = False
    shown_if: tuple[Condition, ...] | Literal["inconnu"] = ()

    @model_validator(mode="after")
    def coherent(self) -> Question:
        if (self.type in PARTED) != bool(self.parts):
            what = "a besoin de `parts`" if self.type in PARTED else "n'a pas de `parts`"
            raise ValueError(f"{self.code} : une question de type {self.type} {what}")
        double = self.type == "grille_double"
        if double != bool(self.scale_1 and self.scale_2):
            raise ValueError(f"{self.code} : `scale_1` et `scale_2` vont avec le type grille_double, et lui seul")
        if (self.type in WITH_CHOICES and not double) != bool(self.choices):
            raise ValueError(f"{self.code} : `choices` va avec les types choix_unique, grille et classement")
        if self.other and self.type not in ("choix_unique", "choix_multiple"):
            raise ValueError(f"{self.code} : `other` va avec choix_unique et choix_multiple")
        return self

    @property
    def kind(self) -> Kind:
        """How a cell of this question is read."""
        return KINDS.get(self.type, "code")

    @property
    def codes(self) -> dict[str, str]:
        """Codes that may be answered, with their labels (empty for numbers and dates)."""
        if self.type == "oui_non":
            return dict(YES_NO)
        if self.type == "choix_multiple":
            return {TICKED: "Oui"}
        if self.type == "grille_double":
            return {**self.scale_1, **self.scale_2}
        return {**self.choices, **({OTHER: OTHER_LABEL} if self.other else {})}

    def answers(self) -> Iterator[Answer]:
        """Its cells, in the order of the questionnaire."""
        if self.type == "grille_double":
            for part in self.parts:
                yield Answer(self.code, f"{part}_1", "code", self.scale_1)
                yield Answer(self.code, f"{part}_2", "code", self.scale_2)
            return
        for part in self.parts or ("",):
            yield Answer(self.code, part, self.kind, self.codes)
        if self.other and self.type == "choix_multiple":
            yield Answer(self.code, "other", "coche", self.codes)


class Dropped(Strict):
    """A column that is known and never kept (free text, name, address). `label` is its wording, for exports with texts."""

    code: Text
    label: str | None = None
    parts: Labels = Field(default_factory=dict)


class Stratum(Strict):
    """A stratum of the draw: `code` as in the frame, `population` the number of authorities in it."""

    code: Text
    label: str
    population: int = Field(gt=0)
    take_all: bool = False


class Indicator(Strict):
    """A figure of this edition. `code` is a definition of data/register/definitions.yml (wording, unit, comparability).

    proportion: share of the authorities of `among` that satisfy all of `counted`. moyenne, total: of the number
    `value` (IA08[SQ001_Y25]). `non_response` says what becomes of an authority that was asked and did not answer:
    « exclue » leaves the denominator, « au_denominateur » counts it there as a no. `domains`: each is a list of « type »,
    « strate » or codes of questions, crossed.
    """

    code: Code
    measure: Literal["proportion", "moyenne", "total"] = "proportion"
    counted: tuple[Condition, ...] = ()
    value: Text | None = None
    among: tuple[Condition, ...] = ()
    non_response: Literal["exclue", "au_denominateur"]
    domains: tuple[tuple[Text, ...], ...] = ()

    @model_validator(mode="after")
    def coherent(self) -> Indicator:
        if (self.measure == "proportion") != bool(self.counted):
            raise ValueError(f"{self.code} : `counted` va avec la mesure proportion, et elle seule")
        if (self.measure == "proportion") == (self.value is not None):
            raise ValueError(f"{self.code} : `value` va avec les mesures moyenne et total, et elles seules")
        if self.measure != "proportion" and self.non_response != "exclue":
            raise ValueError(
                f"{self.code} : une non-réponse n'a pas de valeur, `non_response: exclue` pour {self.measure}"
            )
        return self


class FieldDates(Strict):
    """First and last day of the field."""

    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def ordered(self) -> FieldDates:
        if self.end < self.start:
            raise ValueError("le terrain finit avant de commencer")
        return self


class LimeSurvey(Strict):
    """Where the form is. The account comes from OBSERVATOIRE_LIMESURVEY_USER and OBSERVATOIRE_LIMESURVEY_PASSWORD."""

    url: str = Field(pattern=r"^(https://[^/\s@]+|http://(localhost|127\.0\.0\.1)(:\d+)?)/\S*$")
    survey: int = Field(gt=0)
    language: str = "fr"
    page: int = Field(500, ge=1, le=100_000)


class MappedColumn(Strict):
    """A column of a file of another tool. `split` parts the labels of a question with several ticks (« , »)."""

    column: str
    split: str | None = None


class FileMapping(Strict):
    """How the file of another form tool (Framaforms, Sphinx, Google Forms, Grist) is read.

    `columns` maps an answer (IA01, IA02[SQ001], or IA02 with `split`) to a column. `id` is the column that names a
    response (its rank when left out), `token` the respondent's, `date` the day, read with `date_format` (strptime),
    `complete` the values of a column that say that a response is complete (all are, when left out).
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "cp1252"] = "utf-8"
    sheet: str | None = None
    siren: str
    id: str | None = None
    token: str | None = None
    date: str | None = None
    date_format: str = "%Y-%m-%d"
    complete: Condition | None = None
    columns: dict[Text, MappedColumn]

    @field_validator("columns", mode="before")
    @classmethod
    def bare_names(cls, value: Any) -> Any:
        """A column may be written as its bare name."""
        return (
            {k: {"column": v} if isinstance(v, str) else v for k, v in value.items()}
            if isinstance(value, dict)
            else value
        )


class Codebook(Strict):
    """One edition of one survey. `name` and `edition` name the folder of its answers in data/restricted/enquetes.

    `siren` is the code of the question (or the column of the participants table, such as attribute_1) that holds the
    SIREN, `siren_label` its wording. `plan` is how respondents came. `empty_cells` says what an empty cell means in an export that does not tell
    « not shown » from « not answered »: « inconnues » (nothing is guessed), or « filtre » (the filters of the
    codebook decide for complete responses, which supposes that answers were given through the form).
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str
    edition: Code
    fictitious: bool = False
    producer: str
    plan: Literal["probabilite", "auto_selection", "recensement"]
    field: FieldDates
    frame_vintage: Text | None = None
    keep_until: dt.date | None = None
    siren: Text
    siren_label: str | None = None
    one_per_authority: bool = True
    empty_cells: Literal["inconnues", "filtre"] = "inconnues"
    strata: tuple[Stratum, ...] = ()
    weighting: Weighting = Weighting()
    bases: tuple[Base, ...] = ()
    questions: tuple[Question, ...] = Field(min_length=1)
    dropped: tuple[Dropped, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    limesurvey: LimeSurvey | None = None
    mappings: dict[str, FileMapping] = Field(default_factory=dict)

    @model_validator(mode="after")
    def coherent(self) -> Codebook:
        if self.fictitious and not (self.title.startswith(FICTITIOUS) and self.description.startswith(FICTITIOUS)):
            raise ValueError(f"une enquête fictive commence son titre et sa description par « {FICTITIOUS} »")
        if self.plan == "probabilite" and not self.strata:
            raise ValueError("un plan probabilite a besoin de `strata` et de leurs populations")
        _distinct("questions", [question.code for question in self.questions] + [item.code for item in self.dropped])
        _distinct("strata", [stratum.code for stratum in self.strata])
        _distinct("indicators", [indicator.code for indicator in self.indicators])
        if self.siren in self.by_code:
            raise ValueError(f"{self.siren} : le SIREN est la clé, pas une question gardée : l'ôter de `questions`")
        for question in self.questions:
            if question.shown_if != "inconnu":
                self._check_conditions(f"{question.code}, shown_if", question.shown_if)
        for indicator in self.indicators:
            self._check_indicator(indicator)
        self._check_weighting()
        for name, mapping in self.mappings.items():
            self._check_mapping(name, mapping)
        return self

    @property
    def by_code(self) -> dict[str, Question]:
        """Kept questions by code."""
        return {question.code: question for question in self.questions}

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every kept cell, in the order of the questionnaire."""
        return tuple(answer for question in self.questions for answer in question.answers())

    def _check_indicator(self, indicator: Indicator) -> None:
        self._check_conditions(f"{indicator.code}, counted", indicator.counted)
        self._check_conditions(f"{indicator.code}, among", indicator.among)
        numbers = {answer.name for answer in self.answers if answer.kind == "nombre"}
        if indicator.value is not None and indicator.value not in numbers:
            raise ValueError(f"{indicator.code} : « {indicator.value} » n'est pas une réponse en nombre de l'enquête")
        for name in {name for domain in indicator.domains for name in domain} - {TYPE, STRATUM}:
            if name not in self.by_code or self.by_code[name].type not in ("oui_non", "choix_unique"):
                raise ValueError(
                    f"{indicator.code}, domains : « {name} » n'est ni type, ni strate, ni une question à un choix"
                )

    def _check_weighting(self) -> None:
        known = {stratum.code for stratum in self.strata}
        named = [("bases", item.strata) for item in self.bases]
        for groups in (self.weighting.collapse, self.weighting.response_groups):
            named += [("weighting", members) for members in groups.values()]
        for where, strata in named:
            if unknown := [code for code in strata if code not in known]:
                raise ValueError(f"{where} : « {unknown[0]} » n'est pas dans `strata`")
        for name in {margin.by for margin in self.weighting.margins} - {TYPE, STRATUM}:
            if name not in self.by_code or self.by_code[name].type not in ("oui_non", "choix_unique"):
                raise ValueError(f"margins : « {name} » n'est ni type, ni strate, ni une question à un choix")

    def _check_conditions(self, where: str, conditions: Sequence[Condition]) -> None:
        for condition in conditions:
            question = self.by_code.get(condition.question)
            if question is None:
                raise ValueError(f"{where} : la question « {condition.question} » n'est pas dans `questions`")
            known = {answer.part for answer in question.answers() if answer.part}
            if wrong := [part for part in condition.parts if part not in known]:
                raise ValueError(f"{where} : « {wrong[0]} » n'est pas une partie de {question.code}")
            if wrong := [value for value in condition.values if value not in question.codes]:
                raise ValueError(f"{where} : « {wrong[0]} » n'est pas une réponse possible à {question.code}")
            if not condition.values and question.type != "choix_multiple":
                raise ValueError(f"{where} : `values` est attendu pour {question.code}")
            if known and not condition.parts and question.type != "choix_multiple":
                raise ValueError(f"{where} : `parts` est attendu pour {question.code}")

    def _check_mapping(self, name: str, mapping: FileMapping) -> None:
        known = {answer.name for answer in self.answers}
        for target, column in mapping.columns.items():
            parted = (
                column.split is not None and target in self.by_code and self.by_code[target].type == "choix_multiple"
            )
            if target not in known and not parted:
                raise ValueError(f"mappings {name} : « {target} » n'est pas une réponse gardée")


def _distinct(where: str, codes: Sequence[str]) -> None:
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise ValueError(f"{where} : « {repeated[0]} » est écrit deux fois")


def ticked(condition: Condition) -> tuple[str, ...]:
    """The values that satisfy a condition."""
    return condition.values or (TICKED,)


def plain_label(text: str) -> str:
    """A wording without markup, entities, doubled spaces or case: what two exports of one question have in common."""
    bare = re.sub(r"<[^>]*>", " ", html.unescape(text))
    return " ".join(html.unescape(bare).split()).casefold()
