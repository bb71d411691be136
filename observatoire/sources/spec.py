"""The specification of a source: what a YAML file of observatoire/sources may say."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from observatoire.errors import SpecError, UsageError
from observatoire.sources.licences import fault as licence_fault
from observatoire.sources.transport import (
    VINTAGE,
    HttpFileProtocol,
    HttpProtocol,
    PagedApiProtocol,
    RegisterProtocol,
    Since,
    Strict,
)
from observatoire.yaml_file import parse_yaml

__all__ = ["HttpFileProtocol", "HttpProtocol", "PagedApiProtocol", "RegisterProtocol", "Since", "Source", "Strict"]

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


class CsvFormat(Strict):
    """Delimited text; nothing is sniffed."""

    name: Literal["csv"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)]
    encoding: Literal["utf-8", "cp1252", "latin-1"] = "utf-8"
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    skip_rows: int = Field(0, ge=0)

    @model_validator(mode="after")
    def distinct_marks(self) -> CsvFormat:
        if self.delimiter == self.quote or {self.delimiter, self.quote} & set("\r\n"):
            raise ValueError("delimiter and quote are two different characters, neither ending a line")
        return self


class JsonFormat(Strict):
    """A JSON document; `records` is the dotted path to the array of records (empty: the document itself).

    Several paths are the known shapes of the document (« marches », « marches.marche », « marches.contrat-concession »):
    the records of every path that leads to an array are taken, in the order of the paths.
    A column named « acheteur.id » is read from the nested object.
    """

    name: Literal["json"]
    records: str | tuple[str, ...] = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The known places of the array of records."""
        return (self.records,) if isinstance(self.records, str) else self.records


class JsonLinesFormat(Strict):
    """One JSON object a line, in UTF-8. Columns are named as in the format `json`."""

    name: Literal["jsonl"]


class ParquetFormat(Strict):
    """A Parquet file, read where the archive keeps it."""

    name: Literal["parquet"]


class XmlFormat(Strict):
    """An XML document; `records` are the dotted paths of the elements that are records, from the root (« marches.marche »).

    A column is a dotted path below the record; an attribute is « @name ». An element that has children is JSON, and so
    are repeated elements, as a list; `lists` are the paths that are lists even when there is only one element.
    """

    name: Literal["xml"]
    records: tuple[str, ...] = Field(min_length=1)
    lists: tuple[str, ...] = ()

    @field_validator("records", mode="before")
    @classmethod
    def bare_path(cls, value: Any) -> Any:
        """One path may be written without brackets."""
        return [value] if isinstance(value, str) else value


class XlsxFormat(Strict):
    """One sheet of a workbook. `header_row` counts from 1."""

    name: Literal["xlsx"]
    sheet: str | None = None
    header_row: int = Field(1, ge=1)


class OneOfFormat(Strict):
    """Formats that a source is known to deliver in turn; the bytes tell which of them (see formats/one_of.py)."""

    name: Literal["one_of"]
    formats: tuple[
        Annotated[CsvFormat | JsonFormat | ParquetFormat | XlsxFormat | XmlFormat, Field(discriminator="name")], ...
    ] = Field(min_length=2)


Protocol = Annotated[RegisterProtocol | HttpFileProtocol | PagedApiProtocol, Field(discriminator="name")]
Format = Annotated[
    CsvFormat | JsonFormat | JsonLinesFormat | ParquetFormat | XlsxFormat | XmlFormat | OneOfFormat,
    Field(discriminator="name"),
]


class Column(Strict):
    """An expected column, under the name the source gives it. Columns that are not declared are never loaded.

    `aliases` are other headers known to mean the same thing; « {vintage} » in one is the vintage of the delivery, so that
    a file of another year is refused. An optional column may be absent: it is then NULL.
    A private column (it may designate a person) serves the staging and never enters the extracts of a release.
    Of a column made of objects (JSON and XML), `keep` lists the only keys that are read, at any depth; `codes` are those
    of them that hold identifiers (see formats/allow_list.py).
    """

    name: str
    aliases: tuple[str, ...] = ()
    optional: bool = False
    private: bool = False
    keep: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def codes_are_kept(self) -> Column:
        if lost := sorted(set(self.codes) - set(self.keep)):
            raise ValueError(f"codes: {lost[0]!r} is not among keep")
        return self


class Arrival(Strict):
    """What a new delivery must satisfy, absolutely and against the delivery in use (shares of its size).

    `past` names the columns whose dates are never after the day of arrival.
    """

    bytes_min: int = Field(1, ge=0)
    rows_min: int = Field(1, ge=0)
    bytes_drop_max: float = Field(0.25, ge=0, le=1)
    rows_drop_max: float = Field(0.15, ge=0, le=1)
    past: tuple[str, ...] = ()


