"""A warehouse of a few models written on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from observatoire.settings import Settings
from observatoire.warehouse import BuildReport, Model, build_models, load_models, open_warehouse
from observatoire.warehouse.models import load_macros
from observatoire.warehouse.python_models import fact_model, values_query

BASE = "core.base"
Rows = list[tuple[str, int]]


class Mill:
    """A folder of SQL and the warehouse built from it; `core.base` is a table of (nom, n) given by the test."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder, folder / "data", folder / "register")
        self.base: Rows = [("a", 1), ("b", 2), ("c", 3)]
        self.specs: dict[str, str] = {}
        self.types: dict[str, dict[str, str]] = {}

    def write(self, **files: str) -> None:
        """`core__x="select…"` writes sql/core/x.sql."""
        for name, text in files.items():
            layer, table = name.split("__")
            path = self.settings.sql / layer / f"{table}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        layer, table = name.split("__")
        (self.settings.sql / layer / f"{table}.sql").unlink()

    def models(self) -> list[Model]:
        base = fact_model(BASE, [], lambda _: values_query(("nom", "n"), self.base, ("VARCHAR", "BIGINT")), self.base)
        return [base, *load_models(self.settings.sql, self.specs, self.types)]

    def build(self) -> BuildReport:
        con, self.said = open_warehouse(self.settings)
        with closing(con):
            return build_models(con, self.models(), load_macros(self.settings.sql), None)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        con, _ = open_warehouse(self.settings)
        with closing(con):
            return con.execute(query).fetchall()


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    mill = Mill(tmp_path)
    (tmp_path / "sql").mkdir()
    yield mill
