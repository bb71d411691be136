"""The determinism lint: same inputs, same rows, whatever the number of threads and the moment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

# Functions whose answer depends on the moment, on chance or on the machine.
MOMENT = {
    "now", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "today", "random",
    "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "get_current_timestamp", "current_localtimestamp", "setseed", "getenv",
    "reservoir_quantile", "approx_quantile", "approx_distinct", "approx_count_distinct", "approx_top_k",
}  # fmt: skip
# Aggregates whose answer depends on the order of rows (or of ties), unless the call orders them.
ORDER_DEPENDENT = (
    exp.GroupConcat, exp.ArrayAgg, exp.AnyValue, exp.First, exp.Last, exp.Mode,
)  # fmt: skip
ORDER_DEPENDENT_NAMES = {"string_agg", "listagg", "list", "array_agg", "any_value", "arbitrary", "first", "last"}
RANKING = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead, exp.Ntile)
# Aggregates of floating-point numbers depend on the order of additions in their last digits.
INEXACT = (exp.Sum, exp.Avg, exp.Median, exp.Quantile, exp.PercentileCont, exp.Stddev, exp.Variance)
# A column that ends an ordering without ties.
TOTAL = re.compile(r"^(_ligne|cle|cle_source|code|siren|sha256|nom_id|ordre|\w+_id|id|rang)$")
# The same, among the rows of one authority or record.
TOTAL_WITHIN = re.compile(r"^(millesime|source)$")


def lint(tree: exp.Query, published: bool = False) -> list[str]:
    """What could make two runs differ, one English line each; empty when nothing does.

    `published` adds the rule on inexact aggregates, for tables of the release.
    """
    rules = [_moments, _unordered, _ties, _windows, _limits, *([_inexact] if published else [])]
    return [found for rule in rules for found in rule(tree)]


def _name(node: exp.Expr) -> str:
    return (
        (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if isinstance(node, exp.Func)
        else ""
    )


def _moments(tree: exp.Query) -> Iterator[str]:
    moments = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Rand, exp.Uuid)
    for node in tree.find_all(exp.Func):
        to_now = _name(node) == "age" and len(node.expressions) == 1
        if isinstance(node, moments) or _name(node) in MOMENT or to_now:
            yield f"{node.sql(dialect='duckdb')}: depends on the moment or on chance"
    for sample in tree.find_all(exp.TableSample):
        yield f"{sample.sql(dialect='duckdb')}: a sample depends on chance"


def _unordered(tree: exp.Query) -> Iterator[str]:
    for node in tree.find_all(exp.Func):
        if not (isinstance(node, ORDER_DEPENDENT) or _name(node) in ORDER_DEPENDENT_NAMES):
            continue
        inside_window = isinstance(node.parent, exp.Window) and node.parent.args.get("order")
        within_group = isinstance(node.parent, exp.WithinGroup)
        if not (node.find(exp.Order) or inside_window or within_group):
            yield f"{node.sql(dialect='duckdb')}: order the rows inside the aggregate"


def _ties(tree: exp.Query) -> Iterator[str]:
    for node in tree.find_all(exp.ArgMax, exp.ArgMin):
        criteria = [column.name.lower() for column in node.expression.find_all(exp.Column)]
        if not any(TOTAL.match(name) or TOTAL_WITHIN.match(name) for name in criteria):
            yield f"{node.sql(dialect='duckdb')}: add a column without ties to the criterion"


def _windows(tree: exp.Query) -> Iterator[str]:
    for window in tree.find_all(exp.Window):
        frame = window.args.get("spec")
        by_rows = frame is not None and str(frame.args.get("kind")).upper() == "ROWS"
        ranking = isinstance(window.this, RANKING) or _name(window.this) in {"row_number", "lag", "lead", "ntile"}
        if (ranking or by_rows) and not _total(window.args.get("order"), bool(window.args.get("partition_by"))):
            yield f"{window.sql(dialect='duckdb')}: order by a column without ties (_ligne, code, …_id)"


def _limits(tree: exp.Query) -> Iterator[str]:
    for query in tree.find_all(exp.Query):
        distinct = query.args.get("distinct")
        if query.args.get("limit") and not _total(query.args.get("order")):
            yield "limit: order by a column without ties (_ligne, code, …_id)"
        if isinstance(distinct, exp.Distinct) and distinct.args.get("on") and not _total(query.args.get("order")):
            yield "distinct on: order by a column without ties (_ligne, code, …_id)"


def _total(order: exp.Order | None, partitioned: bool = False) -> bool:
    """Whether an ordering leaves no ties, as far as the names of its columns tell."""
    columns = [term.this.name.lower() for term in order.expressions] if order else []
    return any(TOTAL.match(column) or (partitioned and TOTAL_WITHIN.match(column)) for column in columns)


def _inexact(tree: exp.Query) -> Iterator[str]:
    for node in tree.find_all(*INEXACT):
        exact = any(isinstance(parent, exp.Round) or _is_decimal(parent) for parent in _ancestors(node))
        inner = any(_is_decimal(cast) or _counts(cast) for cast in node.find_all(exp.Cast, exp.Count))
        if not (exact or inner):
            yield f"{node.sql(dialect='duckdb')}: round it, or aggregate decimals"


def _ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    while node.parent and not isinstance(node.parent, exp.Select):
        node = node.parent
        yield node


def _is_decimal(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.to.this in (exp.DataType.Type.DECIMAL, exp.DataType.Type.BIGINT)


def _counts(node: exp.Expr) -> bool:
    return isinstance(node, exp.Count)
