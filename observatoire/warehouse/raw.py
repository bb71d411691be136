"""The raw tables: one view per source over the Parquet files of its deliveries in use, corrections applied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.review.corrections import corrected_columns, judge_corrections, key_expression
from observatoire.sources.spec import Source
from observatoire.sql_text import identifier, literal
from observatoire.storage import canonical_json, sha256_text
from observatoire.warehouse.models import Model
from observatoire.warehouse.runner import raw_view

if TYPE_CHECKING:
    from observatoire.warehouse.context import BuildContext, UsedDelivery

CORRECTIONS = "corrections"


def raw_models(context: BuildContext) -> list[Model]:
    """One model per source. A source never ingested is an empty table with its columns."""
    return [_raw_model(source, context.used.get(source.id, ())) for source in context.sources.values()]


def _raw_model(source: Source, used: Sequence[UsedDelivery]) -> Model:
    if source.mode == "increment":
        used = sorted(used, key=lambda item: (item.delivery.first_seen, item.delivery.key))
    reading = canonical_json(
        {
            "columns": source.column_names,
            "paths": [str(item.path) for item in used],
            "deliveries": [item.delivery.key for item in used],
            "key": source.key,
            "mode": source.mode,
        }
    )

    def build(context: BuildContext) -> str:
        """Create raw._SOURCE (as received) and raw.SOURCE (corrected); return what decides their content."""
        con = context.con
        if source.mode == "increment":
            con.execute(f"create or replace table raw.{keys_table(source)} as {keys_query(source, used)}")
        raw_view(con, "_" + source.id, as_received(source, used))
        changed = {}
        if source.id != CORRECTIONS:
            changed = corrected_columns(judge_corrections(con, source))
        raw_view(con, source.id, _corrected(source, changed))
        return canonical_json(
            [
                [(item.delivery.key, item.path.name) for item in used],
                source.column_names,
                [*source.key, source.mode],
                sorted((column, case) for column, case in changed.items()),
                sha256_text(Path(__file__).read_text(encoding="utf-8")),
            ]
        )

    return Model(
        name=f"raw.{source.id}",
        inputs=frozenset() if source.id == CORRECTIONS else frozenset({"staging.corrections"}),
        definition=sha256_text(reading),
        function=build,
    )


def as_received(source: Source, used: Sequence[UsedDelivery]) -> str:
    """The query of raw._SOURCE: every declared column as text, `_livraison`, `_ligne` and the vintage.

    Of increments (in their sequence), a record is what the last delivery that holds its key says of it: rows of
    earlier deliveries are left out by the keys of raw._SOURCE_cles.
    """
    if not used:
        empty = ", ".join(f"NULL::VARCHAR as {identifier(name)}" for name in source.column_names)
        vintage = ", NULL::VARCHAR as _millesime" if source.vintages else ""
        return f"select {empty}, NULL::VARCHAR as _livraison, NULL::BIGINT as _ligne{vintage} where false"
    parts = [delivery_query(source, item) for item in used]
    if source.mode == "increment":
        for position, part in enumerate(parts[:-1]):
            later = ", ".join(literal(item.delivery.sha256) for item in used[position + 1 :])
            parts[position] = (
                f"select d.* from ({part}) as d anti join (select cle from raw.{keys_table(source)} "
                f"where derniere_livraison in ({later})) as k on {key_expression(source)} = k.cle"
            )
    return " union all ".join(parts)


def delivery_query(source: Source, item: UsedDelivery) -> str:
    """The rows of one delivery, under the columns of raw._SOURCE."""
    loaded = item.loaded
    names = ", ".join(identifier(name) for name in source.column_names)
    kept = "where " + " or ".join(f"{identifier(name)} is not null" for name in source.column_names)
    if loaded.in_place is not None:
        names = ", ".join(f"{loaded.in_place[name]} as {identifier(name)}" for name in source.column_names)
        kept = ""  # no blank line to leave out, and no column to read that a query does not ask for
    ordinal = "_ligne" if loaded.with_ordinal else "file_row_number + 1 as _ligne"
    option = "" if loaded.with_ordinal else ", file_row_number = true"
    vintage = f", {literal(item.delivery.vintage)} as _millesime" if source.vintages else ""
    return (
        f"select {names}, {literal(item.delivery.sha256)} as _livraison, {ordinal}{vintage} "
        f"from read_parquet({literal(str(item.path))}{option}) {kept}"
    )


def keys_table(source: Source) -> str:
    """The name of the table of an incremental source's keys, in the schema raw."""
    return identifier(f"_{source.id}_cles")


def keys_query(source: Source, used: Sequence[UsedDelivery]) -> str:
    """The query of raw._SOURCE_cles: each key, the first and the last delivery that hold it, in their sequence."""
    if not used:
        return "select NULL::VARCHAR as cle, NULL::VARCHAR as premiere_livraison, NULL::VARCHAR as derniere_livraison where false"
    listed = "[" + ", ".join(literal(item.delivery.sha256) for item in used) + "]"
    parts = " union all ".join(
        f"select {key_expression(source)} as cle, {rank} as rang from ({delivery_query(source, item)})"
        for rank, item in enumerate(used, 1)
    )
    ranked = f"select cle, min(rang) as premier, max(rang) as dernier from ({parts}) group by cle"
    return (
        f"select cle, {listed}[premier] as premiere_livraison, {listed}[dernier] as derniere_livraison from ({ranked})"
    )


def _corrected(source: Source, changed: dict[str, str]) -> str:
    received = f"raw.{identifier('_' + source.id)}"
    if not changed:
        return f"select * from {received}"
    replaced = ", ".join(f"{case} as {identifier(column)}" for column, case in changed.items())
    keyed = f"select *, {key_expression(source)} as _cle from {received}"
    return f"select * exclude (_cle) replace ({replaced}) from ({keyed})"
