"""XML deliveries, read as a stream: one element a record, nothing kept of the rest.

Declarations of entities are refused, so that none is ever expanded (« billion laughs ») nor fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from observatoire.formats import FormatRefused, Loaded
from observatoire.formats.allow_list import kept
from observatoire.formats.header import match_header
from observatoire.settings import Settings
from observatoire.sources.spec import Source, XmlFormat
from observatoire.storage import canonical_json

BLOCK = 1 << 18
BATCH = 10_000


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one XML delivery into Parquet, in two passes: the names that it holds, then the values.

    Raises FormatRefused on XML that is not well formed or declares entities, when no record is found, or on a missing
    column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    form = source.format
    assert isinstance(form, XmlFormat)
    found = list(dict.fromkeys(name for record in records(path, form) for name in _names(record)))
    if not found:
        places = " ni ".join(f"« {place} »" for place in form.records)
        raise FormatRefused(f"aucun élément {places}", "structure")
    positions, repairs = match_header(source, found)
    chosen = {name: None if place is None else found[place] for name, place in positions.items()}
    schema = pa.schema([*((name, pa.string()) for name in chosen), ("_ligne", pa.int64())])
    rows = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in _batches(records(path, form)):
            columns: list[list[Any]] = [
                [None if place is None else _text(kept(_value(record, place), column)) for record in batch]
                for column, place in zip(source.columns, chosen.values(), strict=True)
            ]
            columns.append(list(range(rows + 1, rows + len(batch) + 1)))
            writer.write_table(pa.table(columns, schema=schema))
            rows += len(batch)
    return Loaded(rows, repairs=tuple(repairs), with_ordinal=True)


def records(path: Path, form: XmlFormat) -> Iterator[dict[str, Any]]:
    """The records of a document, in its order, each as nested dictionaries, lists and texts."""
    reader = _Reader(form)
    try:
        with path.open("rb") as handle:
            while block := handle.read(BLOCK):
                reader.parser.Parse(block, False)
                yield from reader.taken()
            reader.parser.Parse(b"", True)
            yield from reader.taken()
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "")
        raise FormatRefused(
            f"XML illisible à la ligne {error.lineno}, colonne {error.offset + 1} ({reason})", "structure"
        ) from error
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        raise FormatRefused("XML illisible : encodage inconnu", "encodage") from error


class _Reader:
    """Builds records while expat reads. Prefixes of namespaces are dropped."""

    def __init__(self, form: XmlFormat) -> None:
        self.wanted = set(form.records)
        self.lists = set(form.lists)
        self.path: list[str] = []
        self.depth = 0  # of the record being read, 0 outside
        self.stack: list[tuple[dict[str, Any], list[str]]] = []
        self.done: list[dict[str, Any]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.EntityDeclHandler = self._entity

    def taken(self) -> list[dict[str, Any]]:
        done, self.done = self.done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag.rpartition(":")[2])
        if not self.depth and ".".join(self.path) in self.wanted:
            self.depth = len(self.path)
        if self.depth:
            own = {f"@{name}": value for name, value in attributes.items() if not name.startswith("xmlns")}
            self.stack.append((own, []))

    def _data(self, text: str) -> None:
        if self.depth:
            self.stack[-1][1].append(text)

    def _end(self, tag: str) -> None:
        if self.depth:
            fields, texts = self.stack.pop()
            text = "".join(texts).strip()
            if not self.stack:
                self.done.append(fields)
                self.depth = 0
            else:
                if fields and text:
                    fields["#text"] = text
                self._add(self.stack[-1][0], fields or text)
        self.path.pop()

    def _add(self, parent: dict[str, Any], value: Any) -> None:
        name = self.path[-1]
        if name not in parent:
            listed = ".".join(self.path[self.depth :]) in self.lists
            parent[name] = [value] if listed else value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def _entity(self, *_: Any) -> None:
        raise FormatRefused("le XML déclare des entités, ce qui n'est jamais accepté", "structure")


def _names(record: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted names of every value of a record, objects included; what is inside a list has none."""
    for name, value in record.items():
        yield prefix + name
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{name}.")


def _value(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, str) or value is None:
        return value or None
    return canonical_json(value)


def _batches(items: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
