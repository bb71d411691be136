"""The files of survey figures as the warehouse reads them: what is wrong is set aside with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from observatoire.settings import Settings
from observatoire.survey.production import compare, edition
from observatoire.survey.production.questions import question_rows
from tests.conftest import ROOT
from tests.helpers import Warehouse, ingest_register, read_csv, write_csv

FIGURE = {
    "enquete": "barometre", "edition": "2026", "indicateur": "ENQ-ADO", "comparabilite": "ENQ-ADO-1", "libelle": "Usage",
    "definition": "Part", "base": "Autorités", "ventilation": "", "modalite": "", "valeur": "36.5", "unite": "%",
    "ic_bas": "30", "ic_haut": "42", "niveau_confiance": "95", "methode": "logit", "n": "200", "numerateur": "",
    "deff": "1.2", "plan": "probabilite", "absence": "", "motif": "", "terrain_debut": "2026-01-01",
    "terrain_fin": "2026-02-01", "millesime": "2025-01-01", "fictif": "non",
}  # fmt: skip
CHANGE = {
    "enquete": "barometre", "edition_avant": "2026", "edition_apres": "2027", "indicateur": "ENQ-ADO",
    "comparabilite": "ENQ-ADO-1", "libelle": "Usage", "base_avant": "Autorités", "base_apres": "Autorités",
    "ventilation": "", "modalite": "", "valeur_avant": "36.5", "valeur_apres": "40", "evolution": "3.5", "unite": "%",
    "ic_bas": "-1", "ic_haut": "8", "niveau_confiance": "95", "n_avant": "200", "n_apres": "210", "n_communes": "150",
    "plan": "probabilite", "statut": "calculee", "motif": "", "fictif": "non",
}  # fmt: skip
WRONG_FIGURES: list[tuple[dict[str, str], str]] = [
    ({"valeur": "beaucoup"}, "valeur"),
    ({"valeur": ""}, "absence"),
    ({"absence": "secret"}, "absence"),
    ({"absence": "oubli"}, "absence"),
    ({"ic_bas": "40"}, "ic_bas"),
    ({"ic_haut": ""}, "ic_bas"),
    ({"plan": "auto_selection"}, "ic_bas"),
    ({"plan": "hasard"}, "plan"),
    ({"numerateur": "300"}, "numerateur"),
    ({"n": "deux"}, "n"),
    ({"base": ""}, "base"),
    ({"ventilation": "strate"}, "modalite"),
    ({"terrain_fin": "février"}, "terrain_fin"),
    ({"fictif": ""}, "fictif"),
]
WRONG_CHANGES: list[tuple[dict[str, str], str]] = [
    ({"statut": "refusee", "motif": "base"}, "evolution"),
    ({"statut": "secret", "evolution": "", "ic_bas": "", "ic_haut": ""}, "motif"),
    ({"evolution": ""}, "evolution"),
    ({"plan": "auto_selection"}, "ic_bas"),
    ({"statut": "peut-être"}, "statut"),
]


@pytest.fixture(scope="module")
def rejected(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], list[str]]:
    """Reasons by source and line, of one good row then one row by fault (the last line repeats the first)."""
    from tests.conftest import copy_project

    settings: Settings = copy_project(tmp_path_factory.mktemp("enquetes"))
    files: dict[str, tuple[dict[str, str], list[tuple[dict[str, str], str]], Any]] = {
        "enquetes_chiffres": (FIGURE, WRONG_FIGURES, edition.COLUMNS),
        "enquetes_evolutions": (CHANGE, WRONG_CHANGES, compare.COLUMNS),
    }
    for name, (good, faults, columns) in files.items():
        changed = [{**good, "indicateur": f"ENQ-X{i}", **fault} for i, (fault, _) in enumerate(faults)]
        write_csv(settings.register / f"{name}.csv", [good, *changed, good], columns)
    ingest_register(settings, *files, "corrections")
    warehouse = Warehouse(settings)
    warehouse.build(*(f"staging.{name}" for name in files))
    found = {}
    for name in files:
        for line, reasons in warehouse.rows(f"select _ligne, _motifs from staging._{name}"):
            found[name, line] = [reason.split(" : ")[0] for reason in reasons]
    return found


@pytest.mark.parametrize(
    ("source", "faults"), [("enquetes_chiffres", WRONG_FIGURES), ("enquetes_evolutions", WRONG_CHANGES)]
)
def test_each_fault_sets_its_row_aside_with_its_column(
    rejected: dict[tuple[str, int], list[str]], source: str, faults: list[tuple[dict[str, str], str]]
) -> None:
    assert rejected[source, 1] == []
    for line, (fault, column) in enumerate(faults, 2):
        assert column in rejected[source, line], fault
    assert rejected[source, len(faults) + 2] == ["indicateur"]


def test_the_columns_written_are_those_that_are_read() -> None:
    from observatoire.sources.spec import load_source

    folder = ROOT / "observatoire" / "sources"
    assert tuple(load_source(folder / "enquetes_chiffres.yml").column_names) == edition.COLUMNS
    assert tuple(load_source(folder / "enquetes_evolutions.yml").column_names) == compare.COLUMNS


def test_every_definition_attached_to_a_figure_of_others_finds_it() -> None:
    published = {
        (r["edition"], r["indicateur"], r["population"]) for r in read_csv(ROOT / "data/register/chiffres_publies.csv")
    }
    attached = [
        (r["edition"], r["indicateur"], r["population"]) for r in read_csv(ROOT / "data/register/chiffres_codes.csv")
    ]
    assert len(attached) == len(set(attached)) >= 16 and set(attached) <= published


def test_questions_are_rows_without_answers(project: Settings) -> None:
    rows = {row[3]: row for row in question_rows(project.register) if row[0] == "exemple"}
    assert len(rows) == 8 and rows["IA02"][9][0] == "SQ001 = Administration interne"
    assert rows["IA02"][11] == "IA01 parmi Y" and rows["IA01"][12] == ["ENQ-ADO", "ENQ-GENU"]
    assert all(row[-1] is True for row in rows.values())
