"""Where a column comes from: followed through the SELECTs down to the raw tables."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from observatoire.warehouse.models import Model, parse

Schema = Mapping[str, Mapping[str, str]]
Pairs = list[tuple[str, str]]


class Lineage:
    """Origins of columns over a set of models; each model's SELECT is analysed once.

    `schema` gives the columns of each table, so that « select * » in a first step can be followed. Filters and joins
    are not origins; a constant has none.
    """

    def __init__(self, models: Mapping[str, Model], schema: Schema) -> None:
        self.models = models
        self.schema = schema
        self._analysed: dict[str, dict[str, Pairs]] = {}

    def origins(self, table: str, column: str) -> list[str]:
        """The columns of raw tables and of Python models that `table.column` is computed from, in order."""
        found: set[str] = set()
        pending, seen = [(table, column)], set()
        while pending:
            current = pending.pop()
            if current in seen:
                continue
            seen.add(current)
            name, wanted = current
            model = self.models.get(name)
            if model is None or model.path is None:
                found.add(f"{name}.{wanted}")
            else:
                pending += self._direct(model).get(wanted.lower(), [])
        return sorted(found)

    def _direct(self, model: Model) -> dict[str, Pairs]:
        """For each column of a model, the (table, column) pairs that it reads."""
        if model.name not in self._analysed:
            self._analysed[model.name] = self._analyse(model)
        return self._analysed[model.name]

    def _analyse(self, model: Model) -> dict[str, Pairs]:
        assert model.path
        nested: dict[str, dict[str, Mapping[str, str]]] = {}
        for name in model.inputs:
            layer, table = name.split(".")
            nested.setdefault(layer, {})[table] = self.schema.get(name, {})
        tree = parse(model.path.read_text(encoding="utf-8"), model.path)
        try:
            nodes = lineage(None, tree.copy(), schema=nested, dialect="duckdb", trim_selects=False, copy=False)
        except (SqlglotError, ValueError):
            return {}
        assert isinstance(nodes, dict)
        return {column.lower(): _tables(node) for column, node in nodes.items()}


def _tables(root: Node) -> Pairs:
    """The columns of tables at the leaves of a column's graph; steps shared by several paths are visited once."""
    pairs, seen, pending = [], set(), [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        pending += node.downstream
        if isinstance(node.expression, exp.Table) and node.expression.db:
            table = f"{node.expression.db}.{node.expression.name}".lower()
            pairs.append((table, node.name.split(".")[-1].strip('"')))
    return pairs


def column_origins(models: Mapping[str, Model], schema: Schema, table: str, column: str) -> list[str]:
    """Origins of one column (see Lineage.origins)."""
    return Lineage(models, schema).origins(table, column)
