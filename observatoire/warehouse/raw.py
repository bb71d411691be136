"""The raw tables: one view per source over the Parquet files of its deliveries in use, corrections applied."""

from __future__ import annotations

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


def _raw_model(source: Source, used: tuple[UsedDelivery, ...]) -> Model:
    reading = canonical_json(
        {
            "columns": source.column_names,
            "paths": [str(item.path) for item in used],
            "deliveries": [item.delivery.key for item in used],
            "key": source.key,
        }
    )

    def build(context: BuildContext) -> str:
        """Create raw._SOURCE (as received) and raw.SOURCE (corrected); return what decides their content."""
        con = context.con
        raw_view(con, "_" + source.id, as_received(source, used))
        changed = {}
        if source.id != CORRECTIONS:
            changed = corrected_columns(judge_corrections(con, source))
        raw_view(con, source.id, _corrected(source, changed))
        return canonical_json(
            [
                [(item.delivery.key, item.path.name) for item in used],
                source.column_names,
                sorted((column, case) for column, case in changed.items()),
            ]
        )

    return Model(
        name=f"raw.{source.id}",
        inputs=frozenset() if source.id == CORRECTIONS else frozenset({"staging.corrections"}),
        definition=sha256_text(reading),
        function=build,
    )


def as_received(source: Source, used: tuple[UsedDelivery, ...]) -> str:
    """The query of raw._SOURCE: every declared column as text, `_livraison`, `_ligne` and the vintage."""
    names = ", ".join(identifier(name) for name in source.column_names)
    if not used:
        empty = ", ".join(f"NULL::VARCHAR as {identifier(name)}" for name in source.column_names)
        vintage = ", NULL::VARCHAR as _millesime" if source.vintages else ""
        return f"select {empty}, NULL::VARCHAR as _livraison, NULL::BIGINT as _ligne{vintage} where false"
    some_value = " or ".join(f"{identifier(name)} is not null" for name in source.column_names)
    parts = []
    for item in used:
        ordinal = "_ligne" if item.loaded.with_ordinal else "file_row_number + 1 as _ligne"
        option = "" if item.loaded.with_ordinal else ", file_row_number = true"
        vintage = f", {literal(item.delivery.vintage)} as _millesime" if source.vintages else ""
        parts.append(
            f"select {names}, {literal(item.delivery.sha256)} as _livraison, {ordinal}{vintage} "
            f"from read_parquet({literal(str(item.path))}{option}) where {some_value}"
        )
    return " union all ".join(parts)


def _corrected(source: Source, changed: dict[str, str]) -> str:
    received = f"raw.{identifier('_' + source.id)}"
    if not changed:
        return f"select * from {received}"
    replaced = ", ".join(f"{case} as {identifier(column)}" for column, case in changed.items())
    keyed = f"select *, {key_expression(source)} as _cle from {received}"
    return f"select * exclude (_cle) replace ({replaced}) from ({keyed})"
