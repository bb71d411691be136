"""The determinism lint: same inputs, same rows, whatever the number of threads and the moment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

# Functions whose answer depends on the moment, on chance or on the machine.
MOMENT = {
    "now", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "today", "random",
    "uuid", "gen_random_uuid", "get_current_timestamp", "current_localtimestamp", "setseed", "getenv",
}  # fmt: skip
# Aggregates whose answer depends on the order of rows, unless the call orders them.
ORDER_DEPENDENT = (exp.GroupConcat, exp.ArrayAgg, exp.AnyValue, exp.First, exp.Last)
ORDER_DEPENDENT_NAMES = {"string_agg", "listagg", "list", "array_agg", "any_value", "arbitrary", "first", "last"}
RANKING = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead)
# Aggregates of floating-point numbers depend on the order of additions in their last digits.
INEXACT = (exp.Sum, exp.Avg, exp.Median, exp.Quantile, exp.PercentileCont, exp.Stddev, exp.Variance)
# A column that ends an ordering without ties.
TOTAL = re.compile(r"^(_ligne|cle|cle_source|code|siren|sha256|nom_id|ordre|\w+_id|id|rang)$")


def lint(tree: exp.Query, published: bool = False) -> list[str]:
    """What could make two runs differ, one English line each; empty when nothing does.

    `published` adds the rule on inexact aggregates, for tables of the release.
    """
    return [*_moments(tree), *_unordered(tree), *_windows(tree), *_limits(tree), *(_inexact(tree) if published else ())]


def _name(node: exp.Expr) -> str:
    return (
        (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if isinstance(node, exp.Func)
        else ""
    )


def _moments(tree: exp.Query) -> Iterator[str]:
    moments = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Rand, exp.Uuid)
    for node in tree.find_all(exp.Func):
        if isinstance(node, moments) or _name(node) in MOMENT:
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


def _windows(tree: exp.Query) -> Iterator[str]:
    for window in tree.find_all(exp.Window):
        if not isinstance(window.this, RANKING) and _name(window.this) not in {"row_number", "lag", "lead"}:
            continue
        order = window.args.get("order")
        columns = [term.this.name.lower() for term in order.expressions] if order else []
        if not any(TOTAL.match(column) for column in columns):
            yield f"{window.sql(dialect='duckdb')}: order by a column without ties (_ligne, code, …_id)"


def _limits(tree: exp.Query) -> Iterator[str]:
    for query in tree.find_all(exp.Query):
        if query.args.get("limit") and not query.args.get("order"):
            yield "limit without order by"


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
