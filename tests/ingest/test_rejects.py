"""Records set aside: an order for those of the register, a count for those that nobody here can correct."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from observatoire.pipeline import Report
from observatoire.rejects import reject_lines, set_aside_lines
from observatoire.sources.spec import load_sources

Rows = list[tuple[str, str, int, str | None, str, str]]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(
            "create schema core; create table core.rejets (source varchar, livraison varchar, ligne bigint, cle varchar, "
            "colonne varchar, motif varchar)"
        )
        yield opened


def put(con: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    con.executemany("insert into core.rejets values (?, ?, ?, ?, ?, ?)", rows)


def test_only_what_an_analyst_keeps_is_an_order(con: duckdb.DuckDBPyConnection) -> None:
    put(con, [("cas_usage", "a", 3, "v003", "theme", "« magie » inconnu"), ("hotes", "b", 2, None, "hote", "vide")])
    put(con, [("decp_2019", "c", n, None, "id", "vide") for n in (7, 8)])
    put(con, [("decp_2019", "d", 8, None, "id", "vide"), ("decp_2019", "d", 8, None, "objet", "vide")])
    sources = load_sources(None)
    assert reject_lines(con, sources) == [
        "cas_usage.csv, enregistrement 3 (v003), colonne « theme » : « magie » inconnu. Corriger (valeurs admises : "
        "data/register/vocabulaires.yml, puis relancer).",
        "hotes.csv, enregistrement 2, colonne « hote » : vide. Corriger puis relancer.",
    ]
    assert set_aside_lines(con, sources) == [
        "decp_2019 : 3 enregistrements à l'écart (surtout : colonne « id » : vide). Les lire : observatoire query "
        "\"from rejets where source = 'decp_2019'\"."
    ]


def test_every_record_of_the_register_is_said_and_those_not_shown_are_counted(
    con: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    from observatoire.cli_output import SHOWN, report

    put(con, [("cas_usage", "a", n, f"v{n}", "titre", "vide") for n in range(1, 251)])
    lines = reject_lines(con, load_sources(None))
    assert len(lines) == 250
    report(Report("v", False, rejects=lines, set_aside=["decp : 8 enregistrements à l'écart."]), False)
    shown = capsys.readouterr().out
    assert shown.count("Mis à l'écart : cas_usage.csv") == SHOWN and f"… et {250 - SHOWN} autres" in shown
    assert "Sources publiques : decp : 8 enregistrements à l'écart." in shown
