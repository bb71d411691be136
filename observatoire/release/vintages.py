"""Vintages: for each table, when each row was known, so that a query can be asked « as known on » a date.

data/curated/vintages/TABLE.parquet holds the table's columns, `connu_du` and `connu_au` (empty while still known):
the moments of the releases that brought the row and that no longer had it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.clock import end_of
from observatoire.release.store import Release
from observatoire.settings import Settings
from observatoire.sql_text import identifier, literal
from observatoire.storage import canonical_json, fsync_file, fsync_folder, storage_errors, write_atomically

if TYPE_CHECKING:
    import duckdb

PERIOD = ("connu_du", "connu_au")


def vintages_folder(settings: Settings) -> Path:
    return settings.curated / "vintages"


def catch_up(settings: Settings, con: duckdb.DuckDBPyConnection, current: Release, known_from: str) -> bool:
    """Bring the vintages to the current release, known since `known_from` (ISO 8601, UTC); True if something changed.

    Each table is written aside and renamed, the mark last: a run killed half-way is completed by the next one.
    """
    folder = vintages_folder(settings)
    mark = folder / "last.json"
    if mark.is_file() and json.loads(mark.read_text()).get("release") == current.id:
        return False
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for table in sorted({*current.tables(), *(path.stem for path in folder.glob("*.parquet"))}):
            _update(con, folder / f"{table}.parquet", current.path / f"{table}.parquet", known_from)
        write_atomically(mark, canonical_json({"release": current.id, "known_from": known_from}) + "\n")
    return True


def _update(con: duckdb.DuckDBPyConnection, kept: Path, released: Path, known_from: str) -> None:
    moment = _moment(known_from)
    if not kept.is_file():
        query = f"select *, {moment} as connu_du, null::timestamp as connu_au from {_read(released)}"
    elif not released.is_file():
        query = f"select * replace (coalesce(connu_au, {moment}) as connu_au) from {_read(kept)}"
    else:
        query = _merged(con, kept, released, moment)
    aside = kept.with_suffix(".tmp")
    con.execute(f"copy ({query}) to {literal(str(aside))} (format parquet, compression zstd)")
    fsync_file(aside)
    aside.replace(kept)
    fsync_folder(kept.parent)


def _merged(con: duckdb.DuckDBPyConnection, kept: Path, released: Path, moment: str) -> str:
    """Rows still open and still there stay as they are; those gone are closed; those new are opened.

    Columns are those of the release, then those it no longer has; a row is compared on the release's columns.
    """
    new = {row[0]: row[1] for row in con.execute(f"describe select * from {_read(released)}").fetchall()}
    old = {row[0]: row[1] for row in con.execute(f"describe select * from {_read(kept)}").fetchall()}
    dropped = {name: kind for name, kind in old.items() if name not in new and name not in PERIOD}
    aligned = ", ".join(
        (f"try_cast({identifier(name)} as {kind})" if name in old else f"null::{kind}") + f" as {identifier(name)}"
        for name, kind in new.items()
    )
    extra = "".join(f", {identifier(name)}" for name in dropped)
    blank = "".join(f", null::{kind} as {identifier(name)}" for name, kind in dropped.items())
    row = "struct_pack(" + ", ".join(f"{identifier(name)} := {identifier(name)}" for name in new) + ")"
    return (
        f"with before as (select {aligned}{extra}, connu_du, connu_au from {_read(kept)}), "
        f"now_known as (select {', '.join(identifier(name) for name in new)} from {_read(released)}), "
        f"kept as (select * replace (case when connu_au is null and {row} not in (select {row} from now_known) "
        f"then {moment} else connu_au end as connu_au) from before) "
        f"select * from kept union all by name "
        f"select *{blank}, {moment} as connu_du, null::timestamp as connu_au from now_known "
        f"where {row} not in (select {row} from before where connu_au is null)"
    )


def _read(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _moment(instant: str) -> str:
    """An instant in UTC as SQL writes it."""
    return f"timestamp {literal(instant.rstrip('Z').replace('T', ' '))}"


def as_of_query(table: Path, date: str) -> str:
    """The rows of a table as known at the end of a day in Paris (ISO date), without the period columns."""
    end = _moment(end_of(date))
    return (
        f"select * exclude (connu_du, connu_au) from {_read(table)} "
        f"where connu_du < {end} and (connu_au is null or connu_au >= {end})"
    )