class Source(Strict):
    """One source. `id` is the name of the YAML file, of raw.ID and of sql/staging/ID.sql."""

    id: str
    title: str
    description: str
    producer: str
    licence: str
    attribution: str
    homepage: str | None = None
    protocol: Protocol
    format: Format
    mode: Literal["snapshot", "increment"] = "snapshot"
    key: tuple[str, ...] = Field(min_length=1)
    cadence: Literal["continue", "quotidienne", "hebdomadaire", "mensuelle", "trimestrielle", "annuelle"]
    columns: tuple[Column, ...] = Field(min_length=1)
    arrival: Arrival = Arrival()
    required: bool = False
    verified: bool = True
    republished: bool = True
    date_in_name: str | None = None

    @field_validator("date_in_name")
    @classmethod
    def one_date(cls, value: str | None) -> str | None:
        """A regular expression whose one group is the date (AAAA-MM-JJ) that the name of a file holds."""
        try:
            groups = re.compile(value or "()").groups
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if groups != 1:
            raise ValueError("one group holds the date")
        return value

    @field_validator("columns", mode="before")
    @classmethod
    def bare_names(cls, value: Any) -> Any:
        """A column may be written as its bare name."""
        return [{"name": item} if isinstance(item, str) else item for item in value or []]

    @model_validator(mode="after")
    def coherent(self) -> Source:
        names = [column.name for column in self.columns]
        if not IDENTIFIER.fullmatch(self.id):
            raise ValueError(f"id {self.id!r}: lower-case letters, digits and _ only")
        if len(set(names)) != len(names):
            raise ValueError("a column is declared twice")
        if missing := [name for name in self.key if name not in names]:
            raise ValueError(f"key {missing} is not among the columns")
        forms = {form.name for form in getattr(self.format, "formats", (self.format,))}
        if (cut := [column.name for column in self.columns if column.keep]) and not forms <= {"json", "xml"}:
            raise ValueError(f"column {cut[0]!r}: `keep` is for the formats json and xml")
        self._check_modes(names)
        return self

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def vintages(self) -> list[str]:
        """Vintages kept side by side, oldest first; empty when the source has a single current delivery."""
        if not isinstance(self.protocol, HttpFileProtocol):
            return []
        return sorted([*self.protocol.vintages, *(self.protocol.resolve.vintages if self.protocol.resolve else ())])

    def of_vintage(self, vintage: str | None) -> Source:
        """The same source, as a delivery of that vintage must be read."""
        if not any(VINTAGE in alias for column in self.columns for alias in column.aliases):
            return self
        dated = [
            column.model_copy(update={"aliases": tuple(a.replace(VINTAGE, vintage or "") for a in column.aliases)})
            for column in self.columns
        ]
        return self.model_copy(update={"columns": tuple(dated)})

    @property
    def since(self) -> Since | None:
        """How only what is new is asked for, None when everything is."""
        return self.protocol.since if isinstance(self.protocol, HttpFileProtocol | PagedApiProtocol) else None

    def _check_modes(self, names: list[str]) -> None:
        """Raises ValueError for options that are each correct and cannot go together."""
        if self.mode == "increment" and self.vintages:
            raise ValueError("increments have no vintages")
        resolve = self.protocol.resolve if isinstance(self.protocol, HttpFileProtocol) else None
        said = bool(resolve and resolve.dated) or self.of_vintage("") is not self
        if (said and not self.vintages) or (resolve and self.vintages and not said):
            raise ValueError(f"vintages and « {VINTAGE} », in a pattern or an alias, go together")
        if self.since and self.mode != "increment":
            raise ValueError("`since` needs mode: increment")
        if self.since and self.since.column not in names:
            raise ValueError(f"since: column {self.since.column!r} is not among the columns")
        if not isinstance(self.protocol, PagedApiProtocol):
            return
        if self.format.name != "jsonl":
            raise ValueError("paged_api is archived as JSON lines: format {name: jsonl}")
        for path in self.protocol.strip_before_archive:
            if kept := [name for name in names if name == path or name.startswith(f"{path}.")]:
                raise ValueError(f"column {kept[0]!r} is stripped before the archive")


def load_source(path: Path) -> Source:
    """The source described by one YAML file.

    Raises SpecError naming the file and the option when the specification is wrong.
    """
    return _source(path.name, path.stem, path.read_bytes())


@cache
def _source(name: str, stem: str, yaml_bytes: bytes) -> Source:
    """The source that the bytes of a file describe: the same bytes are read once in a process."""
    try:
        content = parse_yaml(yaml_bytes)
        source = Source(**{"id": stem, **(content or {})})
    except (yaml.YAMLError, ValidationError, TypeError, UnicodeDecodeError) as error:
        if isinstance(error, ValidationError):
            details = " ; ".join(f"{'.'.join(map(str, e['loc']))} : {e['msg']}" for e in error.errors())
        else:
            details = str(error).replace("\n", " ")
        raise SpecError(f"Spécification {name} invalide : {details}. Corriger observatoire/sources.") from error
    if source.id != stem:
        raise SpecError(f"Spécification {name} : id « {source.id} » n'est pas le nom du fichier. Retirer id.")
    if reason := licence_fault(source.licence, source.republished):
        raise SpecError(f"Spécification {name} invalide : {reason}. Corriger observatoire/sources.")
    return source


def load_sources(*folders: Path | None) -> dict[str, Source]:
    """Every source of the package's folder and of `folders`, by id, in alphabetical order.

    Raises SpecError when a specification is wrong or two folders define the same id, UsageError when a folder is missing.
    """
    sources: dict[str, Source] = {}
    for folder in (Path(__file__).parent, *folders):
        if folder and not folder.is_dir():
            raise UsageError(f"Dossier de sources « {folder} » introuvable. Corriger OBSERVATOIRE_SOURCES_DIR.")
        for path in sorted(folder.glob("*.yml")) if folder else []:
            if path.stem in sources:
                raise SpecError(f"Source « {path.stem} » définie deux fois ({path}). Renommer l'un des fichiers.")
            sources[path.stem] = load_source(path)
    return dict(sorted(sources.items()))
