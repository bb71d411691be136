"""Formats: how the bytes of a delivery become raw rows, all text, one Parquet file per delivery."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.sources.spec import HttpFileProtocol
from observatoire.storage import canonical_json, fsync_file, sha256_text, write_atomically

if TYPE_CHECKING:
    from observatoire.archive import Archive, Delivery
    from observatoire.settings import Settings
    from observatoire.sources.spec import Source


class FormatRefused(Exception):
    """The bytes are not what the specification announces. `anchor` is the paragraph of docs/analysts.md to read."""

    def __init__(self, reason: str, anchor: str) -> None:
        super().__init__(reason)
        self.anchor = anchor


@dataclass(frozen=True)
class BadRecord:
    """A record that does not have the announced shape; the others are loaded."""

    ordinal: int
    reason: str


@dataclass(frozen=True)
class Loaded:
    """What came of a delivery: good records, records of the wrong shape, and repairs made because they were certain.

    `with_ordinal` says that the Parquet file holds `_ligne`; else a record's ordinal is its position in the file.
    `in_place` is for a file kept as the source made it: the SQL that reads each declared column in it as text.
    """

    rows: int
    bad_records: tuple[BadRecord, ...] = ()
    repairs: tuple[str, ...] = ()
    with_ordinal: bool = False
    in_place: dict[str, str] | None = None


def raw_path(settings: Settings, source: Source, delivery: Delivery) -> Path:
    """Where the raw rows of a delivery are kept: named by its bytes, what the specification says of them and the code
    that reads them, so that a mended reader reads again what a faulty one had kept."""
    source = source.of_vintage(delivery.vintage)
    reading = canonical_json(
        {
            "code": room_code(),
            "format": source.format.model_dump(),
            "columns": [column.model_dump() for column in source.columns],
            "member": getattr(source.protocol, "member", None),
        }
    )
    return settings.work / "raw" / source.id / f"{delivery.sha256[:16]}-{sha256_text(reading)[:12]}.parquet"


@cache
def room_code() -> str:
    """A hash of the code of this room."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256_text("".join(path.read_text(encoding="utf-8") for path in files))


def load_delivery(settings: Settings, source: Source, delivery: Delivery, archive: Archive) -> Loaded:
    """The raw rows of an archived delivery, read once and kept.

    Raises FormatRefused when the bytes are not what the specification announces, ArchiveCorrupted when they changed.
    """
    target = raw_path(settings, source, delivery)
    kept = target.with_suffix(".json")
    if target.is_file() and (loaded := _read_loaded(kept)):
        return loaded
    return read_bytes(settings, source.of_vintage(delivery.vintage), archive.verified(delivery), target)


def read_bytes(settings: Settings, source: Source, path: Path, target: Path) -> Loaded:
    """Read the bytes at `path` into the Parquet file `target`, whose companion .json says what came of it.

    Raises FormatRefused on a web page, whatever its name, and as the source's format does.
    """
    from observatoire.formats import csv, json_records, jsonl, one_of, parquet, xlsx, xml_records
    from observatoire.protocols.content import HEAD, is_html

    with path.open("rb") as handle:
        if is_html(handle.read(HEAD), None):
            raise FormatRefused("c'est une page HTML, pas le fichier de données", "page-html")

    readers = {
        "csv": csv.read,
        "json": json_records.read,
        "jsonl": jsonl.read,
        "one_of": one_of.read,
        "parquet": parquet.read,
        "xlsx": xlsx.read,
        "xml": xml_records.read,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".tmp")
    member = getattr(source.protocol, "member", None)
    extracted = None
    if member and _is_zip(path):  # a file given by hand may be the member itself
        from observatoire.protocols import open_member

        assert isinstance(source.protocol, HttpFileProtocol)
        path = extracted = open_member(path, member, target.parent, source.protocol.max_bytes)
    try:
        loaded = readers[source.format.name](source, path, aside, settings)
        fsync_file(aside)  # the companion, written after, must never speak of rows that a power cut took
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
        if extracted:
            extracted.unlink(missing_ok=True)
    write_atomically(target.with_suffix(".json"), canonical_json(asdict(loaded)))
    return loaded


def _is_zip(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(4) == b"PK\x03\x04"


def _read_loaded(path: Path) -> Loaded | None:
    """What was kept of a reading; None when it was not kept or is unreadable: the bytes are then read again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    bad = tuple(BadRecord(**record) for record in content.pop("bad_records"))
    return Loaded(**{**content, "bad_records": bad, "repairs": tuple(content["repairs"])})
