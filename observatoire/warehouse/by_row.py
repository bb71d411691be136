"""Staging tables made row by row: of a new delivery, only the records that were not seen before are typed.

A model whose comment begins with « Row by row » reads one raw table and gives each of its records one row, from that record
alone, its place (`_livraison`, `_ligne`) passed on as it is. Its result is kept with a fingerprint of each record: a record
that comes again has its place changed, one that is gone leaves, the others are typed. The model is run as it stands over
records whose `_livraison` is the fingerprint and whose `_ligne` is the place, so that both come out beside the typed columns.
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


def build(con: duckdb.DuckDBPyConnection, model: Model) -> str:
    """Bring what is kept of a model up to date, and its view staging._X; return what decides their content.

    Runs in the caller's transaction. When the model, its macros or the columns received changed, all is typed again.
    """
    (source,) = model.inputs
    columns = [row[0] for row in con.execute(f"describe {source}").fetchall() if row[0] not in PLACE]
    typed = f"staging.{identifier(kept(model.table))}"
    definition = sha256_text(f"{model.definition}|{columns}|{_version()}")
    known = con.execute(  # the comment goes with the table, whatever becomes of it
        "select comment from duckdb_tables() where schema_name = 'staging' and table_name = ?", [kept(model.table)]
    ).fetchone()
    deliveries = _deliveries(con, source)
    if known == (definition,):
        _replace(con, model, source, typed, columns, deliveries)
    else:
        con.execute(f"create or replace temp view _enregistrements as {_record(source, columns, deliveries)}")
        con.execute(f"create or replace table {typed} as {_typing(model, source)}")
        con.execute(f"comment on table {typed} is {literal(definition)}")
    con.execute("drop view _enregistrements")
    con.execute(
        f"create or replace view staging.{identifier('_' + model.table)} as select * exclude (_empreinte, _place, _motifs), "
        f"{deliveries}[_place >> {LINE_BITS}] as _livraison, _place & {LINE} as _ligne, _motifs from {typed}"
    )
    counted = con.execute(
        f"select count(*), coalesce(sum(hash(_empreinte, _place)::hugeint), 0)::varchar from {typed}"
    ).fetchone()
    return sha256_text(f"{definition}|{deliveries}|{counted}")


def _version() -> str:
    import duckdb

    return duckdb.__version__


def _deliveries(con: duckdb.DuckDBPyConnection, source: str) -> str:
    """The SQL list of the deliveries that places count."""
    found = con.execute(f"select distinct _livraison from {source} order by _livraison").fetchall()
    return "([" + ", ".join(literal(row[0]) for row in found) + "]::VARCHAR[])"


def _record(source: str, columns: list[str], deliveries: str) -> str:
    """The query of the raw table whose `_livraison` is the fingerprint of the record, and `_ligne` its place.

    A fingerprint is a 64-bit hash of the first column (a key, in our sources) and one of all columns: two records under one
    key are told apart by 64 bits, others by 128.
    """
    named = ", ".join(identifier(name) for name in columns)
    mark = f"(hash({identifier(columns[0])})::uhugeint << 64) | hash({named})"
    return f"select * replace ({mark} as _livraison, {_place(deliveries)} as _ligne) from {source}"


def _place(deliveries: str, row: str = "") -> str:
    """The SQL of a record's place."""
    return f"((list_position({deliveries}, {row}_livraison)::bigint << {LINE_BITS}) | {row}_ligne)"


def _typing(model: Model, source: str) -> str:
    """The query of the typed rows of _enregistrements, with their fingerprint and place."""
    assert model.sql is not None
    text = re.sub(rf"\b{re.escape(source)}\b", "_enregistrements", model.sql, flags=re.IGNORECASE)
    return f"select * exclude (_livraison, _ligne), _livraison as _empreinte, _ligne as _place from ({text}\n)"


def _replace(
    con: duckdb.DuckDBPyConnection, model: Model, source: str, typed: str, columns: list[str], deliveries: str
) -> None:
    """Make `typed` the typed rows of the records of today: those that are the only ones alike, before and now, stay."""
    con.execute(
        f"create or replace temp table _places as select _livraison as _empreinte, _ligne as _place "
        f"from ({_record(source, columns, deliveries)})"
    )
    con.execute(
        f"create or replace temp table _gardes as select _empreinte, max(_place) as _place from (select * from _places "
        f"union all select _empreinte, -1 from {typed}) group by _empreinte "
        "having count(*) = 2 and min(_place) = -1 and max(_place) >= 0"
    )
    con.execute(f"delete from {typed} where _empreinte not in (select _empreinte from _gardes)")
    con.execute(
        f"update {typed} as t set _place = g._place from _gardes as g where g._empreinte = t._empreinte and g._place <> t._place"
    )
    con.execute(
        f"create or replace temp table _a_typer as select _place, _place & {LINE} as _ligne from _places "
        "anti join _gardes using (_empreinte)"
    )
    # Lines are compared as received: that tells DuckDB which parts of the file to read.
    lines = (
        f"(select r.* from {source} as r semi join _a_typer as n on n._ligne = r._ligne "
        f"and n._place = {_place(deliveries, 'r.')})"
    )
    con.execute(f"create or replace temp view _enregistrements as {_record(lines, columns, deliveries)}")
    con.execute(f"insert into {typed} {_typing(model, source)}")
    for table in ("_places", "_gardes"):
        con.execute(f"drop table {table}")
