"""The specification of a published table (sql/curated/NAME.yml) and the checks that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from observatoire.errors import SpecError
from observatoire.sources.spec import Strict
from observatoire.sql_text import identifier, literal
from observatoire.yaml_file import parse_yaml

TYPE = r"(VARCHAR|BOOLEAN|INTEGER|BIGINT|DOUBLE|DATE|DECIMAL\(\d+,\d+\))(\[\])?"
Severity = Literal["erreur", "alerte"]
Scope = Literal["always", "full"]


class DeclaredCheck(Strict):
    """A rule written by hand: SQL that is true for a row that violates it.

    `invalid_example` gives the fields that make the example row break the rule.
    """

    code: Annotated[str, Field(pattern=r"^[A-Z]{2,4}-\d{2}$")]
    rule: str
    reason: str
    next_step: str
    invalid_example: dict[str, Any] = Field(min_length=1)
    severity: Severity = "erreur"
    scope: Scope = "always"


class ColumnSpec(Strict):
    """A published column. `vocabulary` names a list of data/register/vocabulaires.yml that bounds its values, `values`
    those of its codes that the column takes when it does not take them all."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Annotated[str, Field(pattern=f"^{TYPE}$")]
    fr: str
    en: str
    nullable: bool = True
    unit: str | None = None
    values: tuple[str, ...] = ()
    vocabulary: str | None = None
    checks: tuple[DeclaredCheck, ...] = ()

    @model_validator(mode="after")
    def coded(self) -> ColumnSpec:
        if self.values and not self.vocabulary:
            raise ValueError("values are codes of a vocabulary, which gives their labels")
        return self


