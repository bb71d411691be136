"""Each check of each published table passes on the example and fails on its invalid example; none may go missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import pytest

from observatoire.errors import ChecksFailed, SpecError
from observatoire.quality import checks as checks_room
from observatoire.quality.checks import CheckResult, run_checks
from observatoire.quality.gate import suite_of, validate
from observatoire.quality.scan import Counted, assert_complete, scan
from observatoire.quality.spec import Check, TableSpec, checks_of, load_table_specs
from observatoire.sql_text import identifier
from observatoire.vocabularies import codes_by_list
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT


@cache
def project() -> tuple[dict[str, TableSpec], dict[str, list[Check]]]:
    specs = load_table_specs(ROOT / "sql")
    codes = codes_by_list(ROOT / "data" / "register")
    return specs, {name: checks_of(spec, codes) for name, spec in specs.items()}


SPECS, CHECKS = project()
EVERY = [check for checks in CHECKS.values() for check in checks]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every published table, each holding the example row of its specification."""
    with duckdb.connect() as con:
        con.execute("create schema curated")
        pending = load_macros(ROOT / "sql")
        for _ in range(5):
            pending = [macro for macro in pending if not _created(con, macro.statement)]
        for spec in SPECS.values():
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in spec.types.items())
            con.execute(f"create table curated.{identifier(spec.table)} ({columns})")
            fill(con, spec, [spec.example])
        yield con


def _created(con: duckdb.DuckDBPyConnection, statement: str) -> bool:
    try:
        con.execute(statement)
    except duckdb.Error:
        return False
    return True


