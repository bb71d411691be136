"""Bytes of the archive known to be sound: those whose file nobody wrote since they were last read are not read again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from observatoire.archive import Archive, Delivery
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.storage import canonical_json, write_atomically


def forget_lost(settings: Settings, archive: Archive, source: Source) -> None:
    """A delivery whose bytes were lost or changed is asked for again without conditions, so that it can be mended.

    A file that no one wrote since it was found sound (same size, same moment of writing) is not read again: that would
    take seconds for gigabytes. `observatoire audit` reads every byte.
    """
    sound = _read(settings, source)
    found: dict[str, list[int]] = {}
    for delivery in archive.deliveries(source.id):
        if not (delivery.etag or delivery.last_modified):
            continue
        stamp = _stamp(archive.object_path(delivery.sha256))
        if stamp is None or (stamp != sound.get(delivery.sha256) and archive.corrupted([delivery])):
            archive.forget_validators(delivery)
        else:
            found[delivery.sha256] = stamp
    if found != sound:
        _write(settings, source, found)


def store(settings: Settings, archive: Archive, source: Source, received: Path, delivery: Delivery) -> None:
    """Archive bytes whose hash was just worked out: they need not be read again to be known sound."""
    archive.store(received, delivery)
    stamp = _stamp(archive.object_path(delivery.sha256))
    if stamp and (delivery.etag or delivery.last_modified):
        _write(settings, source, {**_read(settings, source), delivery.sha256: stamp})


def _read(settings: Settings, source: Source) -> dict[str, list[int]]:
    """The stamps of the files found sound, by hash; empty when that was lost."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        found: dict[str, list[int]] = json.loads(_path(settings, source).read_text(encoding="utf-8"))
        return found
    return {}


def _write(settings: Settings, source: Source, found: dict[str, list[int]]) -> None:
    write_atomically(_path(settings, source), canonical_json(found) + "\n")


def _path(settings: Settings, source: Source) -> Path:
    return settings.state / "sound" / f"{source.id}.json"


def _stamp(path: Path) -> list[int] | None:
    """Size and moment of writing (ns) of a file; None when it is not there."""
    try:
        known = path.stat()
    except FileNotFoundError:
        return None
    return [known.st_size, known.st_mtime_ns]
