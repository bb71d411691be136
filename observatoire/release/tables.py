"""Writing the published tables to Parquet: fixed order, fixed settings, forced nullability, documented columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.quality.spec import TableSpec
from observatoire.sql_text import identifier
from observatoire.storage import fsync_file, sha256_text

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROW_GROUP = 100_000


def ordered_query(spec: TableSpec, relation: str) -> str:
    """The rows of a table in the order of its unique key, columns in the order of its specification."""
    columns = ", ".join(identifier(name) for name in spec.column_names)
    keys = ", ".join(f"{identifier(name)} nulls first" for name in spec.unique_key)
    return f"select {columns} from {relation} order by {keys}"


def write_table(con: duckdb.DuckDBPyConnection, spec: TableSpec, path: Path) -> None:
    """Write curated.TABLE to `path`.

    A column that may be empty stays optional in the file's schema even when no value happens to be missing, so that
    the schema does not change with the data.
    """
    import pyarrow.parquet as pq

    query = ordered_query(spec, f"curated.{identifier(spec.table)}")
    table: pa.Table = con.cursor().sql(query).to_arrow_table()
    table = table.cast(_schema(spec, table.schema))
    pq.write_table(
        table, path, compression="zstd", compression_level=3, row_group_size=ROW_GROUP, version="2.6",
        use_dictionary=True, write_statistics=True, store_schema=True,
    )  # fmt: skip
    fsync_file(path)


def content_hash(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> str:
    """SHA-256 of a table's logical content: column names, types, and rows in key order."""
    table = f"curated.{identifier(spec.table)}"
    keys = ", ".join(f"{identifier(name)} nulls first" for name in spec.unique_key)
    columns = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in spec.column_names)
    row = con.execute(
        f"select sha256(coalesce(string_agg(sha256(to_json(struct_pack({columns}))::varchar), '' order by {keys}), '')) "
        f"from {table}"
    ).fetchone()
    assert row
    return sha256_text(f"{sorted(spec.types.items())}{row[0]}")


def _schema(spec: TableSpec, found: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    fields = []
    for column in spec.columns:
        comment = {"fr": column.fr, "en": column.en, **({"unite": column.unit} if column.unit else {})}
        kind = found.field(column.name).type
        if pa.types.is_list(kind):
            kind = pa.list_(pa.field("element", kind.value_type, nullable=True))
        fields.append(pa.field(column.name, kind, nullable=column.nullable, metadata=comment))
    described = {
        "table": spec.table,
        "fr": spec.fr,
        "en": spec.en,
        "cle": ",".join(spec.unique_key),
        "licence": "Licence Ouverte 2.0, sauf mention contraire par ligne",
    }
    return pa.schema(fields, metadata=described)
