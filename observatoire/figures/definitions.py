"""The definitions of indicators (data/register/definitions.yml) and the rows that enter each of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from observatoire.errors import SpecError
from observatoire.sources.spec import Strict
from observatoire.sql_text import literal
from observatoire.storage import canonical_json
from observatoire.yaml_file import line_of, read_yaml

FILE = "definitions.yml"
CROSS = " × "
ROWS = ("table", "key", "counted", "among", "unit_of")  # what says which rows enter a figure


class Wording(Strict):
    """What an indicator says in one language; `base` is the population it speaks of."""

    label: str
    definition: str
    base: str


class Definition(Strict):
    """One indicator, computed from the rows of `table`.

    `counted` (a predicate) keeps the numerator, `among` the denominator. `measure` says how they become a value:
    nombre (rows), distincts (distinct `unit_of`), part (share of rows), mediane (of `value`), repartition (share of
    each value of the last breakdown within the rest), couverture (distinct `unit_of` over the universe), taux (sum of
    `value` over that of the denominator, for `per`: each row of the table counts several things), enquete
    (estimated from the answers to a survey, as its codebook says: no table of ours holds its rows). `excluded` lists
    the values of a breakdown that the definition itself leaves out: they are « sans objet », not zeros.
    """

    code: str = Field(pattern=r"^[A-Z]{3}-[A-Z0-9]+$")
    fr: Wording
    en: Wording
    measure: Literal["nombre", "distincts", "part", "mediane", "repartition", "couverture", "taux", "enquete"]
    unit: str
    plan: Literal["registre", "publication", "tirage"]  # tirage: that of each edition
    comparability: str
    table: str = ""
    key: str = ""
    counted: str = ""
    among: str = ""
    unit_of: str = ""
    value: str | None = None
    per: int = 100
    total: bool = True
    breakdowns: tuple[tuple[str, ...], ...] = ()
    excluded: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def coherent(self) -> Definition:
        if (self.measure in ("mediane", "taux")) != (self.value is not None):
            raise ValueError("`value` goes with the measures mediane and taux, and only with them")
        if unknown := sorted(self.excluded.keys() - {CROSS.join(breakdown) for breakdown in self.breakdowns}):
            raise ValueError(f"`excluded` names {unknown[0]}, which is no breakdown")
        surveyed = self.measure == "enquete"
        for name in ROWS:
            if bool(getattr(self, name)) == surveyed:
                raise ValueError(f"`{name}` is needed" if not surveyed else f"`{name}` does not go with a survey")
        if surveyed and (self.breakdowns or self.total or self.plan != "tirage"):
            raise ValueError("a survey's definition has plan: tirage, total: false and no breakdown")
        return self


def load_definitions(register: Path) -> list[Definition]:
    """The definitions, in the order of the file. Raises SpecError naming the code and the field."""
    path = register / FILE
    try:
        content = read_yaml(path)
        definitions = [_definition(path, place, item) for place, item in enumerate(content)]
    except (OSError, yaml.YAMLError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" à la ligne {mark.line + 1}" if mark else ""
        raise SpecError(f"{FILE} illisible{where}. Restaurer data/register/{FILE}.") from error
    codes = [definition.code for definition in definitions]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise SpecError(f"data/register/{FILE} : « {twice[0]} » est défini deux fois.")
    return definitions


def _definition(path: Path, place: int, item: Any) -> Definition:
    """One definition of the file. Raises SpecError naming the line, the code, the field."""
    try:
        return Definition(**item)
    except ValidationError as error:
        faults = error.errors()
        details = " ; ".join(f"{'.'.join(map(str, fault['loc']))} : {fault['msg']}" for fault in faults)
        line, code = line_of(path, [place, *faults[0]["loc"]]), item.get("code", "sans code")
        raise SpecError(f"data/register/{FILE}, ligne {line} ({code}), invalide : {details}.") from error


def facts(definitions: list[Definition]) -> str:
    """What decides core.definitions."""
    return canonical_json([definition.model_dump() for definition in definitions])


def tables(definitions: list[Definition]) -> list[str]:
    """The tables that definitions read."""
    return sorted({definition.table for definition in definitions if definition.table})


def definition_rows(definitions: list[Definition]) -> str:
    """The query of core.definitions: one row per indicator."""
    columns = (
        "code", "mesure", "unite", "plan", "comparabilite_code", "libelle_fr", "definition_fr", "base_fr", "libelle_en",
        "definition_en", "base_en", "ventilations", "exclues", "pour", "ordre",
    )  # fmt: skip
    rows = []
    for order, item in enumerate(definitions, 1):
        breakdowns = [""] * item.total + [CROSS.join(breakdown) for breakdown in item.breakdowns]
        listed = _texts(breakdowns)
        outside = _texts(f"{breakdown}={value}" for breakdown, values in item.excluded.items() for value in values)
        texts = (
            item.code, item.measure, item.unit, item.plan, item.comparability, item.fr.label, item.fr.definition,
            item.fr.base, item.en.label, item.en.definition, item.en.base,
        )  # fmt: skip
        rows.append("(" + ", ".join(literal(text) for text in texts) + f", {listed}, {outside}, {item.per}, {order})")
    return f"select * from (values {', '.join(rows)}) as v({', '.join(columns)})"


def _texts(values: Iterable[str]) -> str:
    """A SQL list of texts."""
    return "[" + ", ".join(literal(value) for value in values) + "]::VARCHAR[]"


def lines_query(definitions: list[Definition]) -> str:
    """The query of core.indicateurs_lignes: one row per indicator, breakdown, value of it and row that enters it.

    `retenu` marks the numerator. A row without a value for a breakdown enters no part of that breakdown.
    `groupe` is the denominator's group: the breakdown's value, without its last part for a repartition.
    """
    parts = []
    for item in (item for item in definitions if item.table):
        for breakdown in ([()] if item.total else []) + list(item.breakdowns):
            parts.append(_lines(item, breakdown))
    return " union all ".join(parts)


def _lines(item: Definition, breakdown: tuple[str, ...]) -> str:
    outer = breakdown[:-1] if item.measure == "repartition" else breakdown
    value = f"cast({item.value} as decimal(18, 4))" if item.value else "NULL::decimal(18, 4)"
    present = "".join(f" and ({column}) is not null" for column in breakdown)
    return (
        f"select {literal(item.code)} as code, {literal(CROSS.join(breakdown))} as ventilation, "
        f"{_joined(breakdown)} as modalite, {_joined(outer)} as groupe, "
        f"{literal(item.table.split('.')[-1])} as origine, {item.key} as cle, "
        f"cast({item.unit_of} as varchar) as unite_comptee, coalesce({item.counted}, false) as retenu, "
        f"{value} as mesure_ligne from {item.table} where ({item.among}){present}"
    )


def _joined(columns: tuple[str, ...]) -> str:
    return f" || '{CROSS}' || ".join(f"cast({column} as varchar)" for column in columns) or "''"
