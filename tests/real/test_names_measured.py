"""Names resolved over the whole reference, measured against the SIREN that real deliveries declare.

The floors hold the figures of docs/accuracy.md from falling.
"""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from observatoire.territories.evaluate import (
    ADJUDICATIONS,
    OUTSIDE,
    Measure,
    evaluate,
    outside,
    total,
    truth_of_decp,
    truth_of_decp_consolidated,
    truth_of_fonds_vert,
)
from observatoire.territories.names import resolve
from tests.real.names_reference import ROOT, whole_reference


@pytest.fixture(scope="module")
def con(shared: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set threads = 2")
    whole_reference(con, shared)
    return con


@pytest.fixture(scope="module")
def measures(con: duckdb.DuckDBPyConnection, shared: Path) -> list[Measure]:
    deliveries = shared / "deliveries"
    truth_of_fonds_vert(con, deliveries / "fonds-vert-2023" / "fonds-vert-2023-export.csv", "core.v_fonds_vert")
    decp = sorted((deliveries / "decp-2019").glob("*.json"))
    recent = deliveries / "decp-consolide-2024" / "decp_2024H2_travaux_cpv4521_filtered.csv"
    for hinted, suffix in ((True, ""), (False, "_nu")):
        truth_of_decp(con, decp, f"core.v_decp{suffix}", hinted)
        truth_of_decp_consolidated(con, recent, f"core.v_recent{suffix}", hinted)
    truths = ["core.v_fonds_vert", "core.v_decp", "core.v_decp_nu", "core.v_recent", "core.v_recent_nu"]
    return evaluate(con, truths)


# source, names of authorities, floor of precision, floor of recall
FLOORS = [
    ("Fonds vert 2023", 6_000, 0.999, 0.994),
    ("DECP 2019", 600, 0.998, 0.98),
    ("DECP 2019, sans indice", 600, 0.998, 0.91),
    ("DECP 2024", 1_000, 0.999, 0.99),
    ("DECP 2024, sans indice", 1_000, 0.999, 0.92),
]


@pytest.mark.parametrize(("source", "names", "precision", "recall"), FLOORS)
def test_figures_do_not_fall(measures: list[Measure], source: str, names: int, precision: float, recall: float) -> None:
    found = total(measures, source)
    assert found.expected >= names
    assert found.precision.value is not None and found.precision.value >= precision
    assert found.recall.value is not None and found.recall.value >= recall


@pytest.mark.parametrize("source", [row[0] for row in FLOORS])
def test_other_bodies_are_left_alone(measures: list[Measure], source: str) -> None:
    found = outside(measures, source)
    assert found.expected > 200
    assert found.attached.value is not None and found.attached.value <= 0.005


def test_bodies_outside_are_said_so_when_their_name_says_it(
    con: duckdb.DuckDBPyConnection, measures: list[Measure]
) -> None:
    rows = con.execute(
        f"""select nom, siren_statut from core.noms_evaluation
        where type = '{OUTSIDE}' and regexp_matches(nom, '^(SDIS|SYNDICAT|CCAS|CENTRE HOSPITALIER|OFFICE)\\b')"""
    ).fetchall()
    assert len(rows) > 100
    assert [row for row in rows if row[1] != "hors référence"] == []


def test_every_adjudication_is_still_of_use(con: duckdb.DuckDBPyConnection, measures: list[Measure]) -> None:
    """An adjudication that matches no name is a mistake of the file; each says why."""
    with ADJUDICATIONS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    used = set(con.execute("select nom, siren_annonce from core.noms_evaluation where jugement is not null").fetchall())
    assert [row["nom"] for row in rows if (row["nom"], row["siren_annonce"]) not in used] == []
    assert all(row["motif"] for row in rows)


def test_register_as_adjudicated(con: duckdb.DuckDBPyConnection) -> None:
    """The whole reference finds the same SIREN as the embedded one, and no other."""
    gold = ROOT / "tests" / "gold" / "noms_registre.csv"
    con.execute(
        f"""create or replace table core.registre as
        select
            id as nom_id, collectivite as nom, type_indice, territoire_indice,
            cast(null as varchar) as siret, cast(null as varchar) as code_postal
        from read_csv('{gold}', all_varchar = true, header = true, delim = ',')"""
    )
    resolve(con, "core.registre", "core.registre_resolu")
    wrong = con.execute(
        f"""select g.id, g.collectivite, r.siren, r.siren_statut
        from read_csv('{gold}', all_varchar = true, header = true, delim = ',') as g
        inner join core.registre_resolu as r on r.nom_id = g.id
        where r.siren is distinct from g.siren or r.siren_statut <> g.siren_statut"""
    ).fetchall()
    assert wrong == []
    assert con.execute("select count(*) from core.registre_resolu").fetchone() == (158,)


@pytest.mark.parametrize(
    ("name", "place", "siren"),
    [
        ("Le Havre", None, "217603513"),
        ("HAVRE", "76", "217603513"),
        ("Mairie du Havre", None, "217603513"),
        ("Havre (Le)", None, "217603513"),
        ("Ville d'Oullins", None, "200102747"),  # merged in 2024
        ("Pierrefitte-sur-Seine", None, "929939411"),  # merged in 2025
        ("Octeville", "50", "200056844"),  # merged twice: in Cherbourg-Octeville, then in Cherbourg-en-Cotentin
        ("Mauzac", "24", "212402606"),
        ("Ville-sur-Illon", None, "218805083"),
        ("Ville d'Avray", None, "219200771"),
        ("S.Martin d'Heres", "38", "213804214"),
        ("CC Rives de l'Ain", "Ain", "200029999"),
        ("Agglomération du Grand Annecy", None, "200066793"),
        ("GRAND NARBONNE COMMUNAUTE AGGLOMERATIO", None, "241100593"),
        ("CA  CINOR", "97", "249740119"),
        ("Mairie de La Riche", None, "213701956"),  # there is a Riche too
        ("OT Montauban", "82", None),
        ("LPO Auvergne Rhône Alpes", "69", None),
        ("MOURENX", "33", None),  # of the same région, but Mourens is in Gironde
    ],
)
def test_ways_of_writing(con: duckdb.DuckDBPyConnection, name: str, place: str | None, siren: str | None) -> None:
    con.execute(
        "create or replace table core.essai as select '1' as nom_id, $1 as nom, null::varchar as type_indice, "
        "$2 as territoire_indice, null::varchar as siret, null::varchar as code_postal",
        [name, place],
    )
    resolve(con, "core.essai", "core.essai_resolu")
    assert con.execute("select siren from core.essai_resolu").fetchone() == (siren,)


def test_the_order_of_names_changes_nothing(con: duckdb.DuckDBPyConnection, measures: list[Measure]) -> None:
    def signature(order: str) -> tuple[object, ...] | None:
        con.execute(
            f"create or replace table core.melange as select row_number() over (order by nom, siren_annonce, "
            f"territoire_indice)::varchar as nom_id, nom, type_indice, territoire_indice, siret, code_postal "
            f"from core.v_decp order by {order}"
        )
        resolve(con, "core.melange", "core.melange_resolu")
        return con.execute("select count(*), sum(hash(m)::hugeint)::varchar from core.melange_resolu as m").fetchone()

    assert signature("hash(nom)") == signature("nom desc")
