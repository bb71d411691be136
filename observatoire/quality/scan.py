"""Counting the violations of every rule of a table in one scan of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.errors import ChecksFailed
from observatoire.quality.spec import Check
from observatoire.sql_text import identifier

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Counted:
    """A rule, how many rows break it, how many it could not judge (NULL), and how many it saw.

    `executed` is false for a rule of scope « full » when the whole reference is absent.
    """

    check: Check
    violations: int
    unknown: int
    rows: int
    executed: bool = True


def scan_sql(table: str, checks: Sequence[Check]) -> str:
    """One SELECT of one row: the number of rows, then violations and unknowns of each rule."""
    counts = ["count(*) as n"]
    computed = []
    for position, check in enumerate(checks):
        if check.violation is None:
            columns = ", ".join(f"t.{identifier(name)}" for name in check.distinct)
            counts.append(f"count(*) - count(distinct row({columns})) as v{position}")
            counts.append(f"0::bigint as u{position}")
        else:
            computed.append(f"({check.violation}) as r{position}")
            counts.append(f"count(*) filter (where r{position}) as v{position}")
            counts.append(f"count(*) filter (where r{position} is null) as u{position}")
    rules = "".join(f", {rule}" for rule in computed)
    return f"select {', '.join(counts)} from (select *{rules} from curated.{identifier(table)}) t"


def scan(con: duckdb.DuckDBPyConnection, table: str, checks: Sequence[Check], full: bool) -> list[Counted]:
    """The counts of every check of one table, in the order given."""
    run = [check for check in checks if full or check.scope == "always"]
    row = con.execute(scan_sql(table, run)).fetchone()
    assert row is not None
    counted = {
        check.code: Counted(check, row[1 + 2 * position], row[2 + 2 * position], row[0])
        for position, check in enumerate(run)
    }
    return [counted.get(check.code) or Counted(check, 0, 0, row[0], executed=False) for check in checks]


def assert_complete(declared: Sequence[Check], counted: Sequence[Counted], rows: int) -> None:
    """A rule that is missing from the scan would pass unseen.

    Raises ChecksFailed when the rules counted are not the rules declared, or when one saw another number of rows.
    """
    expected, found = [check.code for check in declared], [item.check.code for item in counted]
    if expected != found:
        lost = sorted(set(expected) ^ set(found)) or ["ordre"]
        raise ChecksFailed(
            f"Contrôle {lost[0]} déclaré mais non exécuté. Rien n'est publié : corriger quality/scan.py."
        )
    if wrong := [item.check.code for item in counted if item.rows != rows]:
        raise ChecksFailed(f"Contrôle {wrong[0]} : il n'a pas vu toutes les lignes. Rien n'est publié.")
