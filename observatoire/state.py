"""What happened and when: the journal of attempts, the state of each source, the writer's lock.

None of it enters a release: a release holds facts of its deliveries only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from observatoire.clock import now
from observatoire.errors import LockHeld
from observatoire.settings import Settings
from observatoire.storage import append_line, canonical_json, storage_errors, write_atomically


@dataclass(frozen=True)
class SourceState:
    """Where a source stands. `in_use` maps a vintage (« » when there are none) to the key of its delivery."""

    source: str
    in_use: dict[str, str] = field(default_factory=dict)
    last_attempt: str | None = None
    last_seen: dict[str, str] = field(default_factory=dict)
    degraded_since: str | None = None
    message: str | None = None

    @property
    def degraded(self) -> bool:
        return self.degraded_since is not None

    def used(self, vintage: str | None, key: str, at_time: str) -> SourceState:
        """The state after a delivery was accepted, or seen again unchanged."""
        name = vintage or ""
        return replace(
            self,
            in_use={**self.in_use, name: key},
            last_seen={**self.last_seen, name: at_time},
            last_attempt=at_time,
        )

    def failed(self, message: str, at_time: str) -> SourceState:
        """The state after an attempt failed: the last good delivery stays in use."""
        return replace(self, last_attempt=at_time, degraded_since=self.degraded_since or at_time, message=message)

    def recovered(self) -> SourceState:
        return replace(self, degraded_since=None, message=None)


def read_source_state(settings: Settings, source: str) -> SourceState:
    """The state of a source; an empty one when it was never tried or when the file was lost."""
    path = settings.state / "sources" / f"{source}.json"
    try:
        state = SourceState(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return SourceState(source)
    sound = state.source == source and isinstance(state.in_use, dict) and isinstance(state.last_seen, dict)
    return state if sound else SourceState(source)


def write_source_state(settings: Settings, state: SourceState) -> None:
    path = settings.state / "sources" / f"{state.source}.json"
    write_atomically(path, canonical_json(asdict(state), indent=1) + "\n")


def record(settings: Settings, event: str, **facts: Any) -> None:
    """Add one line to the journal of attempts (data/state/journal.jsonl)."""
    append_line(settings.state / "journal.jsonl", canonical_json({"at": now(), "event": event, **facts}))


def read_journal(settings: Settings) -> list[dict[str, Any]]:
    """The journal, oldest first; a line torn by a power cut is passed over."""
    path = settings.state / "journal.jsonl"
    events = []
    for line in path.read_bytes().split(b"\n") if path.is_file() else []:
        with contextlib.suppress(ValueError):  # torn, perhaps in the middle of a character
            event = json.loads(line)
            if isinstance(event, dict):
                events.append(event)
    return events


@contextlib.contextmanager
def writer_lock(settings: Settings, who: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the one writer's lock. The system releases it if the process dies.

    Raises LockHeld, saying who holds it and since when, after `wait_seconds`.
    """
    path = settings.state / "writer.lock"
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
    try:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    holder = handle.read().strip() or "un autre processus"
                    raise LockHeld(
                        f"Une écriture est déjà en cours ({holder}). Attendre sa fin puis relancer, "
                        "ou donner « --attendre SECONDES »."
                    ) from None
                time.sleep(0.2)
        with storage_errors(path):
            handle.truncate(0)
            handle.write(f"{who}, processus {os.getpid()}, depuis {now()}")
            handle.flush()
        yield
    finally:
        handle.close()
