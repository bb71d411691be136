"""What the tests of the transport room share: a server, a folder to receive into, a clock that nobody waits for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from observatoire.protocols import Fetched, NotModified, Pace, Validators, fetch
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from tests.servers import Server

URL = "https://www.producteur.fr/fichiers/communes.csv"
API = "https://api.producteur.fr/v1/search"
LOGIN = "https://api.producteur.fr/v1/connexion"
PAGINATIONS: dict[str, dict[str, Any]] = {
    "page": {"param": "page", "size_param": "limit", "size": 10},
    "offset": {"param": "offset", "size_param": "limit", "size": 10},
    "cursor": {"param": "after", "size_param": "limit", "size": 10, "next": "next"},
    "next_link": {"size_param": "limit", "size": 10, "next": "next"},
    "iteration_token": {"param": "token", "size_param": "limit", "size": 10, "next": "next"},
}


@dataclass
class FakeTime:
    """A clock that advances when one sleeps, and by `tick` each time it is read."""

    tick: float = 0.0
    elapsed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds

    def monotonic(self) -> float:
        self.elapsed += self.tick
        return self.elapsed

    def pace(self) -> Pace:
        return Pace(sleep=self.sleep, monotonic=self.monotonic, now=lambda: 1_000_000_000.0, jitter=lambda: 1.0)


@dataclass
class Bench:
    """Fetches a source described by a few options, from the test's server, into an empty folder."""

    settings: Settings
    folder: Path
    time: FakeTime = field(default_factory=FakeTime)

    def source(self, format_: str = "csv", **options: Any) -> Source:
        formats = {"csv": {"name": "csv", "delimiter": ";"}, "json": {"name": "json"}, "xlsx": {"name": "xlsx"}}
        address = {} if {"vintages", "resolve"} & options.keys() else {"url": URL}
        return Source(
            id="cog_communes",
            title="t",
            description="d",
            producer="p",
            licence="l",
            attribution="a",
            protocol={"name": "http_file", **address, **options},
            format=formats[format_],
            key=("code",),
            cadence="annuelle",
            columns=("code", "nom"),
        )

    def api(self, kind: str = "page", columns: tuple[str, ...] = ("code", "nom"), **options: Any) -> Source:
        """A source behind a paged API of that kind."""
        pagination = {"kind": kind, **PAGINATIONS.get(kind, {}), **options.pop("pagination", {})}
        protocol = {"name": "paged_api", "url": API, "records": "results", "total": "total", "rate": 50}
        if kind == "iteration_token":
            protocol["method"] = "POST"
        values = {**self.source().model_dump(), "format": {"name": "jsonl"}, "columns": columns}
        values["mode"] = "increment" if "since" in options else "snapshot"
        return Source(**{**values, "protocol": {**protocol, "pagination": pagination, **options}})

    def fetch(
        self,
        source: Source | None = None,
        vintage: str | None = None,
        previous: Validators | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        since: str | None = None,
    ) -> Fetched | NotModified:
        return fetch(
            source or self.source(),
            self.settings,
            vintage=vintage,
            previous=previous,
            folder=self.folder,
            progress=progress,
            pace=self.time.pace(),
            since=since,
        )

    def fetched(self, source: Source | None = None, **options: Any) -> Fetched:
        result = self.fetch(source, **options)
        assert isinstance(result, Fetched)
        assert [path for path in self.folder.iterdir() if path.is_file()] == [result.path]
        return result

    @property
    def left(self) -> list[Path]:
        """What is in the folder of arrival: nothing, after a failure."""
        return list(self.folder.iterdir())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, server: Server) -> Bench:
    (tmp_path / "register").mkdir()
    (tmp_path / "incoming").mkdir()
    settings = Settings(project=tmp_path, data=tmp_path / "data", register=tmp_path / "register", mirror_url=server.url)
    return Bench(settings, tmp_path / "incoming")
