"""What columns say of who does what in a use: its own body, bodies of the records joined to it, funders of its programmes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import duckdb
import pytest

from observatoire.settings import Settings
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT
from tests.helpers import Warehouse, ingest_register, read_csv

Actor = tuple[str | None, str, str, str, str]

# A commune and its EPCI, a region, and two uses: u1, that of the commune, u2, a charter that a body outside the reference adopts.
KNOWN = {"111111111": ("Bourg", "commune"), "222222222": ("CA du Bourg", "epci"), "333333333": ("Région", "region")}
OWN: Actor = ("111111111", "Ville du Bourg", "commune", "utilisateur", "usage")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("create schema core; create schema staging")
        for macro in load_macros(ROOT / "sql"):
            with suppress(duckdb.CatalogException):
                con.execute(macro.statement)
        con.execute(
            "create table core.usages as select * from (values "
            "('u1', '111111111', 'Ville du Bourg', 'commune', 'usage'), ('u2', null, 'GIP du Bourg', 'autre', 'plan_ou_charte')"
            ") as v(usage_id, siren, collectivite, type_collectivite, nature)"
        )
        con.execute(
            "create table core.usages_groupes (trace_id varchar, usage_id varchar, descriptif_id varchar, est_usage boolean)"
        )
        con.execute("create table core.traces (trace_id varchar, nom varchar, autorite varchar, autorites varchar[])")
        con.execute("create table core.preuves (preuve_id varchar, source varchar, cle_source varchar)")
        con.execute("create table core.preuves_usages (usage_id varchar, source varchar, cle_source varchar)")
        con.execute(
            "create table staging.cas_usage (id varchar, collectivite varchar, type_canonique varchar, nature varchar, programme varchar)"
        )
        con.execute("create table core.noms_resolus (nom_id varchar, siren varchar, type varchar)")
        con.execute("create table core.organismes_resolus (nom_id varchar, siren varchar, republiee boolean)")
        con.execute("create table core.candidats (candidat_id varchar, type_candidat varchar)")
        con.execute("create table core.aides_projets (source varchar, aide_cle varchar, programme varchar)")
        con.execute("create table core.acteurs_connus (siren varchar, nom varchar, type varchar)")
        con.executemany(
            "insert into core.acteurs_connus values (?, ?, ?)", [(siren, *said) for siren, said in KNOWN.items()]
        )
        con.execute(
            "create table staging.programmes as select 'Fonds' as programme, 'État' as financeur, 'autre' as type"
        )
        record(con, "u1", "t1", "v001", ["111111111"])
        record(con, "u2", "t2", "v002", ["gip bourg"])
        yield con


def joined(con: duckdb.DuckDBPyConnection, use: str, trace: str, bodies: list[str], name: str = "Acheteur") -> None:
    """A trace of a use: its body, then those that its name joins."""
    con.execute("insert into core.usages_groupes values (?, ?, ?, true)", [trace, use, f"t{use[1:]}"])
    con.execute("insert into core.traces values (?, ?, ?, ?)", [trace, name, bodies[0], bodies])


def record(
    con: duckdb.DuckDBPyConnection, use: str, trace: str, key: str, bodies: list[str], nature: str = "usage",
    programme: str | None = None,
) -> None:  # fmt: skip
    """A row of the register in a use; the name of its body is in the reference when it is a SIREN."""
    joined(con, use, trace, bodies)
    con.execute("insert into core.preuves values (?, 'cas_usage', ?)", [trace, key])
    con.execute("insert into core.preuves_usages values (?, 'cas_usage', ?)", [use, key])
    con.execute(
        "insert into staging.cas_usage values (?, ?, 'autre', ?, ?)", [key, f"Corps de {key}", nature, programme]
    )
    siren = bodies[0] if bodies[0] in KNOWN else None
    con.execute("insert into core.noms_resolus values (?, ?, ?)", [trace, siren, KNOWN[siren][1] if siren else None])


def candidate(con: duckdb.DuckDBPyConnection, kind: str, trace: str, bodies: list[str], name: str = "Acheteur") -> None:
    joined(con, "u1", trace, bodies, name)
    con.execute("insert into core.candidats values (?, ?)", [trace, kind])


def others(con: duckdb.DuckDBPyConnection, use: str = "u1") -> list[Actor]:
    """The actors of a use, its own body left out."""
    query = (ROOT / "sql" / "core" / "acteurs_deduits.sql").read_text(encoding="utf-8")
    asked = (
        f"select siren, collectivite, type_collectivite, role, origine from ({query}) where usage_id = ? order by all"
    )
    return [row for row in con.execute(asked, [use]).fetchall() if row[4] != "usage"]


def test_a_use_has_its_body_and_a_charter_its_carrier(con: duckdb.DuckDBPyConnection) -> None:
    query = (ROOT / "sql" / "core" / "acteurs_deduits.sql").read_text(encoding="utf-8")
    asked = "select usage_id, acteur, siren, collectivite, type_collectivite, role, origine"
    assert con.execute(f"{asked} from ({query}) order by 1").fetchall() == [
        ("u1", "111111111", *OWN),
        ("u2", "gip du bourg", None, "GIP du Bourg", "autre", "porteur", "usage"),
    ]


@pytest.mark.parametrize(
    ("kind", "role"),
    [("marche", "porteur"), ("avis", "porteur"), ("aide", "porteur"), ("cas", "utilisateur"), ("appel", "financeur")],
)
def test_the_kind_of_a_record_gives_the_role_of_its_body(con: duckdb.DuckDBPyConnection, kind: str, role: str) -> None:
    candidate(con, kind, "t9", ["222222222"])
    assert others(con) == [("222222222", "CA du Bourg", "epci", role, "preuve")]


def test_a_data_set_says_who_publishes_not_who_does_what(con: duckdb.DuckDBPyConnection) -> None:
    candidate(con, "jeu_de_donnees", "t9", ["222222222"])
    assert others(con) == []


def test_the_use_s_own_body_is_not_told_twice(con: duckdb.DuckDBPyConnection) -> None:
    candidate(con, "marche", "t9", ["111111111"])
    assert others(con) == []


def test_a_name_that_joins_two_bodies_tells_of_the_other_one(con: duckdb.DuckDBPyConnection) -> None:
    candidate(con, "cas", "t9", ["222222222", "111111111"], "Bourg et Métropole")
    candidate(con, "cas", "t10", ["222222222", "111111111"], "Métropole et Bourg")
    assert others(con) == [("222222222", "CA du Bourg", "epci", "utilisateur", "preuve")], "told twice, said once"


def test_a_body_whose_siren_may_not_be_published_keeps_its_name(con: duckdb.DuckDBPyConnection) -> None:
    candidate(con, "marche", "t9", ["199999999"], "Régie du Bourg")
    assert others(con) == [(None, "Régie du Bourg", "autre", "porteur", "preuve")]


@pytest.mark.parametrize(
    ("nature", "role"), [("usage", "utilisateur"), ("programme", "porteur"), ("plan_ou_charte", "porteur")]
)
def test_a_case_of_the_register_joined_to_another_body_s_use(
    con: duckdb.DuckDBPyConnection, nature: str, role: str
) -> None:
    record(con, "u1", "t9", "v009", ["333333333"], nature)
    assert others(con) == [("333333333", "Corps de v009", "region", role, "preuve")]


def test_a_programme_is_funded_by_whom_the_register_says(con: duckdb.DuckDBPyConnection) -> None:
    record(con, "u2", "t9", "v009", ["gip bourg"], programme="Fonds")
    record(con, "u2", "t10", "v010", ["gip bourg"], programme="Programme de la région")
    assert others(con, "u2") == [(None, "État", "autre", "financeur", "programme")], "the other one names no funder"
    assert others(con) == []


def test_a_grant_joined_to_a_use_tells_its_funder_once(con: duckdb.DuckDBPyConnection) -> None:
    candidate(con, "aide", "t9", ["111111111"])
    con.execute("insert into core.preuves_usages values ('u1', 'fonds_vert', '12|2023')")
    con.execute(
        "insert into core.aides_projets values ('fonds_vert', '12|2023', 'Fonds'), ('fonds_vert', '13|2023', 'Fonds')"
    )
    state = (None, "État", "autre", "financeur", "programme")
    assert others(con) == [state]
    con.execute("update staging.cas_usage set programme = 'Fonds' where id = 'v001'")
    assert others(con) == [state], "the case names the same programme"


def test_records_that_are_no_use_give_no_role(con: duckdb.DuckDBPyConnection) -> None:
    candidate(con, "marche", "t9", ["222222222"])
    con.execute("update core.usages_groupes set est_usage = false where trace_id = 't9'")
    assert others(con) == []


def test_every_programme_that_has_a_funder_is_the_register_s(project: Settings) -> None:
    """A name that no case uses would fund nothing, silently."""
    cited = {row["programme"] for row in read_csv(project.register / "cas_usage.csv")}
    funded = {row["programme"] for row in read_csv(project.register / "programmes.csv")}
    assert funded and funded <= cited


def test_the_real_register_names_twenty_funders(project: Settings) -> None:
    ingest_register(project)
    warehouse = Warehouse(project)
    warehouse.build("curated.usages_acteurs")
    query = (
        "select collectivite, count(*) from curated.usages_acteurs where role = 'financeur' group by all order by all"
    )
    assert warehouse.rows(query) == [
        ("Agence de l'eau Seine-Normandie", 1), ("Citeo", 1), ("Union européenne", 3), ("État", 15),
    ]  # fmt: skip
    roles = "select role, origine, count(*) from curated.usages_acteurs group by all order by all"
    assert warehouse.rows(roles) == [
        ("financeur", "programme", 20),
        ("porteur", "usage", 9),
        ("utilisateur", "usage", 149),
    ]
