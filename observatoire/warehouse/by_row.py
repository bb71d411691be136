"""Staging tables made row by row: of a new delivery, only the records that were not seen before are typed.

A model whose comment begins with « Row by row » reads one raw table and gives each of its records one row, from that record
alone. Its result is then kept by what a record says: `_X_types` (a fingerprint of the record, the typed columns, the
reasons), beside `_X_lignes` (which record of which delivery says it), and `_X`, as any staging table, is their join. A
delivery that repeats 99 records in 100 costs one reading and a hundredth of the typing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlglot.expressions as exp

from observatoire.errors import BuildFailed
from observatoire.sql_text import identifier, literal
from observatoire.storage import sha256_text

if TYPE_CHECKING:
    import duckdb

    from observatoire.warehouse.models import Model

MARK = re.compile(r"^-- Row by row\b", re.MULTILINE)
PLACE = ("_livraison", "_ligne")
LINE_BITS = 40  # a place is one whole number: the delivery's rank above the record's own number
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
    if found := next(tree.find_all(*ACROSS), None):
        raise BuildFailed(
            f"{place} : un modèle « Row by row » ne peut contenir « {found.sql(dialect='duckdb')[:60]} », qui lit "
            "plusieurs enregistrements. Retirer ce commentaire."
        )


def tables(table: str) -> tuple[str, str]:
    """The names of the table of typed records and of the table of their places, without the layer."""
    return f"_{table}_types", f"_{table}_lignes"


def build(con: duckdb.DuckDBPyConnection, model: Model) -> str:
    """Bring the two tables of a model up to date and its view staging._X; return what decides their content.

    Runs in the caller's transaction. When the model, its macros or the columns received changed, all is typed again.
    """
    assert model.sql is not None
    (source,) = model.inputs
    columns = [row[0] for row in con.execute(f"describe {source}").fetchall() if row[0] not in PLACE]
    typed, places = (f"staging.{identifier(name)}" for name in tables(model.table))
    definition = sha256_text(f"{model.definition}|{columns}|{_version()}")
    kept = con.execute(  # the comment goes with the table, whatever becomes of it
        "select comment from duckdb_tables() where schema_name = 'staging' and table_name = ?", [tables(model.table)[0]]
    ).fetchone()
    deliveries = _places(con, source, places, columns)
    fresh = kept != (definition,)
    if fresh:
        con.execute(f"drop table if exists {typed}")
    else:
        con.execute(f"delete from {typed} where _empreinte not in (select _empreinte from {places})")
    _type(con, model, source, typed, places, deliveries, fresh)
    con.execute(f"comment on table {typed} is {literal(definition)}")
    con.execute(
        f"create or replace view staging.{identifier('_' + model.table)} as "
        f"select t.* exclude (_empreinte, _motifs), {deliveries}[l._place >> {LINE_BITS}] as _livraison, "
        f"l._place & {(1 << LINE_BITS) - 1} as _ligne, t._motifs "
        f"from {places} as l inner join {typed} as t on t._empreinte = l._empreinte"
    )
    counted = con.execute(f"select count(*), coalesce(sum(hash(l)::hugeint), 0)::varchar from {places} as l").fetchone()
    return sha256_text(f"{definition}|{deliveries}|{counted}")


def _version() -> str:
    import duckdb

    return duckdb.__version__


def _place(deliveries: str, row: str = "") -> str:
    """The SQL of a record's place."""
    return f"((list_position({deliveries}, {row}_livraison)::bigint << {LINE_BITS}) | {row}_ligne)"


def _places(con: duckdb.DuckDBPyConnection, source: str, places: str, columns: list[str]) -> str:
    """Write the place and the fingerprint of every record; return the SQL list of the deliveries that places count.

    A fingerprint is a 64-bit hash of the first column (a key, in our sources) and one of all columns: two records under one
    key are told apart by 64 bits, others by 128.
    """
    named = ", ".join(identifier(name) for name in columns)
    found = con.execute(f"select distinct _livraison from {source} order by _livraison").fetchall()
    deliveries = "([" + ", ".join(literal(row[0]) for row in found) + "]::VARCHAR[])"
    con.execute(
        f"create or replace table {places} as select (hash({identifier(columns[0])})::uhugeint << 64) | "
        f"hash({named}) as _empreinte, {_place(deliveries)} as _place from {source}"
    )
    return deliveries


def _type(
    con: duckdb.DuckDBPyConnection, model: Model, source: str, typed: str, places: str, deliveries: str, fresh: bool
) -> None:
    """Type the records whose fingerprint is not in `typed`, each fingerprint once."""
    assert model.sql is not None
    seen = "" if fresh else f"anti join {typed} as t on t._empreinte = l._empreinte"
    con.execute(
        f"create or replace temp table _a_typer as select l._empreinte, min(l._place) as _place, "
        f"min(l._place) & {(1 << LINE_BITS) - 1} as _ligne from {places} as l {seen} group by l._empreinte"
    )
    text = model.sql
    if not fresh:  # a first building types every record, and needs no search for them
        con.execute(
            f"create or replace temp view _enregistrements as select r.* from {source} as r semi join _a_typer as n "
            f"on n._ligne = r._ligne and n._place = {_place(deliveries, 'r.')}"
        )
        text = re.sub(rf"\b{re.escape(source)}\b", "_enregistrements", text, flags=re.IGNORECASE)
    rows = (
        f"select n._empreinte, s.* exclude (_livraison, _ligne) from ({text}\n) as s "
        f"inner join _a_typer as n on n._place = {_place(deliveries, 's.')}"
    )
    con.execute(f"create table {typed} as {rows}" if fresh else f"insert into {typed} {rows}")
    if not fresh:
        con.execute("drop view _enregistrements")
    con.execute("drop table _a_typer")
