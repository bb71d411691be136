"""`observatoire evaluate`: a file of another kind, or an unknown draw, is one French line; a long measure tells its steps."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from observatoire.errors import UsageError
from observatoire.judgement.merges import COMPARED, measure_merges
from observatoire.pipeline import Report
from observatoire.settings import Settings
from tests.conftest import ROOT
from tests.test_cli import run

HEADERS = {
    "fonds-vert.csv": (";", ["code_departement", "code_commune", "nom_commune", "axe", "numero_demarche_ds",
                             "nom_demarche_ds", "numero_dossier_ds", "nom_du_projet", "nom_beneficiaire_principal",
                             "siren", "montant_engage"]),
    "pstw.csv": (",", ["PSTW ID", "Name", "Website", "Description", "Geographical coverage (country)",
                       "Responsible organisation", "Responsible organisation category", "Status", "Primary Technology"]),
    "notes.csv": (";", ["projet", "remarque"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that may be given to a measure, right and wrong."""
    folder = tmp_path_factory.mktemp("fichiers")
    for name, (delimiter, header) in HEADERS.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, delimiter=delimiter).writerows([header, ["1"] * len(header)])
    (folder / "vide.csv").touch()
    (folder / "sans-ligne.csv").write_text(";".join(HEADERS["fonds-vert.csv"][1]) + "\n", encoding="utf-8")
    for name, header in (("autre.xlsx", ["projet", "remarque"]), ("pstw.xlsx", HEADERS["pstw.csv"][1])):
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.append(header)
        book.active.append(["1"] * len(header))
        book.save(folder / name)
    return folder


@pytest.mark.parametrize(
    ("measure", "option", "name", "said"),
    [
        ("detection", "--fonds-vert", "pstw.csv", "séparateur « ; » attendu, « , » trouvé"),
        ("detection", "--fonds-vert", "notes.csv", "colonne « code_departement » absente"),
        ("detection", "--fonds-vert", "vide.csv", "fichier vide"),
        ("detection", "--fonds-vert", "sans-ligne.csv", "aucun enregistrement"),
        ("detection", "--fonds-vert", "autre.xlsx", "encodage UTF-8 attendu"),
        ("detection", "--fonds-vert", "absent.csv", "ce fichier n'existe pas"),
        ("themes", "--fonds-vert", "", "c'est un dossier, un fichier est attendu"),
        ("themes", "--pstw", "autre.xlsx", "colonne « PSTW ID » absente"),
        ("themes", "--pstw", "fonds-vert.csv", "séparateur « , » attendu, « ; » trouvé"),
    ],
)
def test_a_file_of_another_kind_is_one_line(
    project: Settings, given: Path, measure: str, option: str, name: str, said: str
) -> None:
    path = given / name
    done = run(replace(project, project=ROOT), "evaluate", measure, option, str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Erreur : {option} {path} : {said}") and done.stderr.count("\n") == 1
    assert done.stderr.rstrip().endswith("telle que reçue.")


@pytest.mark.parametrize("name", ["pstw.csv", "pstw.xlsx"])
def test_a_delivery_is_read_in_each_format_its_source_declares(project: Settings, given: Path, name: str) -> None:
    done = run(replace(project, project=ROOT), "evaluate", "themes", "--pstw", str(given / name))
    assert done.returncode == 0, done.stderr
    assert "textes" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (("detection",), "jugements.csv (tirages : 1, 2)"),
        (("themes",), "jugements.csv (tirages : 1, 2)"),
        (("merges",), "fusions.csv (tirages : 1, 2, 3)"),
        (("merges", "--moitie", "test"), "fusions.csv (tirages : 1, 2)"),
    ],
)
def test_an_unknown_draw_is_refused_with_those_that_exist(
    released: tuple[Settings, Report], arguments: tuple[str, ...], known: str
) -> None:
    done = run(replace(released[0], project=ROOT), "evaluate", *arguments, "--vague", "9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Erreur : --vague 9 : tirage inconnu") and known in done.stderr


def test_measuring_merges_tells_its_steps(released: tuple[Settings, Report]) -> None:
    told: list[tuple[str, int, int]] = []
    measure_merges(replace(released[0], project=ROOT), "test", 1, lambda *step: told.append(step))
    total = 2 + len(COMPARED)
    assert [done for _, done, _ in told] == list(range(total)) and {step[2] for step in told} == {total}
    with pytest.raises(UsageError, match="tirages : 1, 2"):
        measure_merges(replace(released[0], project=ROOT), "test", 3)
