"""Where a column comes from: followed through the SELECTs down to the raw tables."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage

from observatoire.warehouse.models import Model, parse


def column_origins(
    models: Mapping[str, Model], schema: Mapping[str, Mapping[str, str]], table: str, column: str
) -> list[str]:
    """The columns of raw tables (and of Python models) that `table.column` is computed from, as « layer.table.column ».

    `schema` gives the columns of each table, so that « select * » in a first step can be followed. Filters and joins
    are not origins; a constant has none.
    """
    found: set[str] = set()
    pending, seen = [(table, column)], set()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        name, wanted = current
        model = models.get(name)
        if model is None or model.sql is None or model.path is None:
            found.add(f"{name}.{wanted}")
            continue
        pending += _direct(model, schema, wanted)
    return sorted(found)


def _direct(model: Model, schema: Mapping[str, Mapping[str, str]], column: str) -> list[tuple[str, str]]:
    """The (table, column) pairs that one model's column reads."""
    assert model.sql and model.path
    nested: dict[str, dict[str, Mapping[str, str]]] = {}
    for name in model.inputs:
        layer, table = name.split(".")
        nested.setdefault(layer, {})[table] = schema.get(name, {})
    tree = parse(model.path.read_text(encoding="utf-8"), model.path)
    try:
        root = lineage(column, tree.copy(), schema=nested, dialect="duckdb")
    except (SqlglotError, ValueError):
        return []
    pairs = []
    for node in root.walk():
        if isinstance(node.expression, exp.Table) and node.expression.db:
            pairs.append((f"{node.expression.db}.{node.expression.name}".lower(), node.name.split(".")[-1].strip('"')))
    return pairs
