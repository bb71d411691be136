"""Codebooks: the one of the project, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from observatoire.errors import SpecError, UsageError
from observatoire.figures.definitions import load_definitions
from observatoire.settings import Settings
from observatoire.survey.intake.codebook_file import load_codebook, load_codebooks
from tests.conftest import ROOT
from tests.survey.intake.surveys import CODEBOOK, write_codebook

REGISTER = ROOT / "data" / "register"


def test_the_example_is_marked_as_invented_and_its_indicators_are_defined() -> None:
    codebook = load_codebook(REGISTER, "exemple")
    assert codebook.fictitious
    assert codebook.title.startswith("DONNÉES FICTIVES") and codebook.description.startswith("DONNÉES FICTIVES")
    assert len(codebook.questions) == 8
    assert sum(stratum.population for stratum in codebook.strata) == 1392


def test_every_codebook_of_the_register_names_defined_indicators() -> None:
    known = {definition.code for definition in load_definitions(REGISTER) if definition.measure == "enquete"}
    for codebook in load_codebooks(REGISTER):
        assert {indicator.code for indicator in codebook.indicators} <= known, codebook.name


def question(**changes: Any) -> dict[str, Any]:
    return {"questions": [{**CODEBOOK["questions"][0], **changes}]}


def indicator(**changes: Any) -> dict[str, Any]:
    base = {"code": "ENQ-X", "counted": [{"question": "IA", "values": ["Y"]}], "non_response": "exclue"}
    return {"indicators": [{**base, **changes}]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plan": "sondage"}, "plan : « sondage » n'est pas parmi probabilite, auto_selection, recensement"),
        ({"plan": "probabilite"}, "a besoin de `strata`"),
        ({"inventee": 1}, "inventee : option inconnue"),
        ({"field": {"start": "2026-02-01", "end": "2026-01-01"}}, "le terrain finit avant de commencer"),
        ({"siren": "IA"}, "le SIREN est la clé"),
        ({"fictitious": True}, "commence son titre et sa description par « DONNÉES FICTIVES »"),
        (question(type="texte"), "questions.0.type : « texte » n'est pas parmi oui_non"),
        (question(code="IA 1"), "questions.0.code : la forme n'est pas celle attendue"),
        (question(type="choix_unique"), "`choices` va avec"),
        (question(type="grille", choices={"A": "a"}), "a besoin de `parts`"),
        (question(shown_if=[{"question": "AUTRE", "values": ["Y"]}]), "« AUTRE » n'est pas dans `questions`"),
        ({"questions": CODEBOOK["questions"] * 2}, "questions : « EUR » est écrit deux fois"),
        (indicator(counted=[{"question": "IA", "values": ["Z"]}]), "« Z » n'est pas une réponse possible à IA"),
        (indicator(counted=[{"question": "OU", "parts": ["SQ9"]}]), "« SQ9 » n'est pas une partie de OU"),
        (indicator(domains=[["EUR"]]), "« EUR » n'est ni type, ni strate"),
        (indicator(measure="moyenne", counted=[], value="IA"), "« IA » n'est pas une réponse en nombre"),
        (indicator(measure="moyenne", counted=[], value="EUR", non_response="au_denominateur"), "n'a pas de valeur"),
        ({"limesurvey": {"url": "http://ailleurs.fr/x", "survey": 1}}, "limesurvey.url : la forme"),
        ({"mappings": {"f": {"siren": "S", "columns": {"OU": "Où"}}}}, "« OU » n'est pas une réponse gardée"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_french_with_the_file(office: Settings, changes: dict[str, Any], said: str) -> None:
    write_codebook(office, **changes)
    with pytest.raises(SpecError) as caught:
        load_codebook(office.register, "essai")
    assert said in str(caught.value)
    assert str(caught.value).startswith("data/register/enquetes/essai.yml, ligne ")
    assert "\n" not in str(caught.value)


def test_the_line_is_that_of_the_fault(office: Settings) -> None:
    path = write_codebook(office)
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "type: choix_multiple" in line)
    path.write_text(path.read_text(encoding="utf-8").replace("type: choix_multiple", "type: cases"), encoding="utf-8")
    with pytest.raises(SpecError, match=f"essai.yml, ligne {at} : questions.1.type"):
        load_codebook(office.register, "essai")


def test_the_line_of_a_fault_between_two_blocks_is_where_it_is_written(office: Settings) -> None:
    path = write_codebook(office, **indicator(counted=[{"question": "NULLE", "values": ["Y"]}]))
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "NULLE" in line)
    with pytest.raises(SpecError, match=f"essai.yml, ligne {at} : ENQ-X, counted : la question « NULLE »"):
        load_codebook(office.register, "essai")


def test_a_key_written_twice_and_a_broken_file_are_said(office: Settings) -> None:
    path = write_codebook(office)
    good = path.read_text(encoding="utf-8")
    path.write_text(good + "plan: recensement\n", encoding="utf-8")
    with pytest.raises(SpecError, match="« plan » est écrit deux fois"):
        load_codebook(office.register, "essai")
    path.write_text("title: [", encoding="utf-8")
    with pytest.raises(SpecError, match="YAML illisible"):
        load_codebook(office.register, "essai")
    path.write_bytes("title: é".encode("cp1252"))
    with pytest.raises(SpecError, match="UTF-8"):
        load_codebook(office.register, "essai")


def test_an_edition_may_have_its_own_file(office: Settings) -> None:
    write_codebook(office, "essai-2027", edition="2027", title="Suivante")
    assert load_codebook(office.register, "essai", "2027").title == "Suivante"
    assert load_codebook(office.register, "essai", "2027").name == "essai"
    assert load_codebook(office.register, "essai").edition == "2026"
    with pytest.raises(UsageError, match="décrit l'édition 2026"):
        load_codebook(office.register, "essai", "2028")
    with pytest.raises(UsageError, match="connus : essai, essai-2027"):
        load_codebook(office.register, "rien")


def test_numbers_of_yaml_are_codes(tmp_path: Path) -> None:
    settings = Settings(project=tmp_path, data=tmp_path, register=tmp_path)
    path = write_codebook(settings, **question(type="choix_unique", choices={1: 1, 2: 2}), edition=2026)
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["edition"] == 2026
    assert load_codebook(tmp_path, "essai").by_code["IA"].codes == {"1": "1", "2": "2"}
