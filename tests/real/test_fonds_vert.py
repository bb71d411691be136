"""The real export of the Fonds vert, with the faults counted in it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from observatoire.ingest import ingest_source
from observatoire.pipeline import load_all_sources
from tests.conftest import copy_project
from tests.helpers import Warehouse, read_csv


@pytest.fixture(scope="module")
def warehouse(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    settings = copy_project(tmp_path_factory.mktemp("fonds_vert"))
    source = load_all_sources(settings)["fonds_vert"]
    path = shared / "deliveries" / "fonds-vert-2023" / "fonds-vert-2023-export.csv"
    assert ingest_source(settings, source, path)[0].outcome == "nouvelle"
    made = Warehouse(settings)
    made.build("core.candidats_bruts")
    return made


def test_10782_lines_are_10701_projects(warehouse: Warehouse) -> None:
    assert warehouse.rows("select count(*), count(distinct dossier) from staging.fonds_vert") == [(10_782, 10_701)]
    # 27 file numbers repeat, on 108 lines: shares of one grant by commune, never the same line twice.
    found = warehouse.rows(
        "select count(*), sum(nb_lignes), sum(nb_repetees), count(*) filter (where nb_lignes > 1), "
        "sum(nb_lignes) filter (where nb_lignes > 1) from core.aides_projets"
    )
    assert found == [(10_701, 10_782, 0, 27, 108)]


def test_a_grant_names_the_programme_as_the_register_does(warehouse: Warehouse) -> None:
    """So that a grant joined to a use tells its funder."""
    assert warehouse.rows("select distinct programme from core.aides_projets") == [("Fonds vert",)]
    funders = {row["programme"]: row["financeur"] for row in read_csv(warehouse.settings.register / "programmes.csv")}
    assert funders["Fonds vert"] == "État"


def test_amounts_in_euros_with_no_break_spaces(warehouse: Warehouse) -> None:
    assert warehouse.rows("select count(*) from staging.fonds_vert where montant is null") == [(0,)]
    lines = warehouse.rows("select sum(montant) from staging.fonds_vert")
    projects = warehouse.rows("select sum(montant) from core.aides_projets")
    assert lines == projects == [(Decimal("1956354884.00"),)]


def test_167_siret_in_the_siren_column(warehouse: Warehouse) -> None:
    found = dict(warehouse.rows("select siren_motif, count(*) from staging.fonds_vert group by 1"))
    assert found == {None: 10_602, "SIRET dans la colonne SIREN": 167, "clé fausse": 11, "absent": 2}


def test_lost_zeros_are_put_back(warehouse: Warehouse) -> None:
    # 1,429 commune codes are shorter than five characters: 602 lost their zero, 827 are the word « NULL ».
    short = warehouse.rows("select count(*) from raw.fonds_vert where length(code_commune) < 5")
    assert short == [(1429,)]
    found = warehouse.rows(
        "select count(*) filter (where zero_remis), count(*) filter (where commune is null), "
        "count(*) filter (where length(commune) <> 5) from staging.fonds_vert"
    )
    assert found == [(602, 827, 0)]


def test_only_public_bodies_keep_their_name(warehouse: Warehouse) -> None:
    found = warehouse.rows("select count(*), count(acheteur), count(siren) from core.candidats_bruts")
    assert found == [(10_701, 9_720, 9_720)]
    assert warehouse.rows("select distinct licence, republiee from core.candidats_bruts") == [("non indiquée", False)]


def test_no_address_or_number_of_a_person_is_left(warehouse: Warehouse) -> None:
    left = "regexp_matches(projet, '[a-z]@[a-z0-9-]+\\.[a-z]') or regexp_matches(projet, '\\b0[1-9]([ .-]?[0-9]{2}){4}\\b')"
    assert warehouse.rows(f"select count(*) from staging.fonds_vert where {left}") == [(0,)]
