"""Staging tables made row by row: of a new delivery, only the records that were not seen before are typed.

A model whose comment begins with « Row by row » reads one raw table and gives each of its records one row, from that record
alone, its place (`_livraison`, `_ligne`) passed on as it is. Its result is kept with a fingerprint of what it read of each
record: a record that comes again has its place changed, one that is gone leaves, the others are typed. The model is run as it
stands over records whose `_livraison` is the fingerprint and whose `_ligne` is the place, so that both come out beside the
typed columns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlglot
import sqlglot.expressions as exp

from observatoire.errors import BuildFailed
from observatoire.sql_text import identifier, literal
from observatoire.storage import sha256_text

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    from observatoire.warehouse.models import Model

MARK = re.compile(r"^-- Row by row\b", re.MULTILINE)
PLACE = ("_livraison", "_ligne")
LINE_BITS = 40  # a place is one whole number: the delivery's rank above the record's own number
LINE = (1 << LINE_BITS) - 1
# What would make a row depend on other records than its own.
ACROSS = (
    exp.Join, exp.Group, exp.Window, exp.Distinct, exp.Order, exp.Limit, exp.AggFunc, exp.SetOperation, exp.Unnest,
    exp.Explode, exp.TableSample,
)  # fmt: skip


def check(tree: exp.Query, inputs: frozenset[str], place: str) -> None:
    """Raise BuildFailed unless every row is made from one record of one raw table."""
    if len(inputs) != 1 or not next(iter(inputs)).startswith("raw."):
        raise BuildFailed(
            f"{place} : un modèle « Row by row » lit une table raw. et elle seule. Retirer ce commentaire."
        )
    passed = [column for column in tree.find_all(exp.Column) if column.name.lower() in PLACE]
    if used := [column for column in passed if not isinstance(column.parent, exp.Select)]:
        raise BuildFailed(
            f"{place} : un modèle « Row by row » passe {used[0].name} tel quel, sans calcul. Retirer ce commentaire."
        )
    if found := next(tree.find_all(*ACROSS), None):
        raise BuildFailed(
            f"{place} : un modèle « Row by row » ne peut contenir « {found.sql(dialect='duckdb')[:60]} », qui lit "
            "plusieurs enregistrements. Retirer ce commentaire."
        )


def kept(table: str) -> str:
    """The name of the table that keeps the typed records, without the layer."""
    return f"_{table}_types"


def columns_read(tree: exp.Query, received: list[str]) -> list[str]:
    """The received columns that can change a row: those named anywhere; all of them where the query may read a whole row."""
    named = {column.name.lower() for column in tree.find_all(exp.Column)}
    rows = {table.alias_or_name.lower() for table in tree.find_all(exp.Table, exp.CTE)}
    renames = any(star.args.get("rename") for star in tree.find_all(exp.Star))
    read = [name for name in received if name.lower() in named]
    whole = tree.is_star or renames or tree.find(exp.Columns) or named & rows or not read
    return received if whole else read


def build(con: duckdb.DuckDBPyConnection, model: Model) -> str:
    """Bring what is kept of a model up to date, and its view staging._X; return what decides their content.

    Runs in the caller's transaction. When the model, its macros or the columns received changed, all is typed again.
    """
    assert model.sql is not None
    (source,) = model.inputs
    received = [row[0] for row in con.execute(f"describe {source}").fetchall() if row[0] not in PLACE]
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    assert isinstance(tree, exp.Query)
    read = columns_read(tree, received)
    fingerprint = f"hash({', '.join(identifier(name) for name in read)})"
    typed = f"staging.{identifier(kept(model.table))}"
    definition = sha256_text(f"{model.definition}|{received}|{fingerprint}|{_version()}")
    known, moved = _known(con, model)
    deliveries = _deliveries(con, source)
    place = f"((list_position({deliveries}, _livraison)::bigint << {LINE_BITS}) | _ligne)"
    records = f"select * replace ({fingerprint} as _livraison, {place} as _ligne) from {source}"
    if known == definition:
        new, moved = _keep_what_stays(con, typed, records, moved)
        first, last = con.execute(f"select min(ligne), max(ligne) from {new}").fetchall()[0]
        # Bounds that are written out tell DuckDB which parts of a file to read.
        records += (
            f" semi join {new} on ligne = _ligne and place = {place} where _ligne between {first or 0} and {last or 0}"
        )
        into = f"insert into {typed}"
    else:
        moved = 0
        into = f"create or replace table {typed} as"
    con.execute(f"create or replace temp view _enregistrements as {records}")
    con.execute(f"{into} {_typing(model, source, moved)}")
    con.execute("drop view _enregistrements")
    con.execute(f"comment on table {typed} is {literal(f'{definition} {moved}')}")
    now = f"(_place + {moved})"
    con.execute(
        f"create or replace view staging.{identifier('_' + model.table)} as select * exclude (_empreinte, _place, _motifs), "
        f"{deliveries}[{now} >> {LINE_BITS}] as _livraison, {now} & {LINE} as _ligne, _motifs from {typed}"
    )
    counted = con.execute(
        f"select count(*), coalesce(sum(hash(_empreinte, {now})::hugeint), 0)::varchar from {typed}"
    ).fetchone()
    return sha256_text(f"{definition}|{deliveries}|{counted}")


def _known(con: duckdb.DuckDBPyConnection, model: Model) -> tuple[str, int]:
    """What the kept rows were made from, and by how much all their places moved since they were written.

    The table's comment says it: it goes with the table, whatever becomes of it.
    """
    found = con.execute(
        "select comment from duckdb_tables() where schema_name = 'staging' and table_name = ?", [kept(model.table)]
    ).fetchone()
    definition, _, moved = (found[0] if found and found[0] else "").partition(" ")
    return definition, int(moved or 0)


def _version() -> str:
    import duckdb

    return duckdb.__version__


def _deliveries(con: duckdb.DuckDBPyConnection, source: str) -> str:
    """The SQL list of the deliveries that places count."""
    found = con.execute(f"select distinct _livraison from {source} order by _livraison").fetchall()
    return "([" + ", ".join(literal(row[0]) for row in found) + "]::VARCHAR[])"


def _typing(model: Model, source: str, moved: int) -> str:
    """The query of the typed rows of _enregistrements, with their fingerprint and the place to write."""
    assert model.sql is not None
    text = re.sub(rf"\b{re.escape(source)}\b", "_enregistrements", model.sql, flags=re.IGNORECASE)
    return (
        f"select * exclude (_livraison, _ligne), _livraison as _empreinte, _ligne - {moved} as _place from ({text}\n)"
    )


def _keep_what_stays(con: duckdb.DuckDBPyConnection, typed: str, records: str, moved: int) -> tuple[str, int]:
    """Give the typed rows of `records` that came before their new place and remove the others.

    Most records of a file moved by as many lines: that is written once, for all of them. Returns the name of a table
    (place, ligne) of the records left to type, and by how much all places have moved from now on.
    """
    import numpy as np

    from observatoire.warehouse.alignment import NOWHERE, positions_after

    before, places = _in_order(con, f"select _empreinte, _place + {moved} from {typed}")
    after, new_places = _in_order(con, f"select _livraison, _ligne from ({records})")
    found = positions_after(before, after)
    if not (stay := found != NOWHERE).all():
        gone = _numbers(con, "_partis", place=places[~stay] - moved)
        con.execute(f"delete from {typed} where _place in (select place from {gone})")
        found, places = found[stay], places[stay]
    new = np.ones(len(after), dtype=bool)
    new[found] = False
    moves = new_places[found] - places
    usual = int(np.median(moves[::100])) if len(moves) else 0
    if (other := moves != usual).any():
        old = places[other] - moved
        changes = _numbers(con, "_deplaces", avant=old, apres=old + moves[other] - usual)
        con.execute(f"update {typed} set _place = apres from {changes} where avant = _place")
    return _numbers(con, "_a_typer", place=new_places[new], ligne=new_places[new] & LINE), moved + usual


def _in_order(con: duckdb.DuckDBPyConnection, query: str) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Fingerprints and places, the two columns of a query, by place."""
    import numpy as np

    fingerprints, places = (np.asarray(column) for column in con.execute(query).fetchnumpy().values())
    if (np.diff(places) < 0).any():
        order = np.argsort(places, kind="stable")
        return fingerprints[order], places[order]
    return fingerprints, places


def _numbers(con: duckdb.DuckDBPyConnection, table: str, **columns: NDArray[np.int64]) -> str:
    """Make a temporary table of whole numbers, whose size DuckDB knows; return its name."""
    con.register("_nombres", columns)
    con.execute(f"create or replace temp table {table} as select * from _nombres")
    con.unregister("_nombres")
    return table
