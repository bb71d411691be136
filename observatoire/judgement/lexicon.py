"""The terms that speak of AI, and those that only look like it: data/register/lexique_ia.yml."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from observatoire.errors import SpecError
from observatoire.sources.spec import Strict
from observatoire.storage import canonical_json
from observatoire.yaml_file import parse_yaml

FILE = "lexique_ia.yml"
Model = TypeVar("Model", bound=Strict)
Kind = Literal["fort", "faible", "contexte", "exclusion"]
SEEN: tuple[Kind, ...] = ("fort", "faible")  # without one of these, nothing else counts
GROUP = re.compile(r"\(([^()]*)\)")
INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


class Entry(Strict):
    """A term as the file holds it. `(x)` in a form is optional, `(a|b)` one of several.

    `exemple` is a text in which the term is found, `contre_exemple` one in which it is not.
    """

    terme: str
    variantes: tuple[str, ...] = ()
    genre: Kind
    poids: int = Field(ge=0, le=200)
    langue: Literal["fr", "en"] = "fr"
    exemple: str
    contre_exemple: str

    @model_validator(mode="after")
    def weighed(self) -> Entry:
        if (self.genre == "exclusion") != (self.poids == 0):
            raise ValueError("an exclusion weighs 0, and only an exclusion")
        return self

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Every way of writing the term, in normal form, shortest first."""
        written = itertools.chain.from_iterable(expand(text) for text in (self.terme, *self.variantes))
        return tuple(sorted({normalise(text).strip() for text in written}, key=lambda form: (len(form), form)))


class Thresholds(Strict):
    """From which score a text is judged « oui », from which it is given to an analyst, and what context may add."""

    oui: Annotated[int, Field(gt=0)]
    a_examiner: Annotated[int, Field(gt=0)]
    contexte_max: Annotated[int, Field(ge=0)]


class Lexicon(Strict):
    """The whole lexicon."""

    version: str
    seuils: Thresholds
    amorces: tuple[str, ...] = Field(min_length=1)
    termes: tuple[Entry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def coherent(self) -> Lexicon:
        if self.seuils.a_examiner >= self.seuils.oui:
            raise ValueError("seuils.a_examiner must be below seuils.oui")
        owners: dict[str, str] = {}
        starts = re.compile("|".join(map(re.escape, self.amorces)))
        for entry in self.termes:
            for form in entry.forms:
                if not form:
                    raise ValueError(f"{entry.terme}: an empty form")
                if form in owners:
                    raise ValueError(f"« {form} » is a form of {owners[form]} and of {entry.terme}")
                owners[form] = entry.terme
                if entry.genre in SEEN and not starts.search(f" {form} "):
                    raise ValueError(f"« {form} » ({entry.terme}) holds none of `amorces`: add one")
        return self

    def of(self, *kinds: Kind) -> list[Entry]:
        """The entries of these kinds, in the order of the file."""
        return [entry for entry in self.termes if entry.genre in kinds]

    def read_in(self, language: str) -> list[Entry]:
        """The entries that count in a text of this language: « ai » is no word of French, « IA » may stand in English."""
        return [entry for entry in self.termes if entry.langue in ("fr", language)]

    def starts_in(self, language: str) -> list[str]:
        """Those of `amorces` that an entry of this language needs."""
        forms = (f" {form} " for entry in self.read_in(language) if entry.genre in SEEN for form in entry.forms)
        text = "\n".join(forms)
        return [start for start in self.amorces if start in text]

    @property
    def facts(self) -> str:
        """What decides a judgement."""
        return canonical_json(self.model_dump())


@dataclass(frozen=True)
class Form:
    """One way of writing a term."""

    text: str
    entry: Entry


def forms_of(entries: list[Entry]) -> list[Form]:
    """Every form of the entries, longest first, so that « IA générative » is read before « IA »."""
    forms = [Form(text, entry) for entry in entries for text in entry.forms]
    return sorted(forms, key=lambda form: (-len(form.text), form.text))


def load_lexicon(register: Path) -> Lexicon:
    """The lexicon of a register. Raises SpecError naming the field when the file is wrong."""
    return read_model(register / FILE, Lexicon)


def read_model(path: Path, model: type[Model]) -> Model:
    """A file of the register as its model. Raises SpecError, in one line, when it cannot be read or is wrong."""
    try:
        found: Model = _checked(path.read_bytes(), model)
        return found
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise SpecError(f"data/register/{path.name} illisible. Restaurer ce fichier.") from error
    except ValidationError as error:
        details = " ; ".join(f"{'.'.join(map(str, item['loc']))} : {item['msg']}" for item in error.errors()[:3])
        raise SpecError(f"data/register/{path.name} invalide : {details}.") from error


@lru_cache(maxsize=8)
def _checked(content: bytes, model: type[Model]) -> Model:
    """A file read several times in one build is checked once: a lexicon takes a tenth of a second."""
    return model(**parse_yaml(content))


def expand(text: str) -> list[str]:
    """« caméra(s) (intelligente|augmentée)(s) » written in full: every combination, in order."""
    match = GROUP.search(text)
    if not match:
        return [text]
    choices = match.group(1).split("|") if "|" in match.group(1) else ["", match.group(1)]
    return [rest for choice in choices for rest in expand(text[: match.start()] + choice + text[match.end() :])]


def normalise(text: str) -> str:
    """The normal form of a text, as the macro `texte_normalise` makes it: « L’IA » gives « l ia » between two spaces.

    Letters without case nor accents, ligatures undone, everything else than letters and digits one space. A destroyed
    character (U+FFFD) is read as « e », the letter that bears most accents in French.
    """
    lowered = INVISIBLE.sub("", text).replace("\ufffd", "e").lower().replace("œ", "oe").replace("æ", "ae")
    bare = "".join(c for c in unicodedata.normalize("NFD", lowered) if unicodedata.category(c)[0] != "M")
    return " " + re.sub("[^a-z0-9]+", " ", bare).strip() + " "
