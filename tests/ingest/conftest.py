"""A register of one file, taken in as the pipeline does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from observatoire import ingest as room
from observatoire.archive import Archive
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.state import SourceState, read_source_state
from tests.helpers import make_source

FORM = {"name": "csv", "delimiter": ","}


@dataclass
class Bench:
    """One source, its file, and what the pipeline holds of it."""

    settings: Settings
    source: Source

    @property
    def file(self) -> Path:
        return self.settings.register / "essai.csv"

    @property
    def archive(self) -> Archive:
        return Archive(self.settings.raw)

    @property
    def state(self) -> SourceState:
        return read_source_state(self.settings, self.source.id)

    def write(self, rows: str, header: str = "code,nom") -> None:
        self.file.write_text(f"{header}\n{rows}", encoding="utf-8")

    def take(self, rows: str | None = None, header: str = "code,nom", file: Path | None = None) -> Ingested:
        if rows is not None:
            self.write(rows, header)
        results = ingest_source(self.settings, self.source, file)
        assert len(results) == 1
        assert not list(self.archive.incoming.iterdir()), "what arrived is not left behind"
        return results[0]

    def used(self) -> list[bytes]:
        """The bytes in use, checked against their address."""
        return [self.archive.verified(item).read_bytes() for item in deliveries_in_use(self.settings, self.source)]

    def objects(self) -> list[Path]:
        return [path for path in (self.settings.raw / "objects").rglob("*") if path.is_file()]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Each attempt is made on another day."""
    days = iter([f"2026-01-{day:02d}T08:00:00Z" for day in range(1, 32)])
    monkeypatch.setattr(room, "now", lambda: next(days))
    (tmp_path / "register").mkdir()
    return Bench(Settings(tmp_path, tmp_path / "data", tmp_path / "register"), make_source(FORM))


def with_arrival(bench: Bench, **limits: Any) -> Bench:
    """The same bench under other thresholds."""
    return Bench(bench.settings, make_source(FORM, arrival=limits))
