"""Lists handed over as files: mapped, judged by the register's own rules, proposed and never written into it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from observatoire import pipeline
from observatoire.cli_output import proposed
from observatoire.errors import SpecError, UsageError
from observatoire.review.cases import add_cases, read_cases
from observatoire.review.proposals import Proposals, register_columns
from observatoire.settings import Settings
from observatoire.sources.imports import load_import, load_imports
from observatoire.standing import source_rows
from tests.conftest import ROOT
from tests.helpers import read_csv

HEADER = [
    "Territoire",
    "Type",
    "Région",
    "Titre",
    "Domaine",
    "Environnement",
    "Technique",
    "Avancement",
    "Année",
    "Lien",
]
GOOD = [
    "Ville d'Exempleville", "Ville", "Ain", "Repérage des fuites", " Eau et assainissement ", "Oui", "Prédictif",
    "En service", "2024", "https://exemple.fr/fuites",
]  # fmt: skip
REGISTER = ROOT / "data" / "register"


def written(path: Path, *rows: list[str], delimiter: str = ";") -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle, delimiter=delimiter).writerows([HEADER, *rows])
    return path


def changed(**cells: str) -> list[str]:
    names = {
        "territoire": 0,
        "type": 1,
        "titre": 3,
        "domaine": 4,
        "environnement": 5,
        "statut": 7,
        "annee": 8,
        "lien": 9,
    }
    row = list(GOOD)
    for name, value in cells.items():
        row[names[name]] = value
    return row


def taken(settings: Settings, file: Path) -> Proposals:
    results, proposals = pipeline.take_list(settings, "bibliotheque_ia", file)
    assert not results[0].degraded, results[0].message
    assert proposals is not None
    return proposals


def test_a_good_row_becomes_a_proposal_in_the_words_of_the_register(project: Settings, tmp_path: Path) -> None:
    before = (project.register / "cas_usage.csv").read_bytes()
    proposals = taken(project, written(tmp_path / "liste.csv", GOOD))
    assert (proposals.proposed, proposals.known, proposals.set_aside) == (1, 0, ())
    assert proposals.file is not None
    [row] = read_csv(proposals.file)
    assert list(row) == register_columns(project.register)
    assert {name: value for name, value in row.items() if value} == {
        "id": "v159", "collectivite": "Ville d'Exempleville", "type_collectivite": "commune",
        "departement_ou_region": "Ain", "titre": "Repérage des fuites", "theme": "eau",
        "finalite_environnementale": "true", "technique": "predictif", "statut": "deploye", "annee": "2024",
        "nature": "usage", "ia_explicite": "true", "source_url": "https://exemple.fr/fuites",
        "source_titre": "Les Interconnectés - Bibliothèque d'IA territoriales", "confiance": "moyenne",
    }  # fmt: skip
    assert (project.register / "cas_usage.csv").read_bytes() == before


def test_what_the_rules_of_the_register_refuse_is_set_aside_with_its_reason(project: Settings, tmp_path: Path) -> None:
    rows = [
        GOOD, changed(titre="Autre", domaine="Astrologie"), changed(titre="Encore", lien="exemple.fr"),
        changed(titre="", annee="2024"), changed(titre="Fin", annee="bientôt", statut="peut-être"),
    ]  # fmt: skip
    proposals = taken(project, written(tmp_path / "liste.csv", *rows))
    assert proposals.proposed == 1
    assert [(item.ligne, item.colonne, item.motif) for item in proposals.set_aside] == [
        (3, "Domaine", "« Astrologie » inconnu"),
        (4, "Lien", "« exemple.fr » n'est pas une adresse web"),
        (5, "Titre", "vide"),
        (6, "Année", "« bientôt » n'est pas une année"),
        (6, "Avancement", "« peut-être » inconnu"),
    ]


def test_labels_and_codes_of_the_closed_lists_are_both_read(project: Settings, tmp_path: Path) -> None:
    rows = [
        changed(titre="Libellés", type="Commune", domaine="ENERGIE ET ECLAIRAGE", statut="En service"),
        changed(titre="Codes", type="departement", domaine="air_climat", statut="termine", environnement="false"),
        changed(titre="Autres mots", type="Métropole", domaine="Santé", environnement="Non"),
        changed(titre="Doute", environnement="peut-être"),
    ]
    proposals = taken(project, written(tmp_path / "liste.csv", *rows))
    assert proposals.file is not None
    names = ("type_collectivite", "theme", "statut", "finalite_environnementale")
    assert [tuple(row[name] for name in names) for row in read_csv(proposals.file)] == [
        ("commune", "energie", "deploye", "true"),
        ("departement", "air_climat", "termine", "false"),
        ("metropole", "social_sante", "deploye", "false"),
    ]
    assert [(item.ligne, item.colonne, item.motif) for item in proposals.set_aside] == [
        (5, "Environnement", "« peut-être » n'est ni true (oui) ni false (non)")
    ]


def test_the_row_told_is_that_of_the_spreadsheet_even_below_an_empty_row(project: Settings, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "liste.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADER, [], GOOD, changed(titre="Autre", domaine="Astrologie")]):
            sheet.write_row(number, 1, row)
    assert [(item.ligne, item.colonne) for item in taken(project, tmp_path / "liste.xlsx").set_aside] == [
        (4, "Domaine")
    ]


def test_the_command_says_how_to_put_the_proposals_into_the_register(
    project: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, proposals = pipeline.take_list(project, "bibliotheque_ia", written(tmp_path / "liste.csv", GOOD))
    proposed(results, proposals, False)
    shown = capsys.readouterr().out
    assert proposals and f"observatoire register add --fichier {proposals.file} --auteur" in shown
    assert "copier" not in shown and "observatoire refresh" not in shown
    assert proposals.file and add_cases(project, read_cases(proposals.file), "C. Exemple", "Liste").ids == ["v159"]


def test_a_case_the_register_holds_is_not_proposed_again(project: Settings, tmp_path: Path) -> None:
    held = read_csv(project.register / "cas_usage.csv")[0]
    row = changed(territoire=held["collectivite"].upper(), type="epci", lien=held["source_url"] + "/")
    proposals = taken(project, written(tmp_path / "liste.csv", row, GOOD))
    assert (proposals.proposed, proposals.known) == (1, 1)
    assert [(item.ligne, item.motif) for item in proposals.set_aside] == [(2, "déjà au registre (v001)")]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_both_separators_and_a_workbook_give_the_same_rows(project: Settings, tmp_path: Path, delimiter: str) -> None:
    text = taken(project, written(tmp_path / "liste.csv", GOOD, delimiter=delimiter))
    with xlsxwriter.Workbook(tmp_path / "liste.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADER, GOOD]):
            sheet.write_row(number, 0, [int(cell) if cell == "2024" else cell for cell in row])
    workbook = taken(project, tmp_path / "liste.xlsx")
    assert text.file and workbook.file and text.file != workbook.file
    assert text.file.read_bytes() == workbook.file.read_bytes()


def test_the_same_file_again_gives_the_same_proposals_and_a_changed_one_is_kept(
    project: Settings, tmp_path: Path
) -> None:
    file = written(tmp_path / "liste.csv", GOOD)
    first = taken(project, file)
    assert first.file is not None
    assert taken(project, file) == first
    first.file.write_text(first.file.read_text().replace("Repérage", "Recherche"))
    with pytest.raises(UsageError, match="n'est pas remplacé"):
        taken(project, file)
    assert "Recherche" in first.file.read_text()


def test_a_list_that_lost_a_column_is_refused_in_one_line(project: Settings, tmp_path: Path) -> None:
    file = tmp_path / "liste.csv"
    file.write_text("Territoire;Titre\nX;Y\n", encoding="utf-8")
    results, proposals = pipeline.take_list(project, "bibliotheque_ia", file)
    assert proposals is None and results[0].degraded
    assert results[0].message and "colonne « Type » absente" in results[0].message


def test_an_older_list_replaces_nothing_and_is_proposed(project: Settings, tmp_path: Path) -> None:
    recent = written(tmp_path / "recente.csv", GOOD)
    pipeline.take_list(project, "bibliotheque_ia", recent, date="2026-03-04")
    older = written(tmp_path / "ancienne.csv", GOOD, GOOD)
    results, proposals = pipeline.take_list(project, "bibliotheque_ia", older, date="2025-01-01")
    assert results[0].outcome == "nouvelle" and proposals


def test_a_list_without_a_file_says_what_to_do(project: Settings) -> None:
    with pytest.raises(UsageError, match="--file CHEMIN"):
        pipeline.take_list(project, "bibliotheque_ia", None)
    with pytest.raises(UsageError, match="introuvable"):
        pipeline.take_list(project, "bibliotheque_ia", Path("/nulle/part.csv"))


def test_every_shipped_list_is_valid_and_shown_as_never_verified(project: Settings) -> None:
    lists = load_imports(REGISTER, register_columns(REGISTER))
    assert {"bibliotheque_ia", "laureats_france2030", "partenaire"} <= lists.keys()
    shown = {row["source"]: row for row in source_rows(project)}
    for name, item in lists.items():
        assert shown[name]["protocole"] == "fichier remis" and shown[name]["verified"] is False
        assert shown[name]["republiee"] == item.source.republished == (item.source.licence != "non indiquée")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"register": {"theme": None}}, "invalide"),
        ({"register.theme": {"column": "Absente"}}, "« Absente » n'est pas parmi columns"),
        ({"register.inconnue": {"constant": "x"}}, "« inconnue » n'est pas une colonne du registre"),
        ({"register.id": {"constant": "v1"}}, "« id » n'est pas une colonne du registre"),
        ({"register.description": {"column": "Titre"}}, "ne peut pas être recopié"),
        ({"register.titre": {"column": "Titre", "constant": "x"}}, "one of `column`, `columns` and `constant`"),
        ({"register.titre": None}, "colonnes du registre sans correspondance : titre"),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(tmp_path: Path, change: dict[str, object], said: str) -> None:
    content = yaml.safe_load((REGISTER / "imports" / "bibliotheque_ia.yml").read_text(encoding="utf-8"))
    for place, value in change.items():
        inner = content
        *parents, last = place.split(".")
        for name in parents:
            inner = inner[name]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    path = tmp_path / "essai.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SpecError, match="Import essai") as caught:
        load_import(path, register_columns(REGISTER))
    assert said in str(caught.value) and "\n" not in str(caught.value)
