"""JSON deliveries: an array of records, each value kept as its exact text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from observatoire.formats import BadRecord, FormatRefused, Loaded
from observatoire.formats.allow_list import kept
from observatoire.formats.header import match_header
from observatoire.formats.text_rows import write_rows
from observatoire.settings import Settings
from observatoire.sources.spec import Column, JsonFormat, Source
from observatoire.storage import canonical_json


class Number(str):
    """A number of the document, kept as the text it was written with."""


class Infinite(str):
    """« Infinity » or « -Infinity »: not JSON, and not a value that anything could be read from."""


class Constants:
    """What JSON does not know and some writers put all the same; a NaN means that there is no value."""

    def __init__(self) -> None:
        self.nan = 0
        self.infinite = 0

    def read(self, name: str) -> Infinite | None:
        """None for NaN, which is counted; `Infinite` for the others."""
        if name == "NaN":
            self.nan += 1
            return None
        self.infinite += 1
        return Infinite(name)


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one JSON delivery into Parquet. A record that is not an object or holds an infinite number is set aside.

    Raises FormatRefused on bytes that are not JSON, a missing array of records, or a missing column.
    """
    form = source.format
    assert isinstance(form, JsonFormat)
    constants = Constants()
    try:
        document = json.loads(
            path.read_bytes().decode("utf-8-sig"), parse_float=Number, parse_int=Number, parse_constant=constants.read
        )
    except UnicodeDecodeError as error:
        raise FormatRefused("encodage UTF-8 attendu", "encodage") from error
    except json.JSONDecodeError as error:
        raise FormatRefused(f"JSON illisible à la ligne {error.lineno}, colonne {error.colno}", "structure") from error
    except RecursionError as error:
        raise FormatRefused("JSON illisible : trop de niveaux imbriqués", "structure") from error
    records = [record for path in form.paths for record in _array(document, path) or ()]
    if all(_array(document, path) is None for path in form.paths):
        places = " ni ".join(f"sous « {path} »" if path else "à la racine" for path in form.paths)
        raise FormatRefused(f"liste d'enregistrements absente {places}", "structure")
    faults = {ordinal: _fault(record, constants) for ordinal, record in enumerate(records, 1)}
    good = [(ordinal, record) for ordinal, record in enumerate(records, 1) if faults[ordinal] is None]
    bad = [BadRecord(ordinal, fault) for ordinal, fault in faults.items() if fault]
    found = list(dict.fromkeys(path for _, record in good for path in _paths(record)))
    nothing: dict[str, int | None] = dict.fromkeys(source.column_names)
    positions, repairs = match_header(source, found) if good else (nothing, [])
    if constants.nan:
        repairs.append(f"« NaN » lu comme vide : {constants.nan}")
    columns = {
        column.name: _texts(good, None if (place := positions[column.name]) is None else found[place], column)
        for column in source.columns
    }
    try:
        write_rows(target, columns, [ordinal for ordinal, _ in good])
    except UnicodeEncodeError as error:
        raise FormatRefused(
            "JSON illisible : une moitié de caractère (\\ud800…) n'est pas du texte", "structure"
        ) from error
    return Loaded(len(good), tuple(bad), tuple(repairs), with_ordinal=True)


def _texts(records: list[tuple[int, dict[str, Any]]], path: str | None, column: Column) -> list[str | None]:
    """The values of one column, whose dotted name in the document is `path` (None: absent)."""
    return [None if path is None else _text(kept(_value(record, path), column)) for _, record in records]


def _fault(record: Any, constants: Constants) -> str | None:
    """Why a record cannot be read, None when it can."""
    if not isinstance(record, dict):
        return "l'enregistrement n'est pas un objet JSON"
    if constants.infinite and (value := _infinite(record)):
        return f"{value} n'est pas un nombre"
    return None


def _infinite(value: Any) -> str | None:
    """The first infinite number inside a value."""
    if isinstance(value, Infinite):
        return str(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for item in inner if (found := _infinite(item))), None)


def _array(document: Any, path: str) -> list[Any] | None:
    """The array at a dotted path, None when there is none."""
    for step in path.split(".") if path else []:
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, list) else None


def _paths(record: dict[str, Any], prefix: str = "") -> list[str]:
    """Dotted names of every value of a record, objects included."""
    paths = []
    for name, value in record.items():
        paths.append(prefix + name)
        if isinstance(value, dict):
            paths += _paths(value, f"{prefix}{name}.")
    return paths


def _value(record: dict[str, Any], path: str) -> Any:
    """The value at a dotted name; a key that itself holds a dot wins over a nested one."""
    if path in record:
        return record[path]
    head, _, rest = path.partition(".")
    inner = record.get(head)
    return _value(inner, rest) if rest and isinstance(inner, dict) else None


def _text(value: Any) -> str | None:
    """A text or a number as it was written, None when there is none; objects and lists as canonical JSON."""
    if value is None or value == "":
        return None
    return str(value) if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    """Canonical JSON in which numbers keep the text they arrived with."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical_json(name)}:{_json(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(item) for item in value) + "]"
    return canonical_json(value)
