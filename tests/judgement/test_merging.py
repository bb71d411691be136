"""One use per use: what the machine proposes, what analysts decide, and what becomes of identifiers."""

from __future__ import annotations

from contextlib import closing, suppress
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
    assert rows == [("Géovendée", "utilisateur"), ("Vendée Numérique", "utilisateur"), ("État", "financeur")]
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
    ("text", "words"),
    [
        ("IssyGPT, robot du site", ["IssyGPT", "robot", "du", "site"]),
        ("GPT@EC et PIAST-Q", ["GPT@EC", "et", "PIAST-Q"]),
        ("l'aide-ménagère", ["l", "aide", "ménagère"]),
        ("Ville.AI et Ville.Data. Puis 3.5", ["Ville.AI", "et", "Ville.Data", "Puis", "3", "5"]),
        (None, []),
    ],
)
def test_a_name_of_tool_is_one_word(text: str | None, words: list[str]) -> None:
    assert asked_with_macros("mots_ecrits(?::varchar)", text) == words


@pytest.mark.parametrize(
    ("name", "flat"),
    [
        ("Noisy-le-Grand Municipality", "noisy le grand"),
        ("City of Paris", "paris"),
        ("Municipality of The Hague", "hague"),
        ("Ville de Paris", "ville de paris"),
        ("Dorset County Council", "dorset county"),
        ("Province of Trento", "trento province"),
        ("City of Trento", "trento"),
        ("Register of the Fisheries and Ports (RFP)", "register fisheries ports"),
    ],
)
def test_an_authority_named_in_english_keeps_its_name_and_kind(name: str, flat: str) -> None:
    assert asked_with_macros("autorite_plate(?::varchar)", name) == flat


def test_a_body_may_say_its_country_or_not() -> None:
    names = ("Ports Register", "Register of Ports Norway", "Ports Register of Norway", "Norway")
    located = [asked_with_macros("autorite_situee('Norway', ?::varchar)", name) for name in names]
    assert located == ["Norway ports register", "Norway register ports", "Norway ports register", "Norway norway"]


@pytest.mark.parametrize(
    ("name", "bodies"),
    [
        ("Nantes Métropole & Ville", ["Nantes Métropole", "Ville de Nantes"]),
        ("Ville et Métropole de Nantes", ["Ville de Nantes", "Métropole de Nantes"]),
        ("City and Eurometropolis of Strasbourg", ["Ville de Strasbourg", "EuroMétropole de Strasbourg"]),
        ("City of Lyon, Villeurbanne", ["Ville de Lyon", "Villeurbanne"]),
        ("Bordeaux Métropole", ["Bordeaux Métropole"]),
    ],
)
def test_a_name_that_joins_bodies_is_read_body_by_body(name: str, bodies: list[str]) -> None:
    read = "list_transform(noms_parties_completes(?::varchar), lambda n: nom_francise(n))"
    assert asked_with_macros(read, name) == bodies


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("AI-Code: Use case 3", "3"),
        ("Projet X (Pilot2)", "2"),
        ("Sobriété de 200 bâtiments", None),
        ("Essai de 2023", None),
    ],
)
def test_the_number_of_a_case_is_not_any_number(title: str, number: str | None) -> None:
    assert asked_with_macros("numero_de_cas(?::varchar)", title) == number


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("pstw|PSTW-1037", "pstw|PSTW-1038", True),
        ("pstw|PSTW-1037", "pstw|PSTW-2724", False),
        ("decp|2023-01", "decp|2024-02", False),
        ("odap|Robot|Ville", "odap|Drone|Ville", False),
        ("pstw|PSTW-1037", "fonds_vert|1038", False),
    ],
)
def test_records_that_a_source_wrote_one_after_the_other(first: str, second: str, said: bool) -> None:
    assert asked_with_macros("cles_a_la_suite(?, ?)", first, second) == said


@pytest.mark.parametrize(
    ("points", "bodies", "told_apart", "twice", "linked", "said"),
    [
        (10, "même", False, False, False, "meme_usage"),
        (9, "même", False, False, False, "a_examiner"),
        (5, "même", False, False, False, "a_examiner"),
        (4, "même", False, False, True, None),
        (20, "même", True, False, False, "a_examiner"),  # told apart by their source
        (9, "même", True, False, True, None),
        (20, "même", True, True, False, "meme_usage"),  # entered twice, word for word
        (11, "réunies", False, False, False, "a_examiner"),
        (12, "réunies", False, False, False, "meme_usage"),
        (20, "communes", False, False, False, "a_examiner"),
        (20, "autres", False, True, True, "a_examiner"),  # two bodies: one project at most
        (20, "autres", False, True, False, None),
        (9, "autres", False, False, True, None),
    ],
)
def test_two_bodies_never_have_one_use(
    points: int, bodies: str, told_apart: bool, twice: bool, linked: bool, said: str | None
) -> None:
    asked = "rapprochement_propose(?, ?, ?, ?, ?)"
    assert asked_with_macros(asked, points, bodies, told_apart, twice, linked) == said


def asked_with_macros(call: str, *values: Any) -> Any:
    macros = {item.name: item for item in load_macros(ROOT / "sql")}
    with closing(duckdb.connect()) as con:
        pending = [macros["nom_plat"], *used_macros(call, macros)]
        for _ in range(len(pending)):  # a macro may call one defined later
            for item in list(pending):
                with suppress(duckdb.CatalogException):
                    con.execute(item.statement)
                    pending.remove(item)
        row = con.execute(f"select {call}", list(values)).fetchone()
    assert row
    return row[0]
