"""What changed between two releases, row by row and cell by cell."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from observatoire.release.store import Release
from observatoire.sql_text import identifier, literal

if TYPE_CHECKING:
    import duckdb

# Where a row stands, not what it says.
PLACES = ("livraison", "ligne")

# The columns that tell a reader which row it is, in the tables whose key is a hash or a code, and the column that leads to
# the use a row speaks of.
TITLES = {
    "usages": ("cle_source", "titre", "collectivite"),
    "usages_acteurs": ("role", "collectivite"),
    "usages_heritiers": ("nature",),
    "preuves": ("source", "cle_source"),
    "indicateurs": ("indicateur_id", "edition", "libelle"),
    "indicateurs_lignes": ("indicateur_id",),
    "candidats": ("source", "cle", "objet"),
    "marches": ("source", "contrat_cle", "objet"),
    "aides": ("source", "aide_cle", "projet"),
    "contexte_europe": ("source", "cle_source", "titre"),
    "extraits": ("source", "cle"),
    "livraisons": ("source", "millesime", "date_livraison"),
}
USES = {
    "usages_acteurs": "usage_id",
    "usages_heritiers": "usage_id",
    "preuves": "usage_id",
    "indicateurs_lignes": "cle",
}
TITLE_LENGTH = 60
NOTHING = "(select null::varchar as _cle where false)"

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
    """Every change between two releases, tables and keys in order.

    For a reader: `titles` tells in words which row a (table, key) is, `types` the type of a (table, column), and `moved`
    holds the (table, key) of the rows that came or went only because their place changed.
    """

    before: str
    after: str
    changes: list[Change]
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    types: dict[tuple[str, str], str] = field(default_factory=dict)
    moved: frozenset[tuple[str, str]] = frozenset()

    def summary(self) -> list[dict[str, Any]]:
        """Per table: rows that came, rows that went, rows modified."""
        return _summary(self.changes)

    def contents(self) -> list[Change]:
        """The changes of content: the delivery a row comes from, and its place there, left out."""
        return [c for c in self.changes if c.column not in PLACES and (c.table, c.key) not in self.moved]

    def content_summary(self) -> list[dict[str, Any]]:
        """`summary` of the changes of content."""
        return _summary(self.contents())

    def columns_changed(self) -> list[tuple[str, str, int]]:
        """Table, column and number of cells modified, places left out; the most changed columns of a table first."""
        counts = Counter((c.table, c.column) for c in self.contents() if c.column)
        found = [(table, column, count) for (table, column), count in counts.items() if column]
        return sorted(found, key=lambda row: (row[0], -row[2], row[1]))

    def displaced(self) -> dict[str, int]:
        """Per table, the rows whose content is the same at another place: of another delivery, or on another line."""
        told = {(c.table, c.key) for c in self.contents()}
        modified = {(c.table, c.key) for c in self.changes if c.column in PLACES} - told
        came = {(c.table, c.key) for c in self.changes if c.kind == "ajoutée"} & self.moved
        return dict(sorted(Counter(table for table, _ in modified | came).items()))

    def as_dict(self) -> dict[str, Any]:
        return {
            "avant": self.before,
            "apres": self.after,
            "resume": self.summary(),
            "changements": [asdict(change) for change in self.changes],
        }


def _summary(changes: list[Change]) -> list[dict[str, Any]]:
    rows: dict[str, Counter[str]] = {}
    for table, _, kind in {(change.table, change.key, change.kind) for change in changes}:
        rows.setdefault(table, Counter())[kind] += 1
    return [
        {"table": table, **{kind: count[kind] for kind in ("ajoutée", "retirée", "modifiée")}}
        for table, count in sorted(rows.items())
    ]


def diff_releases(before: Release, after: Release) -> Diff:
    """The changes that lead from `before` to `after`.

    Rows are matched by the unique key that the newer release's Parquet file declares, so that a release can be
    compared with one built by another version of the specifications.
    """
    import duckdb

    changes: list[Change] = []
    titles: dict[tuple[str, str], str] = {}
    types: dict[tuple[str, str], str] = {}
    moved: set[tuple[str, str]] = set()
    with closing(duckdb.connect()) as con:
        for table in sorted({*before.tables(), *after.tables()}):
            found = _table_changes(con, table, before, after)
            if not found:
                continue
            changes += found
            key, keys = matching_key(con, table, before, after), {change.key for change in found}
            for release in (before, after):  # the newer words last: they are the ones kept
                titles |= {(table, key): title for key, title in row_titles(con, release, table, key, keys)}
                types |= {(table, column): kind for column, kind in _columns(con, release, table).items()}
            moved |= {(table, key) for key in _moved(con, table, before, after)}
    return Diff(before.id, after.id, changes, titles, types, frozenset(moved))


def _table_changes(con: duckdb.DuckDBPyConnection, table: str, before: Release, after: Release) -> list[Change]:
    old, new = _columns(con, before, table), _columns(con, after, table)
    shared = [name for name in new if name in old]
    keys = matching_key(con, table, before, after)
    before_rows = _keyed(before, table, keys) if old else NOTHING
    after_rows = _keyed(after, table, keys) if new else NOTHING
    gone, came = _only(con, before_rows, after_rows), _only(con, after_rows, before_rows)
    changes = [Change(table, key, "ajoutée") for key in came] + [Change(table, key, "retirée") for key in gone]
    return sorted(
        changes + (_cell_changes(con, table, before_rows, after_rows, shared, keys) if shared else []),
        key=lambda change: (change.key, change.kind, change.column or ""),
    )


def matching_key(con: duckdb.DuckDBPyConnection, table: str, before: Release, after: Release) -> list[str]:
    """The columns by which the rows of two releases are matched: the key of the newer, as far as the older has it."""
    paths = [release.path / f"{table}.parquet" for release in (after, before)]
    keys = unique_key(con, str(next(path for path in paths if path.is_file())))
    old = _columns(con, before, table)
    return [name for name in keys if name in old] if old else keys


def _moved(con: duckdb.DuckDBPyConnection, table: str, before: Release, after: Release) -> list[str]:
    """The keys that came or went of rows whose content is in both releases, in tables keyed by a place.

    Equal rows are matched one to one, so that one that really came or went is still told.
    """
    old, new, keys = _columns(con, before, table), _columns(con, after, table), matching_key(con, table, before, after)
    content = [name for name in new if name in old and name not in PLACES]
    if not old or not new or not content or not set(keys) & set(PLACES):
        return []
    listed = ", ".join(identifier(name) for name in content)
    sides = []
    for release, other in ((before, after), (after, before)):
        others = f"(select _cle from {_keyed(other, table, keys)})"
        sides.append(
            f"(select _cle, {listed}, row_number() over (partition by {listed} order by _cle) as _rang "
            f"from {_keyed(release, table, keys)} where _cle not in {others})"
        )
    equal = " and ".join(
        f"o.{identifier(name)} is not distinct from n.{identifier(name)}" for name in [*content, "_rang"]
    )
    rows = con.execute(
        f"select unnest([o._cle, n._cle]) from {sides[0]} as o inner join {sides[1]} as n on {equal}"
    ).fetchall()
    return [row[0] for row in rows]


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


def _columns(con: duckdb.DuckDBPyConnection, release: Release, table: str) -> dict[str, str]:
    """Columns and types of a table of a release; none when the release has no such table."""
    path = release.path / f"{table}.parquet"
    if not path.is_file():
        return {}
    rows = con.execute(f"describe select * from read_parquet({literal(str(path))})").fetchall()
    return {row[0]: row[1] for row in rows}


def _keyed(release: Release, table: str, keys: list[str]) -> str:
    """The rows of a table of a release and their key in one text, `_cle`."""
    parts = ", ".join(f"coalesce(cast({identifier(name)} as varchar), '')" for name in keys)
    return f"(select concat_ws('|', {parts}) as _cle, * from read_parquet({literal(str(release.path / f'{table}.parquet'))}))"


def _short(column: str) -> str:
    """The beginning of a column's text; NULL when it is empty."""
    text = f"cast({column} as varchar)"
    return f"nullif(if(length({text}) > {TITLE_LENGTH}, rtrim(left({text}, {TITLE_LENGTH})) || '…', {text}), '')"


