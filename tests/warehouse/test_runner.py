"""The graph: built in order, nothing twice, nothing further than what changed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import BuildFailed, StorageError
from observatoire.sql_text import literal
from observatoire.warehouse import open_warehouse
from observatoire.warehouse.runner import content_hash
from tests.warehouse.conftest import Mill

CHAIN = {
    "core__a_last": "select nom, n from core.middle",
    "core__middle": "with doubled as (select nom, n * 2 as n from core.base) select nom, n from doubled",
    "core__beside": "select count(*) as combien from core.base",
}
ALL = {"core.base", "core.middle", "core.a_last", "core.beside"}


def test_models_run_in_the_order_of_what_they_read_and_once(mill: Mill) -> None:
    mill.write(**CHAIN)
    first = mill.build()
    assert set(first.built) == ALL and first.built.index("core.middle") < first.built.index("core.a_last")
    assert mill.rows("select * from core.a_last order by nom") == [("a", 2), ("b", 4), ("c", 6)]
    second = mill.build()
    assert second.built == () and set(second.skipped) == ALL


def test_layout_and_comments_rebuild_nothing(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    mill.write(
        core__middle="-- a remark\nWITH doubled AS (\n  SELECT nom, n*2 AS n /* twice */\n  FROM core.base\n)\n\nSELECT nom, n FROM doubled;\n"
    )
    assert mill.build().built == ()


def test_a_change_that_gives_the_same_rows_stops_there(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    mill.write(core__middle="select nom, n + n as n from core.base order by nom desc")
    report = mill.build()
    assert report.built == ("core.middle",) == report.unchanged
    assert mill.build().built == ()


def test_a_change_of_rows_goes_on_to_what_reads_them_only(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    mill.write(core__middle="select nom, n * 3 as n from core.base")
    assert mill.build().built == ("core.middle", "core.a_last")
    assert mill.rows("select sum(n) from core.a_last") == [(18,)]
    mill.base = [*mill.base, ("c", 3)]
    assert set(mill.build().built) == ALL
    assert mill.rows("select combien from core.beside") == [(4,)]


def test_going_back_gives_the_first_rows_again(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    mill.write(core__middle="select nom, n * 3 as n from core.base")
    mill.build()
    mill.write(**CHAIN)
    assert mill.build().built == ("core.middle", "core.a_last")
    assert mill.rows("select sum(n) from core.a_last") == [(12,)]


def test_macros_that_stopped_half_way_are_made_again(mill: Mill) -> None:
    first = "create or replace macro m(x) as x"
    mill.write(macros__a=first, core__a="select n, m(n) as m from core.base")
    mill.build()
    mill.write(macros__a="create or replace macro m(x) as x + 1", macros__b="create or replace macro b(x) as absent(x)")
    with pytest.raises(BuildFailed, match="Macro b"):
        mill.build()
    mill.write(macros__a=first)
    mill.remove("macros__b")
    mill.build()
    assert mill.rows("select m(1)") == [(1,)]


def test_a_macro_rebuilds_only_what_calls_it(mill: Mill) -> None:
    macros = "create or replace macro twice(x) as x * 2;\ncreate or replace macro four(x) as twice(twice(x));\n"
    other = "create or replace macro other(x) as x;"
    mill.write(macros__m=macros + other, **CHAIN)
    mill.write(core__middle="select nom, four(n) as n from core.base")
    mill.build()
    mill.write(macros__m="-- a remark\n" + macros + "create or replace macro other(x) as x + 1;")
    assert mill.build().built == ()
    mill.write(macros__m=macros.replace("x * 2", "x * 3") + other)
    assert mill.build().built == ("core.middle", "core.a_last")
    assert mill.rows("select sum(n) from core.a_last") == [(54,)]


def test_a_macro_may_come_after_the_one_that_calls_it(mill: Mill) -> None:
    mill.write(macros__a="create or replace macro four(x) as twice(twice(x));")
    mill.write(macros__b="create or replace macro twice(x) as x * 2;", core__x="select four(n) as n from core.base")
    mill.build()
    assert mill.rows("select sum(n) from core.x") == [(24,)]


def test_a_macro_that_was_removed_is_no_longer_there(mill: Mill) -> None:
    """A warehouse that has lived must not build what a fresh one could not."""
    mill.write(macros__m="create or replace macro twice(x) as x * 2;", core__x="select twice(n) as n from core.base")
    mill.build()
    mill.remove("macros__m")
    with pytest.raises(BuildFailed, match="twice"):
        mill.build()


def test_a_wrong_macro_is_named(mill: Mill) -> None:
    mill.write(macros__m="create or replace macro wrong(x) as x +;")
    with pytest.raises(BuildFailed, match=r"Macro wrong .*sql/macros"):
        mill.build()


def test_a_model_that_was_removed_leaves_no_table(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    mill.remove("core__a_last")
    mill.build()
    tables = mill.rows("select table_name from information_schema.tables where table_schema = 'core'")
    assert {name for (name,) in tables} == {"base", "middle", "beside"}


def test_a_model_that_fails_names_its_file_and_keeps_the_others(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    mill.write(core__middle="select nom, cast(nom as integer) as n from core.base")
    with pytest.raises(BuildFailed) as failed:
        mill.build()
    assert str(failed.value).startswith("sql/core/middle.sql : Conversion Error")
    assert "\n" not in str(failed.value)
    assert mill.rows("select sum(n) from core.middle") == [(12,)], "what was there is still there"
    mill.write(**CHAIN)
    assert mill.build().built == (), "the warehouse is as its keys say"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"core__x": "select n from core.nulle_part"}, "core.x lit « core.nulle_part », qui n'existe pas"),
        ({"core__x": "select n from base"}, "sql/core/x.sql : la table « base » doit être qualifiée"),
        ({"core__x": "select n from ailleurs.base"}, "sql/core/x.sql : « ailleurs.base » n'est pas d'un étage connu"),
        (
            {"core__x": "with base as (select n from core.base) select n from base"},
            "sql/core/x.sql : l'étape « base » cache la table du même nom",
        ),
        ({"core__x": "select n from core.y", "core__y": "select n from core.x"}, "se lisent en rond"),
        ({"core__x": "select n from core.x"}, "se lisent en rond"),
        ({"core__x": "select 1 as n; select 2 as n"}, "sql/core/x.sql : un seul SELECT"),
        ({"core__x": "delete from core.base"}, "sql/core/x.sql : un seul SELECT"),
        ({"core__x": "-- rien"}, "sql/core/x.sql : un seul SELECT"),
        ({"core__x": "select n from from"}, "x.sql : SQL illisible"),
        ({"core__x": "select absente from core.base"}, "sql/core/x.sql : Binder Error"),
        ({"core__x": "select m(n) as n from core.base", "macros__m": "create or replace macro m(x) as (select max(n) from core.rien) + x;"}, "Macro m"),
        ({"staging__x": "select nom from core.base"}, "staging.x doit finir par _livraison, _ligne, _motifs"),
        ({"core__x": "with y as (select n from core.base) select (select max(n) from z) as n from y"}, "« z » doit être qualifiée"),
    ],
    ids=lambda value: next(iter(value.values()))[:40] if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_wrong_model_is_one_clear_line(mill: Mill, files: dict[str, str], said: str) -> None:
    mill.write(**files)
    with pytest.raises(BuildFailed) as failed:
        mill.build()
    assert said in str(failed.value), str(failed.value)
    assert "\n" not in str(failed.value)


def test_staging_shows_good_rows_without_their_motives(mill: Mill) -> None:
    text = "select nom, '' as _livraison, n as _ligne, case when n = 2 then ['nom : non'] else [] end::VARCHAR[] as _motifs from core.base"
    mill.write(staging__x=text, core__y="select count(*) as n from staging.x")
    mill.build()
    assert mill.rows("select * from staging.x order by nom") == [("a", "", 1), ("c", "", 3)]
    assert mill.rows("select n from core.y") == [(2,)]
    assert mill.rows("select count(*) from staging._x") == [(3,)]


def test_a_staging_model_may_be_a_view(mill: Mill) -> None:
    """Nothing is written, rejected rows stay out, what reads it follows its inputs and its definition."""
    text = "-- A view\nselect nom, '' as _livraison, n as _ligne, case when n = {bad} then ['nom : non'] else [] end::VARCHAR[] as _motifs from core.base"
    mill.write(staging__x=text.format(bad=2), core__y="select count(*) as n from staging.x")
    mill.build()
    kinds = "select table_name, table_type from information_schema.tables where table_schema = 'staging' order by 1"
    assert mill.rows(kinds) == [("_x", "VIEW"), ("x", "VIEW")]
    assert mill.rows("select n from core.y") == [(2,)]
    assert mill.build().built == ()
    mill.write(staging__x=text.format(bad=9))
    mill.build()
    assert mill.rows("select n from core.y") == [(3,)]
    mill.write(staging__x=text.format(bad=9).removeprefix("-- A view\n"))
    mill.build()
    assert mill.rows(kinds) == [("_x", "BASE TABLE"), ("x", "VIEW")]


def test_a_row_without_reasons_told_is_no_good_row(mill: Mill) -> None:
    text = "select nom, '' as _livraison, n as _ligne, if(n = 2, null, [])::VARCHAR[] as _motifs from core.base"
    mill.write(staging__x=text)
    mill.build()
    assert mill.rows("select count(*) from staging.x") == [(2,)]


def test_a_published_table_has_the_columns_of_its_specification(mill: Mill) -> None:
    mill.types = {"curated.x": {"n": "INTEGER", "nom": "VARCHAR"}}
    mill.write(curated__x="select nom, n from core.base")
    mill.build()
    assert mill.rows(
        "select column_name, data_type from information_schema.columns where table_schema = 'curated'"
    ) == [
        ("n", "INTEGER"),
        ("nom", "VARCHAR"),
    ]
    mill.write(curated__x="select nom from core.base")
    with pytest.raises(
        BuildFailed, match=r"curated\.x : la colonne « n » de sql/curated/x\.yml n'est pas dans le SELECT"
    ):
        mill.build()
    mill.write(curated__x="select nom, n, 1 as trop from core.base")
    with pytest.raises(BuildFailed, match=r"curated\.x : la colonne « trop » n'est pas décrite\. L'ajouter à sql/cur"):
        mill.build()


def test_a_change_of_specification_rebuilds_its_table(mill: Mill) -> None:
    mill.types, mill.specs = {"curated.x": {"n": "INTEGER"}}, {"curated.x": "n: INTEGER"}
    mill.write(curated__x="select n from core.base", core__y="select nom from core.base")
    mill.build()
    mill.types, mill.specs = {"curated.x": {"n": "BIGINT"}}, {"curated.x": "n: BIGINT"}
    assert mill.build().built == ("curated.x",)


@pytest.mark.parametrize("harm", ["delete", "garbage", "empty", "truncate"])
def test_a_lost_warehouse_is_built_again(mill: Mill, harm: str) -> None:
    mill.write(**CHAIN)
    mill.build()
    path = mill.settings.warehouse
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(
            {"garbage": b"not a database" * 1000, "empty": b"", "truncate": path.read_bytes()[:5000]}[harm]
        )
    assert set(mill.build().built) == ALL
    assert (mill.said is not None) == (harm != "delete")
    assert mill.rows("select sum(n) from core.a_last") == [(12,)]
    assert mill.build().built == () and mill.said is None


def test_a_warehouse_damaged_inside_is_said_and_a_fresh_one_mends_it(mill: Mill) -> None:
    mill.base = [(f"nom {n}", n) for n in range(2000)]
    mill.write(**CHAIN)
    mill.build()
    path = mill.settings.warehouse
    content = bytearray(path.read_bytes())
    for position in range(3 * 4096 + 100, len(content), 997):
        content[position] ^= 0xFF
    path.write_bytes(content)
    mill.write(core__middle="select nom, n * 5 as n from core.base")
    try:
        mill.build()
    except BuildFailed as failed:
        assert "Supprimer data/work" in str(failed)
        path.unlink()
        mill.build()
    assert mill.rows("select sum(n) from core.middle") == [(5 * sum(range(2000)),)]


def test_a_warehouse_open_elsewhere_is_not_taken_for_a_damaged_one(mill: Mill) -> None:
    mill.write(**CHAIN)
    mill.build()
    code = f"import duckdb, sys; con = duckdb.connect({str(mill.settings.warehouse)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "open\n"
        with pytest.raises(StorageError, match=f"ouvert par un autre programme.*{other.pid}"):
            mill.build()
        other.kill()
    assert mill.build().built == ()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (duckdb.IOException('Could not write file "x": No space left on device'), "disque plein"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "disque plein"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "lecture seule"),
    ],
)
def test_a_full_disk_is_no_fault_of_a_model(mill: Mill, error: Exception, said: str, monkeypatch: Any) -> None:
    from observatoire.warehouse import runner

    def fail(*_: Any) -> None:
        raise error

    mill.write(**CHAIN)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "_create", fail)
        with pytest.raises(StorageError, match=said):
            mill.build()
    assert set(mill.build().built) == ALL


VALUES = st.tuples(st.sampled_from(["a", "b", None, "é"]), st.one_of(st.none(), st.integers(-3, 3)))
TABLES = st.lists(VALUES, max_size=8)


def hash_of(rows: list[tuple[Any, ...]], kind: str = "BIGINT") -> str:
    listed = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    con = duckdb.default_connection()
    con.execute(f"create or replace table t (nom VARCHAR, n {kind})")
    if rows:
        con.execute(f"insert into t values {listed}")
    return content_hash(con, "t")


@given(TABLES, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_a_content_hash_ignores_the_order(rows: list[Any], chance: Any) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert hash_of(rows) == hash_of(shuffled)


@given(TABLES, TABLES)
@settings(max_examples=25, deadline=None)
def test_a_content_hash_tells_different_rows(one: list[Any], other: list[Any]) -> None:
    assert (hash_of(one) == hash_of(other)) == (Counter(one) == Counter(other))


def test_a_content_hash_counts_twins_and_sees_types() -> None:
    assert len({hash_of([("a", 1)] * times) for times in range(5)}) == 5, "a XOR would lose pairs"
    assert hash_of([], "BIGINT") != hash_of([], "INTEGER")
    assert hash_of([(None, None)]) != hash_of([])


def test_the_warehouse_reaches_no_network(mill: Mill) -> None:
    con, _ = open_warehouse(mill.settings)
    with con:
        assert con.execute("select current_setting('autoinstall_known_extensions')").fetchone() == (False,)
        assert con.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
