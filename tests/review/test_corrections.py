"""Corrections: applied while the source says the expected value, reported otherwise, never silently lost."""

from __future__ import annotations

from typing import Any

import pytest

from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, edit_csv, ingest_register, read_csv, write_csv

FIELDS = ("table", "cle", "colonne", "valeur_attendue", "valeur_nouvelle", "motif", "auteur", "date")
Correction = tuple[str, str, str, str, str, str]


def correct(settings: Settings, *corrections: Correction) -> None:
    """Write data/register/corrections.csv: (table, cle, colonne, attendue, nouvelle, date)."""
    rows = [dict(zip(FIELDS, (*item[:5], "Vérifié", "A. Exemple", item[5]), strict=True)) for item in corrections]
    write_csv(settings.register / "corrections.csv", rows, FIELDS)


def build(settings: Settings) -> Warehouse:
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build("curated.corrections", "curated.rejets", "staging.cas_usage", "staging.chiffres_publies")
    return warehouse


def states(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "select cle, colonne, etat, explication, valeur_trouvee from curated.corrections order by all"
    )


def value(warehouse: Warehouse, column: str, key: str = "v001") -> Any:
    return warehouse.rows(f"select {column} from staging.cas_usage where id = '{key}'")[0][0]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """One correction of each kind, built once."""
    settings = copy_project(tmp_path_factory.mktemp("corrections"))
    day = "2026-02-01"
    correct(
        settings,
        ("cas_usage", "v001", "statut", "experimentation", "deploye", day),
        ("cas_usage", "v002", "statut", "prevu", "experimentation", day),
        ("cas_usage", "v003", "theme", "sorcellerie", "energie", day),
        ("cas_usage", "v999", "theme", "eau", "energie", day),
        ("cas_usage", "v004", "couleur", "bleu", "vert", day),
        ("cas_usage", "v005", "id", "v005", "v006", day),
        ("cas_utile", "v001", "theme", "eau", "energie", day),
        # A chain of two, written in the wrong order, and a value removed then given back by nobody.
        ("cas_usage", "v006", "titre", "Deuxième titre", "Troisième titre", "2026-03-02"),
        ("cas_usage", "v006", "titre", read_csv(settings.register / "cas_usage.csv")[5]["titre"], "Deuxième titre", "2026-03-01"),
        ("cas_usage", "v001", "annee", "2023", "", day),
        ("cas_usage", "v001", "montant_eur", "", "40000.50", day),
        ("cas_usage", "v007", "titre", read_csv(settings.register / "cas_usage.csv")[6]["titre"], "L'œuvre « d'art » ; 100 %", day),
    )  # fmt: skip
    return build(settings)


@pytest.mark.parametrize(
    ("key", "column", "state", "explanation", "found"),
    [
        ("v001", "statut", "appliquée", "la source dit la valeur attendue", "experimentation"),
        ("v002", "statut", "obsolète", "la source dit maintenant la valeur corrigée", "experimentation"),
        ("v999", "theme", "non appliquée", "clé « v999 » absente de la source", None),
        ("v004", "couleur", "non appliquée", "colonne « couleur » inconnue", None),
        ("v005", "id", "non appliquée", "une clé ne se corrige pas", None),
        ("v001", "theme", "non appliquée", "source « cas_utile » inconnue", None),
        ("v001", "annee", "appliquée", "la source dit la valeur attendue", "2023"),
        ("v001", "montant_eur", "appliquée", "la source dit la valeur attendue", None),
    ],
)
def test_each_state_is_said(
    judged: Warehouse, key: str, column: str, state: str, explanation: str, found: str | None
) -> None:
    assert (key, column, state, explanation, found) in states(judged)


def test_another_value_than_expected_is_said_with_what_was_found(judged: Warehouse) -> None:
    theme = read_csv(judged.settings.register / "cas_usage.csv")[2]["theme"]
    assert ("v003", "theme", "non appliquée", "la source dit une autre valeur que celle attendue", theme) in states(
        judged
    )
    assert value(judged, "theme", "v003") == theme


def test_what_is_applied_is_in_the_rows_and_what_is_not_is_not(judged: Warehouse) -> None:
    assert value(judged, "statut") == "deploye"
    assert value(judged, "annee") is None and str(value(judged, "montant_eur")) == "40000.50"
    assert value(judged, "titre", "v007") == "L'œuvre « d'art » ; 100 %"
    assert value(judged, "id", "v005") == "v005"
    assert judged.rows("select count(*) from staging.cas_usage") == [(158,)]


def test_a_chain_follows_the_dates(judged: Warehouse) -> None:
    assert value(judged, "titre", "v006") == "Troisième titre"
    assert [state for key, column, state, _, _ in states(judged) if (key, column) == ("v006", "titre")] == [
        "appliquée"
    ] * 2


def test_the_rows_as_received_are_still_there(judged: Warehouse) -> None:
    assert judged.rows("select statut from raw._cas_usage where id = 'v001'") == [("experimentation",)]


def test_a_correction_brings_a_rejected_row_back_and_its_withdrawal_takes_it_away(project: Settings) -> None:
    edit_csv(project.register / "cas_usage.csv", lambda rows: rows[9].update(theme="o"))
    warehouse = build(project)
    assert warehouse.rows("select cle, motif from curated.rejets") == [("v010", "« o » inconnu")]
    correct(project, ("cas_usage", "v010", "theme", "o", "eau", "2026-02-01"))
    ingest_register(project)
    report = warehouse.build("curated.corrections", "curated.rejets", "staging.cas_usage", "staging.chiffres_publies")
    assert warehouse.rows("select * from curated.rejets") == []
    assert value(warehouse, "theme", "v010") == "eau"
    assert not {"staging.chiffres_publies", "staging.hotes"} & set(report.built), "other sources are left alone"
    correct(project)
    ingest_register(project)
    warehouse.build("curated.corrections", "curated.rejets", "staging.cas_usage")
    assert warehouse.rows("select cle from curated.rejets") == [("v010",)]
    assert states(warehouse) == []


def test_a_correction_that_spoils_its_record_says_so(project: Settings) -> None:
    correct(project, ("cas_usage", "v006", "theme", "dechets", "astrologie", "2026-02-01"))
    warehouse = build(project)
    assert states(warehouse) == [
        ("v006", "theme", "non appliquée", "la valeur nouvelle est refusée : « astrologie » inconnu", "dechets")
    ]
    assert warehouse.rows("select cle, colonne from curated.rejets") == [("v006", "theme")]
