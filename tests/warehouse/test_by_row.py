"""Staging tables made row by row: only new records are typed, and the result is that of typing all of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from observatoire.errors import BuildFailed
from observatoire.storage import sha256_text
from observatoire.warehouse import BuildReport, build_models, load_models, open_warehouse
from observatoire.warehouse.by_row import columns_read
from observatoire.warehouse.models import Model, load_macros
from observatoire.warehouse.runner import raw_view
from tests.warehouse.conftest import Mill

TYPED = (
    "-- Row by row. An essay.\nselect upper(nom) as nom, try_cast(n as bigint) as n, _livraison, _ligne, "
    "case when try_cast(n as bigint) is null then ['n : illisible'] else [] end::VARCHAR[] as _motifs from raw.essai"
)
Record = tuple[str, str | None]
Deliveries = dict[str, list[Record]]


class Rows(Mill):
    """A mill whose raw.essai holds records of (nom, n), all text, of the deliveries given."""

    deliveries: Deliveries

    def models(self) -> list[Model]:
        received = [
            (name, number, delivery, line)
            for delivery, records in self.deliveries.items()
            for line, (name, number) in enumerate(records, 1)
        ]

        def view(context: Any) -> str:
            context.execute(
                "create or replace table raw._recus (nom varchar, n varchar, _livraison varchar, _ligne bigint)"
            )
            if received:
                context.executemany("insert into raw._recus values (?, ?, ?, ?)", received)
            raw_view(context, "essai", "select * from raw._recus")
            return str(received)

        raw = Model("raw.essai", frozenset(), sha256_text(str(received)), function=view)
        return [raw, *load_models(self.settings.sql, {}, {})]

    def build(self) -> BuildReport:
        con, _ = open_warehouse(self.settings)
        with closing(con):
            return build_models(con, self.models(), load_macros(self.settings.sql), con)

    def content(self, table: str = "staging._essai") -> list[tuple[object, ...]]:
        return self.rows(f"select * from {table} order by all")


@pytest.fixture
def essay(tmp_path: Path) -> Rows:
    rows = Rows(tmp_path)
    rows.deliveries = {"d1": [("a", "1"), ("b", "2"), ("b", "2"), ("c", "x")]}
    rows.write(staging__essai=TYPED)
    return rows


def mark(essay: Rows) -> None:
    """Change what was kept of « A »: typed again, it would be « A » again."""
    con, _ = open_warehouse(essay.settings)
    with closing(con):
        con.execute("update staging._essai_types set nom = 'kept' where nom = 'A'")


def test_rows_are_those_of_any_staging_table(essay: Rows) -> None:
    essay.build()
    assert essay.content() == [
        ("A", 1, "d1", 1, []), ("B", 2, "d1", 2, []), ("B", 2, "d1", 3, []), ("C", None, "d1", 4, ["n : illisible"]),
    ]  # fmt: skip
    assert essay.rows("select nom, n, _livraison, _ligne from staging.essai order by all") == [
        ("A", 1, "d1", 1), ("B", 2, "d1", 2), ("B", 2, "d1", 3),
    ]  # fmt: skip


def test_only_new_records_are_typed_and_gone_ones_leave(essay: Rows) -> None:
    essay.build()
    mark(essay)
    essay.deliveries = {"d2": [("d", "4"), ("b", "2"), ("a", "1")]}
    assert "staging.essai" in essay.build().built
    assert essay.content("staging.essai") == [("B", 2, "d2", 2), ("D", 4, "d2", 1), ("kept", 1, "d2", 3)]
    assert essay.rows("select count(*) from staging._essai_types") == [(3,)]


def test_records_that_all_moved_are_moved_at_once_and_those_that_moved_otherwise_too(essay: Rows) -> None:
    old = [("a", "1"), *((f"r{n}", str(n)) for n in range(400))]
    essay.deliveries = {"d1": old}
    essay.build()
    for turn, records in enumerate(
        ([("new", "0"), *old[:100], ("late", "9"), *old[100:]], [("newer", "8"), ("new", "0"), *old[50:]]), 2
    ):
        mark(essay)
        essay.deliveries = {f"d{turn}": records}
        essay.build()
        expected = [(name.upper(), int(n), f"d{turn}", line) for line, (name, n) in enumerate(records, 1)]
        found = [row[:4] for row in essay.rows("select * from staging._essai order by _ligne")]
        assert [(str(row[0]).replace("kept", "A"), *row[1:]) for row in found] == expected
        assert ("kept" in {row[0] for row in found}) == (("a", "1") in records)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("select upper(nom) as nom, _livraison, _ligne from raw.essai", ["nom"]),
        ("with s as (select * from raw.essai) select NOM, _livraison, _ligne from s", ["nom"]),
        ("with s as (select * replace (upper(n) as n) from raw.essai) select nom, _ligne from s", ["nom", "n"]),
        ("with s as (select * rename (n as m) from raw.essai) select m, _ligne from s", ["nom", "n", "autre"]),
        ("with s as (select * from raw.essai) select * from s", ["nom", "n", "autre"]),
        ("select s::varchar as tout, _ligne from raw.essai as s", ["nom", "n", "autre"]),
        ("select essai::varchar as tout, _ligne from raw.essai", ["nom", "n", "autre"]),
        ("select max(columns('n.*')), _ligne from raw.essai", ["nom", "n", "autre"]),
        ("select 1 as un, _ligne from raw.essai", ["nom", "n", "autre"]),
    ],
)
def test_what_a_row_can_depend_on(text: str, read: list[str]) -> None:
    tree = sqlglot.parse_one(text, read="duckdb")
    assert isinstance(tree, exp.Query)
    assert columns_read(tree, ["nom", "n", "autre"]) == read


def test_a_record_that_differs_only_in_what_is_not_read_stays(essay: Rows) -> None:
    essay.write(staging__essai=TYPED.replace("try_cast(n as bigint)", "1"))
    essay.build()
    mark(essay)
    essay.deliveries = {"d2": [("a", "100")]}
    essay.build()
    assert essay.content("staging.essai") == [("kept", 1, "d2", 1)]


def test_nothing_runs_when_nothing_changed(essay: Rows) -> None:
    essay.build()
    assert essay.build().built == ()


@pytest.mark.parametrize(
    "change",
    [
        {"staging__essai": TYPED.replace("upper(nom)", "upper(nom || '')")},
        {
            "macros__m": "create or replace macro m(x) as x",
            "staging__essai": TYPED.replace("upper(nom)", "upper(m(nom))"),
        },
    ],
    ids=["its text", "a macro"],
)
def test_another_definition_types_all_again(essay: Rows, change: dict[str, str]) -> None:
    essay.build()
    mark(essay)
    essay.write(**change)
    essay.build()
    assert [row[0] for row in essay.content("staging.essai")] == ["A", "B", "B"]


def test_without_its_mark_it_is_a_table_and_nothing_stays_behind(essay: Rows) -> None:
    tables = "select table_name, table_type from information_schema.tables where table_schema = 'staging' order by 1"
    essay.build()
    before = essay.content()
    essay.write(staging__essai=TYPED.replace("Row by row", "Each row"))
    essay.build()
    assert essay.rows(tables) == [("_essai", "BASE TABLE"), ("essai", "VIEW")]
    assert essay.content() == before
    essay.write(staging__essai=TYPED)
    essay.build()
    assert essay.content() == before
    essay.remove("staging__essai")
    essay.build()
    assert essay.rows(tables) == []


@pytest.mark.parametrize(
    "text",
    [
        TYPED + " group by all",
        TYPED.replace("upper(nom)", "max(nom) over ()"),
        TYPED.replace("select upper", "select distinct upper"),
        TYPED.replace("from raw.essai", "from raw.essai union all " + TYPED.split("\n")[1]),
        TYPED.replace("from raw.essai", "from raw.essai inner join raw.essai as b using (nom)"),
        TYPED.replace("from raw.essai", "from core.autre"),
        TYPED.replace("_ligne,", "_ligne + 1 as _ligne,"),
    ],
    ids=["group", "window", "distinct", "union", "join", "no raw table", "another place"],
)
def test_what_reads_several_records_is_refused(essay: Rows, text: str) -> None:
    essay.write(staging__essai=text)
    with pytest.raises(BuildFailed, match="Row by row"):
        essay.models()


RECORDS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", "x", None])), max_size=6)
DELIVERED = st.dictionaries(st.sampled_from(["d1", "d2"]), RECORDS, max_size=2)


@given(st.lists(DELIVERED, min_size=2, max_size=3))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_came_before_the_rows_are_those_of_typing_all(
    tmp_path_factory: pytest.TempPathFactory, turns: list[Deliveries]
) -> None:
    one, anew = (Rows(tmp_path_factory.mktemp(name)) for name in ("one", "anew"))
    for rows, text in ((one, TYPED), (anew, TYPED.replace("Row by row", "Each row"))):
        rows.write(staging__essai=text)
    for deliveries in turns:
        one.deliveries = deliveries
        one.build()
    anew.deliveries = turns[-1]
    anew.build()
    assert one.content() == anew.content()
