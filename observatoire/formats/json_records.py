"""JSON deliveries: an array of records, each value kept as its exact text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from observatoire.formats import BadRecord, FormatRefused, Loaded
from observatoire.formats.header import match_header
from observatoire.formats.text_rows import write_rows
from observatoire.settings import Settings
from observatoire.sources.spec import JsonFormat, Source
from observatoire.storage import canonical_json


class Number(str):
    """A number of the document, kept as the text it was written with."""


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one JSON delivery into Parquet.

    Raises FormatRefused on bytes that are not JSON, a missing array of records, or a missing column.
    """
    form = source.format
    assert isinstance(form, JsonFormat)
    try:
        document = json.loads(
            path.read_bytes().decode("utf-8-sig"), parse_float=Number, parse_int=Number, parse_constant=_no_number
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
    good = [(ordinal, record) for ordinal, record in enumerate(records, 1) if isinstance(record, dict)]
    bad = [
        BadRecord(ordinal, "l'enregistrement n'est pas un objet JSON")
        for ordinal, record in enumerate(records, 1)
        if not isinstance(record, dict)
    ]
    found = list(dict.fromkeys(path for _, record in good for path in _paths(record)))
    nothing: dict[str, int | None] = dict.fromkeys(source.column_names)
    positions, repairs = match_header(source, found) if good else (nothing, [])
    columns = {
        name: [None if position is None else _text(_value(record, found[position])) for _, record in good]
        for name, position in positions.items()
    }
    try:
        write_rows(target, columns, [ordinal for ordinal, _ in good])
    except UnicodeEncodeError as error:
        raise FormatRefused(
            "JSON illisible : une moitié de caractère (\\ud800…) n'est pas du texte", "structure"
        ) from error
    return Loaded(len(good), tuple(bad), tuple(repairs), with_ordinal=True)


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


def _no_number(name: str) -> Any:
    raise FormatRefused(f"JSON illisible : {name} n'est pas un nombre", "structure")
