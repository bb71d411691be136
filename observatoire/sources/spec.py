"""The specification of a source: what a YAML file of observatoire/sources may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from observatoire.errors import SpecError, UsageError
from observatoire.yaml_file import read_yaml

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


class Strict(BaseModel):
    """A block of a specification: an unknown option is an error, a loaded specification never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisterProtocol(Strict):
    """A hand-kept file of data/register, read at every refresh."""

    name: Literal["register"]
    file: str


class HttpFileProtocol(Strict):
    """One file behind a URL, or one file per reference vintage.

    `vintages` maps a vintage (« 2026 ») to its URL: every vintage stays in use beside the others.
    `member` names the file to take out of a zip.
    """

    name: Literal["http_file"]
    url: str | None = None
    vintages: dict[str, str] = Field(default_factory=dict)
    member: str | None = None
    connect_timeout: float = Field(10.0, gt=0)
    read_timeout: float = Field(60.0, gt=0)
    attempts: int = Field(4, ge=1, le=10)
    max_bytes: int = Field(2_000_000_000, gt=0)
    max_redirects: int = Field(5, ge=0, le=20)

    @model_validator(mode="after")
    def one_address(self) -> HttpFileProtocol:
        if bool(self.url) == bool(self.vintages):
            raise ValueError("http_file takes either `url` or `vintages`")
        for url in [self.url, *self.vintages.values()]:
            if url and not re.match(r"https?://[^/]+/", url):
                raise ValueError(f"not an http(s) address: {url}")
        return self


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

    A column named « acheteur.id » is read from the nested object.
    """

    name: Literal["json"]
    records: str = ""


class XlsxFormat(Strict):
    """One sheet of a workbook. `header_row` counts from 1."""

    name: Literal["xlsx"]
    sheet: str | None = None
    header_row: int = Field(1, ge=1)


class OneOfFormat(Strict):
    """Formats that a source is known to deliver in turn; the bytes tell which of them (see formats/one_of.py)."""

    name: Literal["one_of"]
    formats: tuple[Annotated[CsvFormat | XlsxFormat, Field(discriminator="name")], ...] = Field(min_length=2)


Protocol = Annotated[RegisterProtocol | HttpFileProtocol, Field(discriminator="name")]
Format = Annotated[CsvFormat | JsonFormat | XlsxFormat | OneOfFormat, Field(discriminator="name")]


class Column(Strict):
    """An expected column, under the name the source gives it. Columns that are not declared are never loaded.

    `aliases` are other headers known to mean the same thing. An optional column may be absent: it is then NULL.
    """

    name: str
    aliases: tuple[str, ...] = ()
    optional: bool = False


class Arrival(Strict):
    """What a new delivery must satisfy, absolutely and against the delivery in use (shares of its size)."""

    bytes_min: int = Field(1, ge=0)
    rows_min: int = Field(1, ge=0)
    bytes_drop_max: float = Field(0.25, ge=0, le=1)
    rows_drop_max: float = Field(0.15, ge=0, le=1)


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
        return self

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def vintages(self) -> list[str]:
        """Vintages kept side by side, oldest first; empty when the source has a single current delivery."""
        return sorted(self.protocol.vintages) if isinstance(self.protocol, HttpFileProtocol) else []


def load_source(path: Path) -> Source:
    """The source described by one YAML file.

    Raises SpecError naming the file and the option when the specification is wrong.
    """
    try:
        content = read_yaml(path)
        source = Source(**{"id": path.stem, **(content or {})})
    except (yaml.YAMLError, ValidationError, TypeError, UnicodeDecodeError) as error:
        if isinstance(error, ValidationError):
            details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        else:
            details = str(error).replace("\n", " ")
        raise SpecError(f"Spécification {path.name} invalide : {details}. Corriger observatoire/sources.") from error
    if source.id != path.stem:
        raise SpecError(f"Spécification {path.name} : id « {source.id} » n'est pas le nom du fichier. Retirer id.")
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
