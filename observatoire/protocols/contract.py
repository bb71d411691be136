"""What every protocol receives and gives back, and how it says that it could not."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from observatoire.errors import DeliveryRefused, FetchFailed
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sources.transport import SINCE
from observatoire.storage import storage_errors

Template = TypeVar("Template")
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Validators:
    """What the server said of the delivery in use, to be asked « anything else since? » of the address `url`."""

    etag: str | None = None
    last_modified: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Fetched:
    """A complete delivery.

    `path` is a file of the folder asked for, fsynced, under a name of its own: the caller moves it into the archive.
    `url` is the canonical address, never a mirror's. `sha256` and `bytes` are those of the file at `path`, which is
    the delivery as received (a zip stays a zip; only a compression of the transport is undone).
    `date` is the ISO date that the delivery carries as a fact (Last-Modified, in Paris), None when it carries none.
    `remark` is one French line for whoever looks after the source: what could not be asked, and what is missed so.
    """

    path: Path
    url: str
    sha256: str
    bytes: int
    etag: str | None = None
    last_modified: str | None = None
    media_type: str | None = None
    date: str | None = None
    remark: str | None = None


@dataclass(frozen=True)
class NotModified:
    """The server says that the delivery in use is still the right one. `remark` is that of Fetched."""

    url: str
    remark: str | None = None


@dataclass(frozen=True)
class Pace:
    """How time passes and chance falls: real by default, replaced in tests. Seconds, except `jitter` (0 to 1)."""

    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True)
class Ask:
    """One delivery to get: of which source and vintage, knowing what, into which folder.

    `since` is the ISO date from which records are asked for, when the source says that it can ask so.
    """

    source: Source
    settings: Settings
    folder: Path
    vintage: str | None = None
    previous: Validators | None = None
    progress: Progress | None = None
    pace: Pace = Pace()
    since: str | None = None

    @property
    def asked_from(self) -> str:
        """The ISO date from which records are asked for; empty when all are."""
        rule = self.source.since
        return self.since or (rule.start if rule else "")

    def since_in(self, value: Template) -> Template:
        """An address, parameters or a body whose « {since} » became the date asked from."""
        rule = self.source.since
        return _filled(value, self.asked_from.replace("-", "") if rule and rule.compact else self.asked_from)

    @property
    def label(self) -> str:
        """How messages name what is asked: « cog_communes 2026 »."""
        return f"{self.source.id} {self.vintage}" if self.vintage else self.source.id

    @property
    def spec_path(self) -> str:
        """Where a reader mends the specification."""
        return f"observatoire/sources/{self.source.id}.yml"

    def refused(self, what: str, advice: str) -> DeliveryRefused:
        """The error for bytes that arrived and cannot be used: `what` came, and what to do."""
        return DeliveryRefused(f"{self.label} : {what}. Livraison refusée, la précédente reste utilisée. {advice}")

    def failed(self, what: str, advice: str) -> FetchFailed:
        """The error for bytes that could not be obtained: `what` happened, and what to do."""
        return FetchFailed(f"{self.label} : {what}. La livraison précédente reste utilisée. {advice}")


def _filled(value: Template, date: str) -> Template:
    """`value` with the date in each of its texts."""
    filled: Any = value
    if not date:
        return value
    if isinstance(value, str):
        filled = value.replace(SINCE, date)
    elif isinstance(value, Mapping):
        filled = {name: _filled(item, date) for name, item in value.items()}
    elif isinstance(value, list | tuple):
        filled = [_filled(item, date) for item in value]
    return cast(Template, filled)


@contextlib.contextmanager
def aside(folder: Path, stem: str) -> Iterator[Path]:
    """A new empty file of `folder` to write into; it is removed when the block fails, whatever the reason.

    Raises StorageError when the folder cannot be written or the disk is full.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{stem}.", suffix=".part", dir=folder)
        os.close(descriptor)
        path = Path(name)
        try:
            path.chmod(0o644)
            yield path
        except BaseException:
            path.unlink(missing_ok=True)
            raise
