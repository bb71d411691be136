"""Time travel on the real movements since 1943, against counts and events that INSEE published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from observatoire.territories.passages import restate
from tests.territories.reference import real_reference

if TYPE_CHECKING:
    import duckdb

# Communes of France (with Mayotte from 31 March 2011) on the 1st of January, INSEE, Code officiel géographique.
COMMUNES = {
    1999: 36679, 2012: 36700, 2013: 36681, 2015: 36658, 2016: 35885, 2017: 35416, 2018: 35357,
    2019: 34970, 2020: 34968, 2021: 34965, 2022: 34955, 2023: 34945, 2024: 34935, 2025: 34875, 2026: 34875,
}  # fmt: skip


@pytest.fixture(scope="module")
def con(shared: Path) -> duckdb.DuckDBPyConnection:
    return real_reference(shared)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def living(year: int) -> str:
    """The stages of the 1st of January of a year."""
    day = f"date '{year}-01-01'"
    return f"core.passages_etapes where coalesce(valide_du <= {day}, true) and coalesce(valide_au >= {day}, true)"


def passages(con: duckdb.DuckDBPyConnection, start: int, end: int, *codes: str) -> set[tuple[Any, ...]]:
    listed = ", ".join(f"'{code}'" for code in codes)
    return set(rows(con, "select code_de, code_vers, nature, part from "
                         f"passages_entre(date '{start}-01-01', date '{end}-01-01') where code_de in ({listed})"))  # fmt: skip


def kinds(con: duckdb.DuckDBPyConnection, start: int, end: int) -> dict[str, int]:
    return dict(
        rows(con, f"select nature, count(*) from passages_entre(date '{start}-01-01', date '{end}-01-01') group by 1")
    )


@pytest.mark.parametrize("year", COMMUNES)
def test_the_number_of_communes_is_the_published_one(con: duckdb.DuckDBPyConnection, year: int) -> None:
    assert rows(con, f"select count(distinct code) from {living(year)}") == [(COMMUNES[year],)]


@pytest.mark.parametrize("year", [2025, 2026])
def test_codes_and_names_are_those_of_the_cog(con: duckdb.DuckDBPyConnection, year: int) -> None:
    cog = f"select com, libelle from staging.cog_communes where typecom = 'COM' and millesime = date '{year}-01-01'"
    traced = f"select code, nom from {living(year)}"
    assert rows(con, f"({cog} except {traced}) union all ({traced} except {cog})") == []


def test_the_codes_of_2024_are_those_of_banatic(con: duckdb.DuckDBPyConnection) -> None:
    banatic = "select insee from staging.banatic_siren"
    traced = f"select code from {living(2024)}"
    assert rows(con, f"({banatic} except {traced}) union all ({traced} except {banatic})") == []


def test_from_2024_to_2025(con: duckdb.DuckDBPyConnection) -> None:
    assert kinds(con, 2024, 2025) == {
        "inchangé": 34812, "fusion": 110, "renommé": 8, "rétablissement": 5, "changement de code": 4
    }  # fmt: skip
    assert passages(con, 2024, 2025, "49069") == {("49069", "49126", "changement de code", 1.0)}
    separated = passages(con, 2024, 2025, "15141")
    assert {(code, nature) for _, code, nature, _ in separated} == {
        (code, "rétablissement") for code in ("15031", "15035", "15047", "15141", "15171")
    }
    assert sum(part for *_, part in separated) == pytest.approx(1)


def test_a_merger_undone_in_2025_is_no_change_since_2015(con: duckdb.DuckDBPyConnection) -> None:
    codes = ("15031", "15035", "15047", "15141", "15171")
    assert passages(con, 2015, 2025, *codes) == {(code, code, "inchangé", 1.0) for code in codes}
    assert passages(con, 2018, 2026, "15141") == passages(con, 2024, 2025, "15141")


def test_from_2019_to_2026(con: duckdb.DuckDBPyConnection) -> None:
    found = kinds(con, 2019, 2026)
    assert found == {"inchangé": 34708, "fusion": 182, "renommé": 72, "rétablissement": 12, "changement de code": 4}
    assert passages(con, 2019, 2026, "93059", "93066") == {
        ("93059", "93066", "fusion", 1.0), ("93066", "93066", "fusion", 1.0)
    }  # fmt: skip


def test_from_1943_to_2026(con: duckdb.DuckDBPyConnection) -> None:
    found = kinds(con, 1943, 2026)
    assert sum(found.values()) == 38098
    assert found["changement de département"] == 869
    assert passages(con, 1943, 2026, "75006", "75056") == {
        ("75006", "93006", "changement de département", 1.0), ("75056", "75056", "inchangé", 1.0)
    }  # fmt: skip


def test_codes_used_again(con: duckdb.DuckDBPyConnection) -> None:
    """60054 is Beaumont-les-Nonains, then Les Hauts-Talican (2017), then Beaumont-les-Nonains again (2024)."""
    assert passages(con, 2016, 2025, "60054") == {("60054", "60054", "inchangé", 1.0)}
    assert {(code, nature) for _, code, nature, _ in passages(con, 2023, 2025, "60054")} == {
        ("60054", "rétablissement"), ("60694", "rétablissement")
    }  # fmt: skip
    assert passages(con, 2022, 2023, "27058") == {("27058", "27676", "changement de code", 1.0)}


def test_territories_that_left_the_code_are_not_restated(con: duckdb.DuckDBPyConnection) -> None:
    assert passages(con, 2007, 2026, "97123", "97127") == {
        ("97123", None, "sans correspondance", 1.0), ("97127", None, "sans correspondance", 1.0)
    }  # fmt: skip


@pytest.mark.parametrize(("start", "end"), [(2024, 2025), (2019, 2026), (1943, 2026), (2026, 2019)])
def test_known_parts_of_a_commune_make_a_whole(con: duckdb.DuckDBPyConnection, start: int, end: int) -> None:
    assert rows(con, f"select count(*) from (select code_de from passages_entre(date '{start}-01-01', date '{end}-01-01') "
                     "group by code_de having count(part) = count(*) and abs(sum(part) - 1) > 1e-6)") == [(0,)]  # fmt: skip


def test_populations_of_2024_restated_in_2025(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table populations_2024 as select insee as code, population as valeur from staging.banatic_siren"
    )
    found = restate(con, "populations_2024", dt.date(2024, 1, 1), dt.date(2025, 1, 1))
    assert len(found) == 34875
    assert {row.code for row in found if not row.exact} == {"15031", "15035", "15047", "15141", "15171"}
    (before,) = rows(con, "select sum(valeur) from populations_2024")[0]
    assert sum(row.value or 0 for row in found) == pytest.approx(before)
    merged = next(row for row in found if row.code == "93066")
    assert merged.from_codes == ("93059", "93066")
    assert merged.exact


def test_the_published_table_agrees_with_the_macro(con: duckdb.DuckDBPyConnection) -> None:
    published = ("select code_de, code_vers, nature, part from curated.passages where type = 'commune' "
                 "and millesime = date '2026-01-01' and valide_du <= date '2019-01-01' "
                 "and coalesce(valide_au >= date '2019-01-01', true)")  # fmt: skip
    asked = "select code_de, code_vers, nature, part from passages_entre(date '2019-01-01', date '2026-01-01')"
    assert rows(con, f"({published} except {asked}) union all ({asked} except {published})") == []


def test_mayotte_keeps_its_siren_under_two_codes(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select code_de, code_vers, nature, siren_de = siren_vers from curated.passages "
                     "where type = 'departement' and code_de = '976D' and millesime = date '2026-01-01'") == [
        ("976D", "976R", "changement de code", True)
    ]  # fmt: skip
