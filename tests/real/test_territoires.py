"""The reference built from the real deliveries, each one asked over HTTP at its own address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from observatoire.quality.checks import run_checks
from observatoire.quality.spec import checks_of, load_table_specs
from observatoire.settings import default_project
from observatoire.vocabularies import codes_by_list
from tests.territories.reference import real_reference

if TYPE_CHECKING:
    import duckdb


@pytest.fixture(scope="module")
def con(shared: Path) -> duckdb.DuckDBPyConnection:
    return real_reference(shared)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def test_every_record_received_is_used(con: duckdb.DuckDBPyConnection) -> None:
    staged = rows(con, "select table_name from information_schema.tables where table_schema = 'staging' "
                       "and table_name like '\\_%' escape '\\' and table_name not in ('_corrections', '_recherche_entreprises')")  # fmt: skip
    assert len(staged) >= 12
    for (table,) in staged:
        assert rows(con, f"select count(*) filter (where len(_motifs) > 0), count(*) > 0 from staging.{table}") == [
            (0, True)
        ], table


def test_nothing_had_to_be_repaired(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select * from core.territoires_reparations") == []


def test_the_totals_by_type(con: duckdb.DuckDBPyConnection) -> None:
    """INSEE and DGCL: 34,875 communes, 1,255 EPCI (Lyon's métropole counted with the départements), 14 régions, 100 CTCD."""
    found = rows(con, "select year(millesime), type, count(*), count(siren) from curated.territoires "
                      "where type <> 'ept' group by all order by all")  # fmt: skip
    assert found == [
        (2025, "collectivite_statut_particulier", 6, 6),
        (2025, "commune", 34875, 34875),
        (2025, "departement", 94, 94),
        (2025, "epci", 1254, 1254),
        (2025, "region", 14, 14),
        (2026, "collectivite_statut_particulier", 7, 7),
        (2026, "commune", 34875, 34875),
        (2026, "departement", 93, 93),
        (2026, "region", 14, 14),
    ]
    assert rows(con, "select count(distinct siren) from core.perimetre_epci") == [(1255,)]


def test_the_particular_authorities_of_departemental_level(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select code, nom, siren, departements, nature_juridique from curated.territoires "
                     "where type = 'collectivite_statut_particulier' and millesime = date '2026-01-01' order by code") == [
        ("20R", "Collectivité de Corse", "200076958", ["2A", "2B"], "collectivite_de_corse"),
        ("69M", "Métropole de Lyon", "200046977", ["69"], "metropole_de_lyon"),
        ("6AE", "Collectivité européenne d'Alsace", "200094332", ["67", "68"], "collectivite_europeenne"),
        ("75C", "Ville de Paris", "217500016", ["75"], "ville_de_paris"),
        ("972R", "Collectivité territoriale de Martinique", "200055507", ["972"], "collectivite_territoriale_unique"),
        ("973R", "Collectivité territoriale de Guyane", "200052678", ["973"], "collectivite_territoriale_unique"),
        ("976R", "Département-Région de Mayotte", "229850003", ["976"], "departement_mayotte"),
    ]  # fmt: skip


def test_paris_is_a_commune_and_a_departement_under_one_siren(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select type, code from curated.territoires where siren = '217500016' "
                     "and millesime = date '2025-01-01' order by 1") == [
        ("collectivite_statut_particulier", "75C"), ("commune", "75056"),
    ]  # fmt: skip


def test_lyon_metropole_is_counted_once_and_its_communes_are_members(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select type, code from curated.territoires where siren = '200046977' "
                     "and millesime = date '2025-01-01'") == [("collectivite_statut_particulier", "69M")]  # fmt: skip
    assert rows(con, "select count(*) from curated.territoires where epci_siren = '200046977'") == [(58,)]


def test_region_75_is_not_departement_75(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select distinct type, nom, siren from curated.territoires where code = '75'") == [
        ("region", "Nouvelle-Aquitaine", "200053759")
    ]


def test_the_siren_of_a_commune_is_that_of_its_code_in_its_vintage(con: duckdb.DuckDBPyConnection) -> None:
    """BANATIC 2024 lacks 8 codes of the EPCI file of 2025 and has another SIREN for 46: the file of the vintage wins."""
    assert rows(con, "select count(*) filter (where b.insee is null), count(*) filter (where b.siren <> e.siren_membre) "
                     "from core.perimetre_epci e left join staging.banatic_siren b on b.insee = e.insee") == [(8, 46)]  # fmt: skip
    assert rows(con, "select count(*) from core.communes_siren s join core.perimetre_epci e "
                     "on e.insee = s.code where s.siren <> e.siren_membre") == [(0,)]  # fmt: skip
    assert rows(
        con, "select siren from curated.territoires where code = '93066' and millesime = date '2025-01-01'"
    ) == [("929939411",)]


def test_the_four_islands_outside_any_epci_take_their_siren_from_banatic(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select code, siren from core.communes_siren where source = 'banatic_siren' "
                     "and millesime = date '2025-01-01' order by 1") == [
        ("22016", "212200166"), ("29083", "212900831"), ("29155", "212901557"), ("85113", "218501138"),
    ]  # fmt: skip
    assert rows(con, "select list(code order by code) from curated.territoires where type = 'commune' "
                     "and epci_siren is null and millesime = date '2025-01-01'") == [
        (["22016", "29083", "29155", "85113"],)
    ]  # fmt: skip


def test_epci_span_departements_and_hold_what_they_say(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select count(*) from core.territoires_epci where type = 'epci' and len(departements) > 1") == [
        (89,)
    ]
    assert rows(con, "select count(*) from (select siren from core.perimetre_epci group by siren "
                     "having sum(population) <> min(population_epci) or count(*) <> min(nb_membres))") == [(0,)]  # fmt: skip
    assert rows(con, "select count(*) from curated.territoires where type = 'epci' and region is null") == [(0,)]


def test_members_exist(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        con,
        "select sum(nombre_communes), sum(communes_absentes), min(nombre_communes) from curated.territoires where type = 'epci'",
    ) == [(34871 - 58, 0, 2)]
    assert rows(
        con,
        "select sum(nombre_communes) from curated.territoires where millesime = date '2025-01-01' "
        "and type in ('departement', 'collectivite_statut_particulier')",
    ) == [(34875,)]


def test_the_workbook_and_the_csv_of_the_dgcl_say_the_same(con: duckdb.DuckDBPyConnection) -> None:
    columns = "siren, nature_juridique, insee, siren_membre, raison_sociale, population_epci, population, nb_membres"
    assert rows(con, f"select count(*) from (select {columns} from staging.epci_perimetres "
                     f"except select {columns} from staging.epcicom)") == [(0,)]  # fmt: skip


def test_populations_of_arrondissements_are_those_of_their_commune(con: duckdb.DuckDBPyConnection) -> None:
    found = dict(rows(con, "select code, population from curated.territoires where type = 'commune' "
                           "and millesime = date '2026-01-01' and code in ('75056', '69123', '13055')"))  # fmt: skip
    total = rows(con, "select sum(population) from staging.populations where com between '75101' and '75120'")
    assert found["75056"] == total[0][0]
    assert all(400_000 < population < 2_500_000 for population in found.values())


def test_the_strata_of_2025_are_those_of_the_register(con: duckdb.DuckDBPyConnection) -> None:
    wrong = rows(con, "select type, nombre, nombre_registre from curated.univers where millesime = date '2025-01-01' "
                      "and nombre <> nombre_registre")  # fmt: skip
    assert wrong == []
    assert rows(con, "select count(*) from curated.univers where nombre_registre is not null and type = 'commune'") == [
        (4,)
    ]


def test_the_ept_are_eleven_however_many_are_known(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select nombre from curated.univers where type = 'ept'") == [(11,)]


def test_associated_and_delegated_communes_are_no_authorities(con: duckdb.DuckDBPyConnection) -> None:
    """584 COMD codes equal a living one in 2026; 1,440 names are shared."""
    assert rows(con, "select count(*) from staging.cog_communes d join staging.cog_communes c on c.com = d.com "
                     "and c.millesime = d.millesime and c.typecom = 'COM' where d.typecom = 'COMD' "
                     "and d.millesime = date '2026-01-01'") == [(584,)]  # fmt: skip
    assert rows(con, "select count(*) from (select nom from curated.territoires where type = 'commune' "
                     "and millesime = date '2026-01-01' group by nom having count(*) > 1)") == [(1440,)]  # fmt: skip


def test_the_register_agrees_with_the_reference(con: duckdb.DuckDBPyConnection) -> None:
    """Every authority that the register cites is in the reference of 2025 with the same SIREN (Mayotte by its code of 2026)."""
    assert rows(con, "select r.code, r.siren from staging.territoires_cites r anti join curated.territoires t "
                     "on t.code = r.code and t.siren = r.siren and t.type = r.type and t.millesime = date '2025-01-01'") == [
        ("976R", "229850003")
    ]  # fmt: skip


def test_contours_cover_the_reference(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select (select count(*) from staging.contours_departements), (select count(*) from staging.contours_regions), "
                     "(select count(*) from staging.contours_epci)") == [(101, 18, 1255)]  # fmt: skip
    assert rows(
        con, "select count(*) from staging.contours_epci c anti join core.perimetre_epci p on p.siren = c.code"
    ) == [(0,)]


def test_the_declared_checks_block_nothing(con: duckdb.DuckDBPyConnection) -> None:
    project = default_project()
    specs = load_table_specs(project / "sql")
    codes = codes_by_list(project / "data" / "register")
    tables = {name: checks_of(specs[name], codes) for name in ("passages", "territoires", "univers")}
    results = run_checks(con, tables, full=True)
    assert [result.message for result in results if result.blocking] == []
    assert [result.check.code for result in results if result.unknown] == []
    assert {result.check.scope for result in results} == {"always", "full"}
