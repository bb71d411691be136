"""What the tests of several rooms do: small sources, small deliveries, small warehouses."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from observatoire.archive import Archive, Delivery
from observatoire.build import all_models
from observatoire.ingest import deliveries_in_use, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.quality.spec import load_table_specs
from observatoire.release.store import Release
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.warehouse import BuildReport, build_models, open_warehouse
from observatoire.warehouse.context import BuildContext, load_used
from observatoire.warehouse.models import Model, load_macros

CASES = "cas_usage.csv"


class NetworkBlocked(RuntimeError):
    """A test tried to leave this machine."""


def make_source(format_: dict[str, Any], columns: Sequence[Any] = ("code", "nom"), **options: Any) -> Source:
    """A register source of a few columns; `options` replace what is not under test."""
    return Source(
        **{
            "id": "essai",
            "title": "Essai",
            "description": "Une source d'essai",
            "producer": "Personne",
            "licence": "Licence Ouverte 2.0",
            "attribution": "Personne",
            "protocol": {"name": "register", "file": "essai.csv"},
            "format": format_,
            "key": (columns[0] if isinstance(columns[0], str) else columns[0]["name"],),
            "cadence": "continue",
            "columns": columns,
            **options,
        }
    )


def make_delivery(content: bytes = b"a", source: str = "essai", **facts: Any) -> Delivery:
    """What the archive would know of these bytes."""
    known = {"url": "data/register/essai.csv", "first_seen": "2026-01-01T00:00:00Z", "licence": "Licence Ouverte 2.0"}
    sha256 = hashlib.sha256(content).hexdigest()
    return Delivery(**{"source": source, "sha256": sha256, "bytes": len(content), **known, **facts})


def read_csv(path: Path) -> list[dict[str, str]]:
    """The records of a file of the register."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def write_csv(path: Path, rows: Sequence[dict[str, str]], columns: Iterable[str] | None = None) -> None:
    """Write records as the register's files are written."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(columns or rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def edit_csv(path: Path, change: Callable[[list[dict[str, str]]], Any]) -> None:
    """Change the records of a file of the register in place."""
    columns = path.open(encoding="utf-8").readline().strip().split(",")
    rows = read_csv(path)
    change(rows)
    write_csv(path, rows, columns)


def ingest_register(settings: Settings, *names: str) -> dict[str, Any]:
    """Take in register sources (all of them, or the named ones): the result of each."""
    sources = load_all_sources(settings)
    chosen = [s for s in sources.values() if s.protocol.name == "register" and (not names or s.id in names)]
    return {source.id: result for source in chosen for result in ingest_source(settings, source)}


def asked(query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over files, through a connection of its own (the shared one may be busy)."""
    with duckdb.connect() as con:
        return con.execute(query).fetchall()


def assert_licences_said(release: Release) -> None:
    """Of each table whose rows carry a licence, the package says those and no other."""
    said = {
        item["title"]: {licence["title"] for licence in item.get("licenses", [])}
        for item in json.loads((release.path / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    }
    for path in sorted(release.path.glob("*.parquet")):
        if path.stem in ("sources", "livraisons"):
            continue
        if any(name == "licence" for (name,) in asked(f"select name from parquet_schema('{path}')")):
            carried = {licence for (licence,) in asked(f"select distinct licence from '{path}'")}
            assert said[path.stem] == carried, path.stem


class Warehouse:
    """Builds only the tables asked for and what they read, without checks: seconds less than a whole refresh."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.report: BuildReport | None = None

    def build(self, *names: str) -> BuildReport:
        """Bring the named tables up to date."""
        sources = load_all_sources(self.settings)
        archive = Archive(self.settings.raw)
        con, _ = open_warehouse(self.settings)
        with closing(con):
            used = {
                source.id: load_used(self.settings, archive, source, deliveries_in_use(self.settings, source))
                for source in sources.values()
            }
            context = BuildContext(con, self.settings, sources, used)
            models = needed(all_models(context, load_table_specs(self.settings.sql)), names)
            self.report = build_models(con, models, load_macros(self.settings.sql), context)
        return self.report

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the warehouse."""
        con, _ = open_warehouse(self.settings)
        with closing(con):
            return con.execute(query).fetchall()


def needed(models: Sequence[Model], names: Iterable[str]) -> list[Model]:
    """The named models and everything they read."""
    by_name = {model.name: model for model in models}
    pending, kept = list(names), set()
    while pending:
        name = pending.pop()
        if name not in kept:
            kept.add(name)
            pending += by_name[name].inputs
    return [model for model in models if model.name in kept]