class ForeignKey(Strict):
    """Columns whose values, when present, must exist in another published table."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    severity: Severity = "erreur"
    scope: Scope = "always"


class TableSpec(Strict):
    """The one specification of a published table."""

    table: str
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    fr: str
    en: str
    unique_key: tuple[str, ...] = Field(min_length=1)
    foreign_keys: tuple[ForeignKey, ...] = ()
    columns: tuple[ColumnSpec, ...] = Field(min_length=1)
    checks: tuple[DeclaredCheck, ...] = ()
    example: dict[str, Any]

    @model_validator(mode="after")
    def coherent(self) -> TableSpec:
        names = self.column_names
        if len(set(names)) != len(names):
            raise ValueError("a column is described twice")
        used = [*self.unique_key, *(name for key in self.foreign_keys for name in key.columns), *self.example]
        used += [name for check in self.declared_checks for name in check.invalid_example]
        if unknown := sorted(set(used) - set(names)):
            raise ValueError(f"unknown column {unknown[0]}")
        codes = [check.code for check in self.declared_checks]
        if wrong := [code for code in codes if not code.startswith(self.prefix + "-") or codes.count(code) > 1]:
            raise ValueError(f"check {wrong[0]} is declared twice or lacks the prefix {self.prefix}")
        return self

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.columns}

    @property
    def declared_checks(self) -> list[DeclaredCheck]:
        return [*(check for column in self.columns for check in column.checks), *self.checks]


@dataclass(frozen=True)
class Check:
    """A rule ready to run over `curated.TABLE t`; `violation` is a predicate, or None for the unique key.

    `distinct` holds the columns whose combinations must be unique. `invalid` changes the example row so that it
    breaks the rule (empty for the unique key: the example twice breaks it).
    """

    code: str
    table: str
    column: str | None
    violation: str | None
    severity: Severity
    scope: Scope
    reason: str
    next_step: str
    invalid: Mapping[str, Any]
    distinct: tuple[str, ...] = ()


def load_table_specs(sql_folder: Path) -> dict[str, TableSpec]:
    """The specification of every file of sql/curated, by table name.

    Raises SpecError when one is wrong, or when a SELECT and its specification do not come in pairs.
    """
    folder = sql_folder / "curated"
    specs = {path.stem: load_table_spec(path) for path in sorted(folder.glob("*.yml"))}
    queries = {path.stem for path in folder.glob("*.sql")}
    if alone := sorted(specs.keys() ^ queries):
        raise SpecError(f"sql/curated/{alone[0]} : un .sql et un .yml du même nom sont attendus. Ajouter le manquant.")
    for spec in specs.values():
        for key in spec.foreign_keys:
            known = specs[key.table].column_names if key.table in specs else []
            if lost := [name for name in key.to if name not in known]:
                raise SpecError(f"sql/curated/{spec.table}.yml : la référence {key.table}.{lost[0]} n'existe pas.")
    return specs


def load_table_spec(path: Path) -> TableSpec:
    """The specification in one YAML file. Raises SpecError naming the file and the field."""
    try:
        spec = _table_spec(path.read_bytes(), path.stem)
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        if isinstance(error, ValidationError):
            details = " ; ".join(f"{'.'.join(map(str, item['loc']))} : {item['msg']}" for item in error.errors())
        else:
            details = str(error).replace("\n", " ")
        raise SpecError(f"sql/curated/{path.name} invalide : {details}.") from error
    if spec.table != path.stem:
        raise SpecError(f"sql/curated/{path.name} : table « {spec.table} » n'est pas le nom du fichier. La retirer.")
    return spec


@cache
def _table_spec(content: bytes, name: str) -> TableSpec:
    """A specification read once by each of those who ask for it in one process."""
    return TableSpec(**{"table": name, **(parse_yaml(content) or {})})


def checks_of(spec: TableSpec, vocabularies: Mapping[str, list[str]]) -> list[Check]:
    """Every check of a table: key, nullability, allowed values and references first, then the declared ones.

    Raises SpecError on an unknown vocabulary.
    """
    checks = [_key_check(spec)]
    for column in spec.columns:
        if not column.nullable:
            checks.append(_null_check(spec, column))
        allowed = allowed_values(column, vocabularies)
        if allowed:
            checks.append(_value_check(spec, column, allowed))
    checks += [_reference_check(spec, key) for key in spec.foreign_keys]
    owners = {check.code: column.name for column in spec.columns for check in column.checks}
    checks += [
        Check(
            check.code,
            spec.table,
            owners.get(check.code),
            check.rule,
            check.severity,
            check.scope,
            check.reason,
            check.next_step,
            check.invalid_example,
        )
        for check in spec.declared_checks
    ]
    return checks


def allowed_values(column: ColumnSpec, vocabularies: Mapping[str, list[str]]) -> list[str]:
    """The values a column may take; empty when it is free. Raises SpecError on an unknown vocabulary or code."""
    if column.vocabulary is None:
        return []
    if column.vocabulary not in vocabularies:
        raise SpecError(f"Vocabulaire « {column.vocabulary} » inconnu. L'ajouter à data/register/vocabulaires.yml.")
    codes = vocabularies[column.vocabulary]
    if unknown := [value for value in column.values if value not in codes]:
        raise SpecError(
            f"« {column.name} » : {unknown[0]} n'est pas du vocabulaire « {column.vocabulary} ». L'y ajouter."
        )
    return list(column.values) or codes


def _key_check(spec: TableSpec) -> Check:
    names = ", ".join(spec.unique_key)
    return Check(
        f"{spec.prefix}-CLE", spec.table, None, None, "erreur", "always",
        f"La clé ({names}) désigne plusieurs lignes.",
        f"Chercher les doublons dans sql/curated/{spec.table}.sql ou dans ses sources.",
        {}, spec.unique_key,
    )  # fmt: skip


def _null_check(spec: TableSpec, column: ColumnSpec) -> Check:
    return Check(
        f"{spec.prefix}-NUL-{column.name}", spec.table, column.name, f"{identifier(column.name)} is null",
        "erreur", "always", f"« {column.name} » est vide alors qu'elle est obligatoire.",
        f"Compléter la source, ou déclarer la colonne facultative dans sql/curated/{spec.table}.yml.",
        {column.name: None},
    )  # fmt: skip


def _value_check(spec: TableSpec, column: ColumnSpec, allowed: list[str]) -> Check:
    listed = "(" + ", ".join(literal(value) for value in allowed) + ")"
    name = identifier(column.name)
    repeated = column.type.endswith("[]")
    inside = f"len(list_filter({name}, lambda v: v not in {listed})) > 0"
    rule = f"{name} is not null and {inside if repeated else f'{name} not in {listed}'}"
    wrong = "valeur_inconnue"
    return Check(
        f"{spec.prefix}-VAL-{column.name}", spec.table, column.name, rule, "erreur", "always",
        f"« {column.name} » prend une valeur hors de la liste.",
        "Corriger la valeur, ou l'ajouter au vocabulaire avec sa définition.",
        {column.name: [wrong] if repeated else wrong},
    )  # fmt: skip


def _reference_check(spec: TableSpec, key: ForeignKey) -> Check:
    own, other = (_value_of(names) for names in (key.columns, key.to))
    present = " and ".join(f"{identifier(name)} is not null" for name in key.columns)
    target = f"select {other} from curated.{key.table}"
    types = spec.types
    absent: dict[str, Any] = {
        name: "absent" if types[name] == "VARCHAR" else "1900-01-01" if types[name] == "DATE" else -1
        for name in key.columns
    }
    return Check(
        f"{spec.prefix}-REF-{key.columns[0]}", spec.table, key.columns[0],
        f"{present} and {own} not in ({target})", key.severity, key.scope,
        f"({', '.join(key.columns)}) ne se trouve pas dans « {key.table} ».",
        f"Compléter « {key.table} », ou corriger la valeur.", absent,
    )  # fmt: skip


def _value_of(names: tuple[str, ...]) -> str:
    columns = ", ".join(identifier(name) for name in names)
    return columns if len(names) == 1 else f"row({columns})"
