"""The determinism lint: it fires on each kind of chance, and finds none in the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from observatoire.warehouse.lint import MOMENT, lint
from observatoire.warehouse.models import load_macros, parse
from tests.conftest import ROOT

SQL = ROOT / "sql"
FILES = sorted(path for layer in ("staging", "core", "curated") for path in (SQL / layer).glob("*.sql"))


def tree(text: str) -> exp.Query:
    parsed = sqlglot.parse_one(text, read="duckdb")
    assert isinstance(parsed, exp.Query)
    return parsed


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_project_leaves_nothing_to_chance(path: Path) -> None:
    assert lint(parse(path.read_text(encoding="utf-8"), path), published=path.parent.name == "curated") == []


def test_the_macros_leave_nothing_to_chance() -> None:
    """A macro hides what it calls from the files that call it."""
    hazards = MOMENT | {"any_value", "arbitrary", "mode", "sample"}
    for macro in load_macros(SQL):
        called = {word.lower() for word in re.findall(r"(\w+)\s*\(", macro.statement)}
        assert not called & hazards, macro.name
        assert not re.search(r"\b(current_date|current_timestamp)\b", macro.statement, re.IGNORECASE), macro.name
        for call in re.findall(r"\b(?:list|array_agg|string_agg|first|last)\(([^()]*)\)", macro.statement):
            assert "order by" in call, macro.name


@pytest.mark.parametrize(
    "bad",
    [
        "select now() as x",
        "select current_date as x",
        "select current_timestamp as x",
        "select current_localtimestamp() as x",
        "select today() as x",
        "select random() as x",
        "select uuid() as x",
        "select gen_random_uuid() as x",
        "select uuidv7() as x",
        "select getenv('HOME') as x",
        "select n from core.t where d < current_date",
        "select age(d) as x from core.t",
        "select n from core.t using sample 10",
        "select n from core.t tablesample 10%",
        "select string_agg(nom, ', ') as x from core.t",
        "select group_concat(nom) as x from core.t",
        "select list(nom) as x from core.t",
        "select list(distinct nom) as x from core.t",
        "select array_agg(nom) as x from core.t",
        "select any_value(nom) as x from core.t",
        "select first(nom) as x from core.t",
        "select last(nom) as x from core.t",
        "select arbitrary(nom) as x from core.t",
        "select mode(nom) as x from core.t",
        "select arg_max(nom, n) as x from core.t",
        "select arg_min(nom, n) as x from core.t",
        "select max_by(nom, n) as x from core.t",
        "select approx_quantile(n, 0.5) as x from core.t",
        "select reservoir_quantile(n, 0.5) as x from core.t",
        "select approx_count_distinct(n) as x from core.t",
        "select row_number() over () as x from core.t",
        "select row_number() over (partition by nom) as x from core.t",
        "select row_number() over (order by n) as x from core.t",
        "select row_number() over (order by n + 1) as x from core.t",
        "select ntile(4) over (order by n) as x from core.t",
        "select lag(n) over (order by d) as x from core.t",
        "select first_value(n) over (order by d) as x from core.t",
        "select sum(n) over (order by d rows between 1 preceding and current row) as x from core.t",
        "select nom from core.t qualify row_number() over (partition by nom order by n) = 1",
        "select nom from core.t limit 3",
        "select nom from (select nom from core.t limit 3) as s order by nom",
        "select nom from core.t order by n limit 3",
        "select distinct on (nom) nom, n from core.t",
        "select distinct on (nom) nom, n from core.t order by nom",
        "with a as (select any_value(nom) as x from core.t) select x from a",
    ],
)
def test_each_kind_of_chance_is_found(bad: str) -> None:
    assert lint(tree(bad)), bad


@pytest.mark.parametrize(
    "bad",
    [
        "select sum(x) as s from core.t",
        "select avg(x) as s from core.t",
        "select median(x) as s from core.t",
        "select stddev(x) as s from core.t",
        "select sum(x * count_) as s from core.t",
    ],
)
def test_sums_of_doubles_are_found_in_published_tables(bad: str) -> None:
    assert lint(tree(bad)) == [] and lint(tree(bad), published=True)


@pytest.mark.parametrize(
    "good",
    [
        "select string_agg(nom, ', ' order by nom) as x from core.t",
        "select list(distinct nom order by nom) as x from core.t",
        "select row_number() over (partition by nom order by n, _ligne) as x from core.t",
        "select row_number() over (partition by nom order by n desc, t.usage_id) as x from core.t as t",
        "select rank() over (order by n) as x from core.t",
        "select count(n) over (partition by nom) as x from core.t",
        "select arg_max(nom, {'d': d, 'o': _ligne}) as y, count(n) over (partition by nom order by n) as x from core.t",
        "select nom from core.t order by n, _ligne limit 3",
        "select distinct nom from core.t",
        "select distinct on (nom) nom, n from core.t order by nom, _ligne",
        "select max(n) as x, min(nom) as y, count(distinct nom) as z, bool_or(b) as w from core.t",
        "select round(sum(x), 2) as s, sum(cast(x as decimal(18, 2))) as t, sum(count(*)) over () as u from core.t",
        "select list_filter(l, lambda v: v is not null) as x, list_first(l) as y, age(d, e) as z from core.t",
    ],
)
def test_what_does_not_depend_on_chance_is_left_alone(good: str) -> None:
    assert lint(tree(good), published=True) == [], good