def row_titles(
    con: duckdb.DuckDBPyConnection, release: Release, table: str, key: list[str], keys: set[str]
) -> list[tuple[str, str]]:
    """Of the rows with these keys (made of the columns `key`): the key, and which row it is in words.

    Only in the tables whose key says nothing to a reader.
    """
    columns = _columns(con, release, table)
    if table not in TITLES or not columns:
        return []
    use = USES.get(table)
    parts = [_short(f"t.{identifier(name)}") for name in TITLES[table] if name in columns]
    joined = ""
    if use in columns and {"usage_id", "cle_source", "titre"} <= set(_columns(con, release, "usages")):
        parts = [*parts, "u.cle_source", _short("u.titre")]
        usages = literal(str(release.path / "usages.parquet"))
        joined = f" left join read_parquet({usages}) as u on u.usage_id = t.{identifier(use)}"
    if not parts:
        return []
    read = _keyed(release, table, key)
    return con.execute(
        f"select t._cle, concat_ws(' · ', {', '.join(parts)}) from {read} as t{joined} where t._cle in (select unnest($1))",
        [sorted(keys)],
    ).fetchall()


def unique_key(con: duckdb.DuckDBPyConnection, path: str) -> list[str]:
    """The unique key that a released Parquet file declares in its metadata."""
    row = con.execute(
        f"select decode(value) from parquet_kv_metadata({literal(path)}) where decode(key) = 'cle'"
    ).fetchone()
    return str(row[0]).split(",") if row else []
