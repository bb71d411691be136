"""Running every check of every published table: counted by DuckDB, judged by Great Expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.quality.gate import validate
from observatoire.quality.scan import Counted, assert_complete, scan
from observatoire.quality.spec import Check
from observatoire.sql_text import identifier

if TYPE_CHECKING:
    import duckdb

RESPECTED, VIOLATED, UNKNOWN, NOT_APPLICABLE = "respecté", "violé", "inconnu", "non applicable"


@dataclass(frozen=True)
class CheckResult:
    """A check and its result on the tables as built."""

    check: Check
    status: str
    violations: int
    unknown: int
    rows: int

    @property
    def blocking(self) -> bool:
        return self.status == VIOLATED and self.check.severity == "erreur"

    @property
    def message(self) -> str:
        """One French line: what is wrong, where, what to do."""
        place = self.check.table + (f".{self.check.column}" if self.check.column else "")
        count = f"{self.violations} ligne{'s' if self.violations > 1 else ''}"
        if self.status == UNKNOWN:
            count = f"{self.unknown} ligne{'s' if self.unknown > 1 else ''} non jugée{'s' if self.unknown > 1 else ''}"
        return f"{self.check.code} ({place}, {count}) : {self.check.reason} {self.check.next_step}"

    def row(self) -> tuple[str | int | None, ...]:
        """The row of core.controles."""
        check = self.check
        return (
            check.code, check.table, check.column, check.severity, check.scope, self.status, self.violations,
            self.unknown, self.rows, check.reason, check.next_step,
        )  # fmt: skip


ROW_COLUMNS = (
    "code", "table", "colonne", "severite", "portee", "statut", "violations", "inconnus", "lignes", "motif", "suite",
)  # fmt: skip
ROW_TYPES = ("VARCHAR",) * 6 + ("BIGINT",) * 3 + ("VARCHAR",) * 2


def run_checks(con: duckdb.DuckDBPyConnection, checks: Mapping[str, Sequence[Check]], full: bool) -> list[CheckResult]:
    """The result of every check, tables in alphabetical order.

    Raises ChecksFailed when a declared check was not executed; a violated check is a result, not an exception.
    """
    counted: dict[str, list[Counted]] = {}
    for table in sorted(checks):
        counted[table] = scan(con, table, checks[table], full)
        row = con.execute(f"select count(*) from curated.{identifier(table)}").fetchone()
        assert row
        assert_complete(checks[table], counted[table], row[0])
    passed = validate({table: checks[table] for table in sorted(checks)}, counted)
    return [_result(item, passed[item.check.code]) for table in sorted(counted) for item in counted[table]]


def _result(item: Counted, passed: bool) -> CheckResult:
    if not item.executed:
        status = NOT_APPLICABLE
    elif not passed:
        status = VIOLATED
    else:
        status = UNKNOWN if item.unknown else RESPECTED
    return CheckResult(item.check, status, item.violations, item.unknown, item.rows)
