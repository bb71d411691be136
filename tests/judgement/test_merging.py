"""One use per use: what the machine proposes, what analysts decide, and what becomes of identifiers."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import duckdb
import pytest

from observatoire.settings import Settings
from observatoire.warehouse.models import load_macros, used_macros
from tests.conftest import ROOT, copy_project
from tests.helpers import Warehouse, ingest_register, write_csv
from tests.review.conftest import FIELDS

MEALS = "cas_usage|v030 + cas_usage|v055"
SOLAR = "cas_usage|v033 + cas_usage|v110"
TABLES = (
    "curated.usages",
    "curated.usages_acteurs",
    "curated.usages_heritiers",
    "curated.preuves",
    "core.usages_figures",
)


def built(settings: Settings, *decisions: tuple[str, str]) -> Warehouse:
    """The register with decisions on pairs: (pair, value)."""
    records = [
        {"decision_id": f"d{number:05d}", "objet_type": "fusion", "cle": pair, "valeur": value, "motif": f"Motif {number}",
         "auteur": "A", "date": "2026-11-24"}
        for number, (pair, value) in enumerate(decisions, 1)
    ]  # fmt: skip
    write_csv(settings.register / "decisions.csv", records, FIELDS)
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build(*TABLES)
    return warehouse


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two rows of Nantes that are one use, two Vendée bodies with one project."""
    return built(copy_project(tmp_path_factory.mktemp("fusions")), (MEALS, "meme_usage"), (SOLAR, "meme_projet"))


def test_two_traces_of_one_use_are_one_row_with_both_pieces_of_evidence(merged: Warehouse) -> None:
    assert merged.rows("select count(*), sum(nb_preuves) from curated.usages") == [(157, 158)]
    rows = merged.rows("select nb_preuves, nb_sources from curated.usages where cle_source = 'v030'")
    assert rows == [(2, 2)]
    assert merged.rows("select count(*) from curated.usages where cle_source = 'v055'") == [(0,)]
    evidence = merged.rows(
        "select p.cle_source from curated.preuves as p inner join curated.usages as u using (usage_id) "
        "where u.cle_source = 'v030' order by all"
    )
    assert evidence == [("v030",), ("v055",)]


def test_the_old_identifier_leads_to_its_heir(merged: Warehouse) -> None:
    rows = merged.rows(
        "select h.nature, h.cle_source, u.cle_source, h.motif, h.decision_id, h.ancien_usage_id = p.preuve_id "
        "from curated.usages_heritiers as h inner join curated.usages as u using (usage_id) "
        "inner join core.preuves as p on p.cle_source = 'v055'"
    )
    assert rows == [("fusion", "cas_usage|v055", "v030", "Motif 1", "d00001", True)]


def test_one_project_of_two_authorities_counts_once_and_names_both(merged: Warehouse) -> None:
    rows = merged.rows(
        "select a.collectivite, a.role from curated.usages_acteurs as a inner join curated.usages as u "
        "on u.projet_id = a.projet_id where u.cle_source = 'v033' order by all"
    )
    assert rows == [("Géovendée", "utilisateur"), ("Vendée Numérique", "utilisateur")]
    assert merged.rows("select count(distinct projet_id), count(*) from curated.usages") == [(156, 157)]
    assert merged.rows("select count(distinct projet_id) from curated.usages where cle_source in ('v033', 'v110')") == [
        (1,)
    ]


def test_two_uses_of_one_authority_in_one_theme_stay_two(merged: Warehouse) -> None:
    pairs = "select cle_source from curated.usages where cle_source in ('v007', 'v083') order by all"
    assert merged.rows(pairs) == [("v007",), ("v083",)]
    assert merged.rows("select verdict from core.rapprochements where objet = 'cas_usage|v007 + cas_usage|v083'") == [
        ("a_examiner",)
    ]


def test_the_machine_never_merges_two_rows_of_the_register(project: Settings) -> None:
    warehouse = built(project)
    assert warehouse.rows("select count(*), count(distinct projet_id) from curated.usages") == [(158, 158)]
    proposed = warehouse.rows(
        "select objet, verdict from core.rapprochements where proposition = 'meme_usage' order by 1"
    )
    assert proposed == [(MEALS, "a_examiner"), ("cas_usage|v069 + cas_usage|v141", "a_examiner")]
    assert warehouse.rows("select count(*) from curated.usages_heritiers") == [(0,)]


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("IssyGPT, robot du site", ["issygpt"]),
        ("RECITAL' Project: Energy", ["recital"]),
        ("RÉNOVATION DE LA MAIRIE", []),
        ("Détection des départs de feu par IA", []),
        (None, []),
    ],
)
def test_names_of_tools_are_known_by_their_capitals(title: str | None, names: list[str]) -> None:
    assert asked_with_macros("noms_propres", title) == names


@pytest.mark.parametrize(
    ("name", "flat"),
    [
        ("Noisy-le-Grand Municipality", "noisy le grand"),
        ("City of Paris", "paris"),
        ("Ville de Paris", "ville de paris"),
        ("Dorset County Council", "dorset"),
    ],
)
def test_an_authority_named_in_english_keeps_its_name(name: str, flat: str) -> None:
    assert asked_with_macros("autorite_plate", name) == flat


def asked_with_macros(macro: str, value: str | None) -> Any:
    macros = {item.name: item for item in load_macros(ROOT / "sql")}
    with closing(duckdb.connect()) as con:
        for item in [macros["nom_plat"], *used_macros(f"{macro}(", macros)]:
            con.execute(item.statement)
        row = con.execute(f"select {macro}(?::varchar)", [value]).fetchone()
    assert row
    return row[0]
