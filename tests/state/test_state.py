"""The journal, the state of each source, the writer's lock."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from observatoire import storage
from observatoire.errors import LockHeld, StorageError
from observatoire.settings import Settings
from observatoire.state import (
    SourceState,
    read_journal,
    read_source_state,
    record,
    write_source_state,
    writer_lock,
)
from tests.conftest import ROOT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "data", tmp_path / "register")


def test_the_journal_keeps_its_order_and_its_accents(settings: Settings) -> None:
    assert read_journal(settings) == []
    record(settings, "ingest", source="é", message="« a »\u2028b")
    record(settings, "release", id="x")
    assert [event["event"] for event in read_journal(settings)] == ["ingest", "release"]
    assert read_journal(settings)[0]["message"] == "« a »\u2028b"


@pytest.mark.parametrize("torn", [b'{"at": "2026', '{"message": "é'.encode()[:-1], b"\x00\x00\x00", b"3\n", b"\n\n"])
def test_a_torn_line_spoils_only_itself(settings: Settings, torn: bytes) -> None:
    record(settings, "first")
    with (settings.state / "journal.jsonl").open("ab") as handle:
        handle.write(torn)
    assert [event["event"] for event in read_journal(settings)] == ["first"]
    record(settings, "second")
    record(settings, "third")
    assert [event["event"] for event in read_journal(settings)] == ["first", "second", "third"]


def test_a_state_is_read_as_it_was_written(settings: Settings) -> None:
    state = SourceState("essai").used("2025", "2025-abc", "t1").used("2026", "2026-def", "t2").failed("panne", "t3")
    write_source_state(settings, state)
    assert read_source_state(settings, "essai") == state
    assert state.degraded and state.degraded_since == "t3" and state.in_use == {"2025": "2025-abc", "2026": "2026-def"}
    assert state.failed("encore", "t4").degraded_since == "t3"
    assert not state.recovered().degraded and state.recovered().message is None


@given(st.binary(max_size=60))
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_of_a_state_file_is_an_obstacle(settings: Settings, content: bytes) -> None:
    path = settings.state / "sources" / "essai.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    assert read_source_state(settings, "essai").source == "essai"
    (settings.state / "journal.jsonl").write_bytes(content)
    assert all(isinstance(event, dict) for event in read_journal(settings))


def test_a_write_that_fails_leaves_the_old_content(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = settings.state / "fichier"
    storage.write_atomically(path, "ancien")
    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, _raise(errno.ENOSPC))
            with pytest.raises(StorageError, match="disque plein"):
                storage.write_atomically(path, "nouveau")
        assert path.read_text() == "ancien"
        assert [other.name for other in path.parent.iterdir()] == ["fichier"]


def test_other_system_errors_are_not_dressed_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", _raise(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        storage.write_atomically(settings.state / "fichier", "x")


def _raise(code: int) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    return fail


HOLD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from observatoire.settings import Settings
from observatoire.state import writer_lock
folder = Path({folder!r})
with writer_lock(Settings(folder, folder / "data", folder), "un essai"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    code = HOLD.format(root=str(ROOT), folder=str(folder))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_writer_is_refused_by_name_until_the_first_dies(settings: Settings, tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        for _ in range(2):
            with pytest.raises(LockHeld) as refused, writer_lock(settings, "second"):
                raise AssertionError("never inside")
            assert f"un essai, processus {process.pid}, depuis 20" in str(refused.value)
            assert "\n" not in str(refused.value)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with writer_lock(settings, "second"):
            assert "second" in (settings.state / "writer.lock").read_text()


def test_a_second_writer_may_wait(settings: Settings, tmp_path: Path) -> None:
    import threading

    with holder(tmp_path) as process:
        threading.Timer(0.3, process.kill).start()
        with writer_lock(settings, "second", wait_seconds=30):
            assert process.wait() == -signal.SIGKILL


def test_the_lock_is_released_by_an_error(settings: Settings) -> None:
    with pytest.raises(RuntimeError), writer_lock(settings, "premier"):
        raise RuntimeError
    with writer_lock(settings, "second"), pytest.raises(LockHeld, match="second"), writer_lock(settings, "troisième"):
        pass


def test_a_lock_that_cannot_be_written_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "mkdir", _raise(errno.EROFS))
    with pytest.raises(StorageError, match="lecture seule"), writer_lock(settings, "premier"):
        pass


def test_what_an_earlier_holder_wrote_is_not_read_as_the_present_one(settings: Settings) -> None:
    with writer_lock(settings, "un nom bien plus long que le suivant"):
        time.sleep(0)
    with writer_lock(settings, "court"), pytest.raises(LockHeld) as refused, writer_lock(settings, "autre"):
        pass
    assert "bien plus long" not in str(refused.value)