def fill(con: duckdb.DuckDBPyConnection, spec: TableSpec, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the rows of a published table."""
    table = f"curated.{identifier(spec.table)}"
    con.execute(f"delete from {table}")
    marks = ", ".join("?" for _ in spec.columns)
    for row in rows:
        con.execute(f"insert into {table} values ({marks})", [row.get(name) for name in spec.column_names])


@contextmanager
def holding(
    con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Counted]]:
    """What the checks count when a table holds these rows, and the tables it refers to hold what its example needs."""
    spec = SPECS[table]
    con.execute("begin")
    try:
        for key in spec.foreign_keys:
            target = SPECS[key.table]
            named = {to: spec.example[own] for own, to in zip(key.columns, key.to, strict=True) if own in spec.example}
            fill(con, target, [{**target.example, **named}])
        fill(con, spec, rows)
        yield counts(con, table)
    finally:
        con.execute("rollback")


def counts(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, Counted]:
    return {item.check.code: item for item in scan(con, table, CHECKS[table], full=True)}


@pytest.mark.parametrize("table", SPECS)
def test_the_example_passes_every_check(con: duckdb.DuckDBPyConnection, table: str) -> None:
    with holding(con, table, [SPECS[table].example]) as found:
        assert {code: item.violations for code, item in found.items() if item.violations} == {}
        assert {code: item.unknown for code, item in found.items() if item.unknown} == {}
        assert {item.rows for item in found.values()} == {1}


@pytest.mark.parametrize("check", EVERY, ids=lambda check: check.code)
def test_each_check_fails_on_its_invalid_example(con: duckdb.DuckDBPyConnection, check: Check) -> None:
    spec = SPECS[check.table]
    assert check.invalid or check.violation is None, f"{check.code} has no invalid example"
    wrong = {**spec.example, **check.invalid}
    assert check.violation is None or wrong != spec.example
    with holding(con, spec.table, [spec.example, wrong]) as found:
        assert found[check.code].violations == 1


def test_codes_are_unique_and_messages_are_whole() -> None:
    codes = [check.code for check in EVERY]
    assert len(set(codes)) == len(codes)
    prefixes = [spec.prefix for spec in SPECS.values()]
    assert len(set(prefixes)) == len(prefixes)
    for check in EVERY:
        assert check.reason.endswith(".") and check.next_step.endswith("."), check.code


def test_a_check_without_invalid_example_is_refused() -> None:
    spec = SPECS["usages"].model_dump()
    for column in spec["columns"]:
        if column["checks"]:
            column["checks"][0]["invalid_example"] = {}
            break
    with pytest.raises(ValueError, match="invalid_example"):
        TableSpec(**spec)


def declared(table: str = "usages", count: int = 3) -> list[Check]:
    return [replace(CHECKS[table][0], code=f"ESS-0{n}", violation="usage_id is null") for n in range(count)]


def counted(checks: Sequence[Check], violations: int = 0, rows: int = 1) -> list[Counted]:
    return [Counted(check, violations, 0, rows) for check in checks]


def test_a_rule_that_was_not_counted_is_noticed() -> None:
    checks = declared()
    assert_complete(checks, counted(checks), 1)
    for wrong in (counted(checks[:2]), counted([*checks, checks[0]]), counted(checks[::-1]), []):
        with pytest.raises(ChecksFailed, match=r"ESS-0|ordre"):
            assert_complete(checks, wrong, 1)
    with pytest.raises(ChecksFailed, match="n'a pas vu toutes les lignes"):
        assert_complete(checks, counted(checks, rows=2), 1)


def test_a_rule_lost_by_the_scan_stops_the_release(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = CHECKS["usages"][-1]
    monkeypatch.setattr(checks_room, "scan", lambda con, table, checks, full: scan(con, table, checks, full)[:-1])
    with pytest.raises(ChecksFailed, match=f"{lost.code} déclaré mais non exécuté"):
        run_checks(con, {"usages": CHECKS["usages"]}, full=True)


def test_a_rule_lost_by_the_frame_stops_the_release() -> None:
    checks = declared()
    assert validate({"usages": checks}, {"usages": counted(checks)}) == {check.code: True for check in checks}
    for frame in (counted(checks[:2]), counted(checks[:1])):
        with pytest.raises(ChecksFailed, match=r"ESS-0\d déclaré mais"):
            validate({"usages": checks}, {"usages": frame})
    with pytest.raises(ChecksFailed):
        validate({"usages": checks}, {"usages": []})
    with pytest.raises(ChecksFailed):
        validate({"usages": checks}, {})


def test_the_gate_fails_on_one_violation_of_one_rule() -> None:
    checks = declared()
    items = counted(checks)
    items[1] = replace(items[1], violations=1)
    passed = validate(
        {"usages": checks, "preuves": declared("preuves", 1)},
        {"usages": items, "preuves": counted(declared("preuves", 1))},
    )
    assert [passed[check.code] for check in checks][1:] == [False, True]


def results(con: duckdb.DuckDBPyConnection, checks: Sequence[Check], full: bool = True) -> dict[str, CheckResult]:
    return {result.check.code: result for result in run_checks(con, {"usages": checks}, full)}


def test_what_a_check_says_of_the_rows(con: duckdb.DuckDBPyConnection) -> None:
    base = CHECKS["usages"][0]
    rules = {
        "ESS-01": ("usage_id is null", "erreur", "always"),
        "ESS-02": ("usage_id is not null", "erreur", "always"),
        "ESS-03": ("cast(null as boolean)", "erreur", "always"),
        "ESS-04": ("usage_id is not null", "alerte", "always"),
        "ESS-05": ("usage_id is not null", "erreur", "full"),
    }
    checks = [
        replace(base, code=code, violation=rule, severity=severity, scope=scope, distinct=())  # type: ignore[arg-type]
        for code, (rule, severity, scope) in rules.items()
    ]
    found = results(con, checks, full=False)
    assert {code: (item.status, item.blocking) for code, item in found.items()} == {
        "ESS-01": ("respecté", False),
        "ESS-02": ("violé", True),
        "ESS-03": ("inconnu", False),
        "ESS-04": ("violé", False),
        "ESS-05": ("non applicable", False),
    }
    assert "1 ligne non jugée" in found["ESS-03"].message
    assert found["ESS-02"].message.startswith("ESS-02 (usages, 1 ligne) : ")
    assert [item.row()[5:9] for item in found.values()][2] == ("inconnu", 0, 1, 1)
    whole = results(con, checks, full=True)
    assert whole["ESS-05"].status == "violé" and whole["ESS-05"].blocking


def test_the_unique_key_counts_null_parts_and_all_twins(con: duckdb.DuckDBPyConnection) -> None:
    spec = SPECS["corrections"]
    key = CHECKS["corrections"][0]
    assert key.violation is None
    row = {**spec.example, "valeur_attendue": None}
    with holding(con, "corrections", [row, row, row, spec.example]) as found:
        assert found[key.code].violations == 2


def test_an_empty_table_breaks_no_rule(con: duckdb.DuckDBPyConnection) -> None:
    with holding(con, "usages", []) as found:
        assert {item.violations for item in found.values()} == {0}


def test_the_canonical_suite_names_every_rule() -> None:
    suite = suite_of("usages", CHECKS["usages"])
    assert [item["kwargs"]["column"] for item in suite["expectations"]] == [check.code for check in CHECKS["usages"]]
    assert suite_of("usages", CHECKS["usages"]) == suite


def test_an_unknown_vocabulary_or_code_is_said() -> None:
    with pytest.raises(SpecError, match="Vocabulaire"):
        checks_of(SPECS["usages"], {})
    with pytest.raises(SpecError, match="« etat » : appliquée n'est pas du vocabulaire « etat_decision »"):
        checks_of(SPECS["corrections"], {"etat_decision": ["obsolète"]})
