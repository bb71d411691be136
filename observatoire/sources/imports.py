"""Lists without an API: how the columns of a file that someone hands over become columns of the register.

One YAML file of data/register/imports is the specification of a source (see `observatoire.sources.spec`) whose
protocol is left out, and `register`: for each column of the register, where its value comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from observatoire.errors import SpecError
from observatoire.sources.licences import fault as licence_fault
from observatoire.sources.spec import Source, Strict

FOLDER = "imports"
WRITTEN_BY_US = ("description", "resume_preuve")
REQUIRED = (
    "collectivite", "type_collectivite", "titre", "theme", "finalite_environnementale", "technique", "statut",
    "nature", "ia_explicite", "source_url",
)  # fmt: skip


class Mapped(Strict):
    """Where a column of the register comes from: one or several columns of the file, or a constant.

    Several columns are joined by `join`, the empty ones left out. `values` translates a value of the file (whatever its
    case and outer spaces); one that it does not hold passes as it is, and is then judged like any other.
    `default` stands for an empty value.
    """

    column: str | None = None
    columns: tuple[str, ...] = ()
    join: str = ", "
    constant: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    default: str | None = None

    @model_validator(mode="after")
    def one_origin(self) -> Mapped:
        if [self.column is not None, bool(self.columns), self.constant is not None].count(True) != 1:
            raise ValueError("one of `column`, `columns` and `constant` is expected")
        return self

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return (self.column,) if self.column is not None else self.columns


@dataclass(frozen=True)
class RegisterImport:
    """A list handed over as a file: its source, and the mapping of its columns to the register's."""

    source: Source
    mapping: Mapping[str, Mapped]


def load_import(path: Path, register_columns: list[str]) -> RegisterImport:
    """The import described by one YAML file. Raises SpecError naming the file and what is wrong."""
    try:
        content = dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
        mapping = {name: Mapped(**value) for name, value in dict(content.pop("register", {})).items()}
        source = Source(**{**_given_by_hand(path.stem), **content})
    except (yaml.YAMLError, ValidationError, TypeError, ValueError) as error:
        raise _wrong(path, _details(error)) from error
    if fault := _fault(source, mapping, register_columns):
        raise _wrong(path, fault)
    return RegisterImport(source, mapping)


def load_imports(register: Path, register_columns: list[str]) -> dict[str, RegisterImport]:
    """Every import of data/register/imports, by name. Raises SpecError when one is wrong."""
    return {path.stem: load_import(path, register_columns) for path in sorted((register / FOLDER).glob("*.yml"))}


def _given_by_hand(name: str) -> dict[str, Any]:
    """What the specification of an import leaves out: it has no address, and nobody has seen it answer."""
    return {
        "id": name,
        "protocol": {"name": "register", "file": f"{FOLDER}/{name}"},
        "cadence": "continue",
        "verified": False,
    }


def _fault(source: Source, mapping: Mapping[str, Mapped], register_columns: list[str]) -> str | None:
    if reason := licence_fault(source.licence, source.republished):
        return reason
    if unknown := [name for name in mapping if name not in register_columns or name == "id"]:
        return f"« {unknown[0]} » n'est pas une colonne du registre à remplir"
    if absent := [name for name in REQUIRED if name not in mapping]:
        return f"colonnes du registre sans correspondance : {', '.join(absent)}"
    read = {column for mapped in mapping.values() for column in mapped.read}
    if undeclared := sorted(read - set(source.column_names)):
        return f"« {undeclared[0]} » n'est pas parmi columns"
    if not source.republished and (
        copied := [name for name in WRITTEN_BY_US if name in mapping and mapping[name].read]
    ):
        return f"« {copied[0]} » ne peut pas être recopié d'une liste qui ne peut pas être republiée : l'écrire dans nos mots"
    return None


def _details(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ; ".join(f"{'.'.join(map(str, item['loc']))} : {item['msg']}" for item in error.errors())
    return str(error).replace("\n", " ")


def _wrong(path: Path, what: str) -> SpecError:
    return SpecError(f"Import {path.name} invalide : {what}. Corriger data/register/{FOLDER}.")
