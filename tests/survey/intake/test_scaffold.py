"""Drafts of codebooks from invented structures, and the command."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from observatoire.errors import DeliveryRefused, UsageError
from observatoire.settings import Settings
from observatoire.survey.intake.lss import FormQuestion, Part, column_names, read_form
from observatoire.survey.intake.scaffold import draft, scaffold
from tests.survey.intake.test_survey_exports import FORM
from tests.test_cli import run


@pytest.fixture
def structure(tmp_path: Path) -> Path:
    path = tmp_path / "form.lss"
    path.write_text(FORM, encoding="utf-8")
    return path


def test_free_text_and_addresses_are_dropped_and_the_siren_is_the_key(structure: Path) -> None:
    drafted = yaml.safe_load(scaffold(read_form(structure)))
    assert [question["code"] for question in drafted["questions"]] == ["IA", "OU", "QUI", "EUR", "JOUR"]
    assert [item["code"] for item in drafted["dropped"]] == ["LIBRE", "MAIL"]
    assert drafted["siren"] == "SIREN"


@pytest.mark.parametrize(
    ("relevance", "shown_if"),
    [
        ("1", None),
        ("", None),
        ('((IA.NAOK == "Y"))', [{"question": "IA", "values": ["Y"]}]),
        ("OU_SQ1.NAOK == 'Y'", [{"question": "OU", "parts": ["SQ1"]}]),
        ("IA == 'Y' and OU_SQ1 == 'Y'", [{"question": "IA", "values": ["Y"]}, {"question": "OU", "parts": ["SQ1"]}]),
        ('IA.NAOK == "Y" or QUI == "A1"', "inconnu"),
        ("EUR.NAOK > 100", "inconnu"),
        ("LIBRE.NAOK == 'oui'", "inconnu"),
        ("!is_empty(IA.NAOK)", "inconnu"),
    ],
)
def test_a_filter_is_drafted_when_it_can_be_said(structure: Path, relevance: str, shown_if: object) -> None:
    escaped = relevance.replace("&", "&amp;").replace("<", "&lt;")
    asked = "<title><![CDATA[JOUR]]></title>"
    structure.write_text(FORM.replace(asked, f"{asked}<relevance>{escaped}</relevance>"), encoding="utf-8")
    drafted = yaml.safe_load(scaffold(read_form(structure)))
    assert drafted["questions"][-1].get("shown_if") == shown_if


def test_a_name_that_two_columns_could_bear_is_left_out(structure: Path) -> None:
    """271828X2X111 is question 111, or place 1 of question 11 (ranking)."""
    form = read_form(structure)
    ranking = FormQuestion("11", "1", "RANG", "", "", "R", False, "1", (), ((0, "A1", ""), (0, "A2", "")), 2)
    simple = FormQuestion("111", "1", "SEULE", "", "", "S", False, "1", (), (), 0)
    names = column_names(type(form)(form.sid, "", "", "fr", (ranking, simple)))
    assert "9X1X111" not in names and names["9X1X112"] == "RANG[2]" and names["Q111"] == "SEULE"


def test_scales_and_grids_have_the_names_of_limesurvey_7(structure: Path) -> None:
    form = read_form(structure)
    rows, columns = (Part("20", "SQ1", "", 0),), (Part("30", "Y25", "", 1),)
    double = FormQuestion("4", "1", "D", "", "", "1", False, "1", rows, (), 0)
    grid = FormQuestion("5", "1", "G", "", "", ":", False, "1", rows + columns, (), 0)
    names = column_names(type(form)(form.sid, "", "", "fr", (double, grid)))
    assert names["Q4_S20#1"] == "D[SQ1][2]" and names["Q5_S20_S30"] == "G[SQ1_Y25]"


def test_the_command_never_overwrites(project: Settings, structure: Path) -> None:
    shown = run(project, "survey", "scaffold", str(structure))
    assert shown.returncode == 0 and "À COMPLÉTER" in shown.stdout
    written = run(project, "survey", "scaffold", str(structure), "--nom", "nouvelle")
    assert "nouvelle.yml" in written.stdout
    again = run(project, "survey", "scaffold", str(structure), "--nom", "nouvelle")
    assert again.returncode == 2 and "n'est pas écrasé" in again.stderr
    assert run(project, "survey", "scaffold", str(structure), "--nom", "../x").returncode == 2
    refused = run(project, "survey", "import", "nouvelle", str(structure))
    assert refused.returncode == 1 and "« À COMPLÉTER » est encore à remplacer" in refused.stderr


@pytest.mark.parametrize(
    "content",
    ["", "<a>", "<a/>", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><document>&a;</document>", "PK\x03\x04"],
)
def test_what_is_no_structure_is_refused(project: Settings, tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.lss"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DeliveryRefused):
        draft(project, path, None)
    with pytest.raises(UsageError, match="introuvable"):
        draft(project, tmp_path / "rien.lss", None)
