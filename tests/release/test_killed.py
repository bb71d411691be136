"""A run killed at any moment leaves a complete release in service, and the next run succeeds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from observatoire.release.store import current_release, damaged_files
from observatoire.settings import Settings
from tests.conftest import ROOT
from tests.helpers import asked, edit_csv


class Zygote:
    """Talks to tests/release/zygote.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def start(self, settings: Settings) -> int:
        assert self.process.stdin
        self.process.stdin.write(f"{settings.data}\t{settings.project}\n")
        self.process.stdin.flush()
        return int(self._line())

    def finish(self) -> str:
        return self._line()


@contextmanager
def zygote() -> Iterator[Zygote]:
    command = [sys.executable, "-m", "tests.release.zygote"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            talker = Zygote(process)
            assert talker._line() == "prêt"
            yield talker
        finally:
            process.kill()


def kill_at_random(settings: Settings, moments: int, seed: int) -> int:
    """Kill `moments` runs, each of a changed register, at random moments; the number that died before they ended.

    After each kill the release in service is complete, and every fifth time a whole run succeeds at once.
    """
    chance = random.Random(seed)
    killed = 0
    register = settings.register / "cas_usage.csv"
    with zygote() as runs:
        runs.start(settings)
        assert runs.finish() == "fini 0"
        edit_csv(register, lambda rows: rows[0].update(titre="Titre"))
        start = time.monotonic()
        runs.start(settings)
        assert runs.finish() == "fini 0"
        whole = time.monotonic() - start
        for moment in range(moments):
            edit_csv(register, lambda rows, moment=moment: rows[0].update(titre=f"Titre {moment}"))
            child = runs.start(settings)
            time.sleep(chance.uniform(0, whole))
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            killed += runs.finish() == "tué"
            _assert_whole(settings)
            if moment % 5 == 4:
                runs.start(settings)
                assert runs.finish() == "fini 0"
                _assert_whole(settings)
        runs.start(settings)
        assert runs.finish() == "fini 0"
    current = current_release(settings)
    assert current is not None
    title = asked(f"select titre from '{current.path}/usages.parquet' where cle_source = 'v001'")
    assert title == [(f"Titre {moments - 1}",)]
    leftovers = [path.name for path in settings.curated.iterdir() if path.name.startswith(".")]
    assert leftovers == []
    assert list((settings.raw / "incoming").iterdir()) == []
    return killed


def _assert_whole(settings: Settings) -> None:
    """`current` is a complete release whose every byte is right."""
    assert (settings.curated / "current").is_symlink()
    current = current_release(settings)
    assert current is not None and damaged_files(current) == []


@pytest.mark.timeout(900)
def test_thirty_killed_runs(project: Settings) -> None:
    assert kill_at_random(project, 30, seed=20261123) >= 10, "enough runs were caught before their end"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_killed_runs(project: Settings) -> None:
    assert kill_at_random(project, 100, seed=1) >= 35, "enough runs were caught before their end"
