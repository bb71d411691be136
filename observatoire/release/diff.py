"""What changed between two releases, row by row and cell by cell."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from observatoire.release.store import Release
from observatoire.sql_text import identifier, literal

if TYPE_CHECKING:
    import duckdb

Kind = Literal["ajoutée", "retirée", "modifiée"]


@dataclass(frozen=True)
class Change:
    """A row that came or went, or one cell of a row that changed. Values are texts; None is the absence of a value."""

    table: str
    key: str
    kind: Kind
    column: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Diff:
    """Every change between two releases, tables and keys in order."""

    before: str
    after: str
    changes: list[Change]

    def summary(self) -> list[dict[str, Any]]:
        """Per table: rows that came, rows that went, rows modified."""
        rows: dict[str, Counter[str]] = {}
        seen = set()
        for change in self.changes:
            if (change.table, change.key, change.kind) not in seen:
                seen.add((change.table, change.key, change.kind))
                rows.setdefault(change.table, Counter())[change.kind] += 1
        return [
            {"table": table, **{kind: count[kind] for kind in ("ajoutée", "retirée", "modifiée")}}
            for table, count in sorted(rows.items())
        ]

    def as_dict(self) -> dict[str, Any]:
        return {
            "avant": self.before,
            "apres": self.after,
            "resume": self.summary(),
            "changements": [asdict(change) for change in self.changes],
        }


def diff_releases(before: Release, after: Release) -> Diff:
    """The changes that lead from `before` to `after`.

    Rows are matched by the unique key that the newer release's Parquet file declares, so that a release can be
    compared with one built by another version of the specifications.
    """
    import duckdb

    changes: list[Change] = []
    with closing(duckdb.connect()) as con:
        for table in sorted({*before.tables(), *after.tables()}):
            changes += _table_changes(con, table, before, after)
    return Diff(before.id, after.id, changes)


def _table_changes(con: duckdb.DuckDBPyConnection, table: str, before: Release, after: Release) -> list[Change]:
    old, new = (release.path / f"{table}.parquet" for release in (before, after))
    columns = {path: _columns(con, str(path)) if path.is_file() else [] for path in (old, new)}
    keys = unique_key(con, str(new if new.is_file() else old))
    shared = [name for name in columns[new] if name in columns[old]] if new.is_file() and old.is_file() else []
    if not set(keys) <= set(columns[old] or columns[new]):
        keys = [name for name in keys if name in shared]
    reads = {
        path: f"(select {_key(keys)} as _cle, * from read_parquet({literal(str(path))}))"
        if path.is_file()
        else "(select null::varchar as _cle where false)"
        for path in (old, new)
    }
    gone = _only(con, reads[old], reads[new]) if old.is_file() else []
    came = _only(con, reads[new], reads[old]) if new.is_file() else []
    changes = [Change(table, key, "ajoutée") for key in came] + [Change(table, key, "retirée") for key in gone]
    return sorted(
        changes + (_cell_changes(con, table, reads[old], reads[new], shared, keys) if shared else []),
        key=lambda change: (change.key, change.kind, change.column or ""),
    )


def _only(con: duckdb.DuckDBPyConnection, one: str, other: str) -> list[str]:
    rows = con.execute(f"select _cle from {one} where _cle not in (select _cle from {other}) order by _cle").fetchall()
    return [row[0] for row in rows]


def _cell_changes(
    con: duckdb.DuckDBPyConnection, table: str, old: str, new: str, columns: list[str], keys: list[str]
) -> list[Change]:
    compared = [name for name in columns if name not in keys]
    if not compared:
        return []
    cells = ", ".join(
        f"case when o.{identifier(name)} is distinct from n.{identifier(name)} then "
        f"struct_pack(c := {literal(name)}, b := cast(o.{identifier(name)} as varchar), a := cast(n.{identifier(name)} as varchar)) end"
        for name in compared
    )
    rows = con.execute(
        f"select _cle, cell.c, cell.b, cell.a from (select n._cle as _cle, unnest([{cells}]) as cell "
        f"from {old} as o inner join {new} as n on n._cle = o._cle) where cell is not null"
    ).fetchall()
    return [Change(table, key, "modifiée", column, before, after) for key, column, before, after in rows]


def _columns(con: duckdb.DuckDBPyConnection, path: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe select * from read_parquet({literal(path)})").fetchall()]


def _key(keys: list[str]) -> str:
    return "concat_ws('|', " + ", ".join(f"coalesce(cast({identifier(name)} as varchar), '')" for name in keys) + ")"


def unique_key(con: duckdb.DuckDBPyConnection, path: str) -> list[str]:
    """The unique key that a released Parquet file declares in its metadata."""
    row = con.execute(
        f"select decode(value) from parquet_kv_metadata({literal(path)}) where decode(key) = 'cle'"
    ).fetchone()
    return str(row[0]).split(",") if row else []
