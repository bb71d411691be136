"""Files of other form tools, by the mapping of the codebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from observatoire.errors import DeliveryRefused, UsageError
from observatoire.settings import Settings
from observatoire.survey.intake.importing import import_file
from tests.conftest import ROOT
from tests.survey.intake.surveys import KEY, clear_text, rows, states, take, write_codebook

MAPPING: dict[str, Any] = {
    "delimiter": ";",
    "siren": "SIREN",
    "token": "Lien",
    "date": "Horodateur",
    "date_format": "%d/%m/%Y %H:%M",
    "complete": {"question": "Brouillon", "values": ["non"]},
    "columns": {"IA": "Une IA ?", "OU": {"column": "Où ?", "split": ", "}, "QUI": "Qui ?", "EUR": "Combien ?"},
}
HEADS = "Horodateur;Lien;SIREN;Brouillon;Une IA ?;Où ?;Qui ?;Combien ?;Un mot ?"
LINES = (
    "03/01/2026 10:05;a;210000001;Non;Oui;Eau, Air, bruit;Élus;1 200,5;Signé Zoé",
    "04/01/2026 10:05;b;210000002;Non;Non;;Agents;;",
    "05/01/2026 10:05;c;210000003;Oui;Oui;Air, bruit, La vigne de Zoé;;;",
)


@pytest.fixture
def form(office: Settings) -> Settings:
    write_codebook(office, mappings={"formulaire": MAPPING})
    return office


def as_file(*lines: str, heads: str = HEADS) -> bytes:
    return "\n".join([heads, *lines, ""]).encode()


def test_any_csv_with_a_mapping(form: Settings) -> None:
    done = take(form, as_file(*LINES), mapping="formulaire")
    assert (done.received, done.complete, done.kept, done.rows) == (3, 2, 3, 18)
    assert states(form, "210000001") == {
        "IA": ("Y", "repondu"), "OU[SQ1]": ("Y", "repondu"), "OU[SQ2]": ("Y", "repondu"), "OU[other]": (None, "inconnu"),
        "QUI": ("A2", "repondu"), "EUR": ("1200.5", "repondu"),
    }  # fmt: skip
    third = states(form, "210000003")
    assert third["OU[SQ1]"] == (None, "inconnu")
    assert third["OU[SQ2]"] == third["OU[other]"] == ("Y", "repondu")
    assert {row["date_reponse"].isoformat() for row in rows(form)} == {"2026-01-03", "2026-01-04", "2026-01-05"}
    assert "1 réponses du livre de codes absentes de cette livraison : JOUR" in done.losses
    assert clear_text(form.data, "Zoé", "10:05", "vigne") == []


def test_a_label_that_nothing_knows_makes_the_cell_unknown(form: Settings) -> None:
    from tests.survey.intake.surveys import CODEBOOK

    closed = [{**item, "other": False} if item["code"] == "OU" else item for item in CODEBOOK["questions"]]
    write_codebook(form, mappings={"formulaire": MAPPING}, questions=closed)
    take(form, as_file(LINES[2]), mapping="formulaire")
    assert states(form, "210000003")["OU[SQ2]"] == (None, "inconnu")


def test_a_workbook_of_another_tool(form: Settings, tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "x.xlsx")
    sheet = book.add_worksheet("Réponses")
    for number, line in enumerate([HEADS, *LINES]):
        sheet.write_row(number, 0, line.split(";"))
    book.close()
    expected = take(form, as_file(*LINES), mapping="formulaire").delivery
    assert take(form, (tmp_path / "x.xlsx").read_bytes(), "y.xlsx", mapping="formulaire").delivery == expected


def test_what_a_mapping_misses_is_said(form: Settings) -> None:
    with pytest.raises(DeliveryRefused, match="Colonne « Combien \\? » absente du fichier"):
        take(form, as_file(heads=HEADS.replace("Combien ?", "Montant")), mapping="formulaire")
    with pytest.raises(UsageError, match="connues : formulaire"):
        take(form, as_file(), mapping="autre")
    with pytest.raises(DeliveryRefused, match="« email »"):
        take(form, as_file(*[f"{line};z@v.fr" for line in LINES], heads=f"{HEADS};Email"), mapping="formulaire")


def test_the_example_reads_an_export_of_framaforms(tmp_path: Path) -> None:
    settings = Settings(project=ROOT, data=tmp_path / "data", register=ROOT / "data" / "register")
    file = tmp_path / "f.csv"
    file.write_text(
        "Numéro;Envoyé le;SIREN de la collectivité;Type de collectivité;Au moins un système d'IA ?;Domaines;IA générative ?;"
        "Charte ?;Dépenses 2025\n"
        "1;02/03/2026 09:00;210000001;Commune;Oui;Eau et déchets, Énergie et bâtiments;Oui, en service ou en test;Non;5000\n",
        encoding="utf-8",
    )
    done = import_file(settings, "exemple", file, mapping="framaforms", key=KEY)
    assert done.fictitious and done.kept == 1 and done.unreadable == {}
    assert clear_text(settings.data, "A1") and clear_text(settings.data, "09:00") == []
