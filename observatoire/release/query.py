"""Asking SQL of a release, as it is or as known on a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.clock import today
from observatoire.errors import UsageError
from observatoire.release.refusal import refusal
from observatoire.release.store import Release
from observatoire.release.vintages import as_of_query, vintages_folder
from observatoire.settings import Settings
from observatoire.sql_text import identifier, literal

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Answer:
    """Column names and rows of an answer."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def as_dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@contextmanager
def opened(settings: Settings, release: Release, as_of: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection where every table of the release is a view, which can read nothing else.

    With `as_of` (ISO date) the tables are as known at the end of that day in Paris. Raises UsageError on a malformed date or
    one before the first release.
    """
    import duckdb

    with closing(duckdb.connect()) as con:
        folder = release.path
        queries = {
            table: f"select * from read_parquet({literal(str(folder / f'{table}.parquet'))})"
            for table in release.tables()
        }
        if as_of is not None:
            folder = vintages_folder(settings)
            day = _day(as_of)
            queries = {path.stem: as_of_query(path, day) for path in sorted(folder.glob("*.parquet"))}
            if not any(con.execute(f"select 1 from ({query}) limit 1").fetchone() for query in queries.values()):
                raise UsageError(f"Rien n'était encore publié le {day}. Voir « observatoire releases ».")
        con.execute(f"set allowed_directories = [{literal(str(folder))}]")
        con.execute("set enable_external_access = false")
        for table, query in queries.items():
            con.execute(f"create view {identifier(table)} as {query}")
        con.execute("set lock_configuration = true")
        yield con


def ask(settings: Settings, release: Release, sql: str, as_of: str | None = None) -> Answer:
    """The answer to one SELECT. Raises UsageError, in one line, when it cannot be run or asks nothing."""
    import duckdb

    with opened(settings, release, as_of) as con:
        try:
            cursor = con.execute(sql)
            if cursor is None:  # DuckDB has no answer to a text that holds no statement
                raise UsageError("Requête vide. Écrire une requête SQL, par exemple « from usages limit 10 ».")
            return Answer([column[0] for column in cursor.description or []], cursor.fetchall())
        except duckdb.Error as error:
            raise UsageError(refusal(str(error), release.tables())) from error


def _day(text: str) -> str:
    try:
        day = dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UsageError(f"--as-of « {text} » : une date AAAA-MM-JJ est attendue.") from error
    if day > today():
        raise UsageError(f"--as-of {day} : ce jour n'est pas venu. Donner une date passée, ou omettre l'option.")
    return day
