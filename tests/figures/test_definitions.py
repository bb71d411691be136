"""The definitions of indicators: complete, and refused by code and field when wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from observatoire.errors import SpecError
from observatoire.figures.definitions import load_definitions, tables
from observatoire.release.documents import definitions_markdown
from observatoire.vocabularies import load_vocabularies
from tests.conftest import ROOT

REGISTER = ROOT / "data" / "register"


def test_every_indicator_of_the_register_is_defined(shared: Path) -> None:
    text = (shared / "design" / "indicators.md").read_text(encoding="utf-8")
    expected = set(re.findall(r"^\| ((?:REG|QUA|MAR|AID|ENQ)-[A-Z]+) \|", text, re.MULTILINE))
    found = {item.code: item for item in load_definitions(REGISTER)}
    assert len(expected) >= 10 and expected <= found.keys()
    assert {item.plan for code, item in found.items() if code.startswith(("REG", "QUA"))} == {"registre"}
    assert {item.plan for code, item in found.items() if code.startswith("ENQ")} == {"tirage"}
    assert len({item.comparability for item in found.values()}) == len(found)


def test_each_table_that_definitions_count_is_in_the_list_that_words_it() -> None:
    counted = {table.removeprefix("core.") for table in tables(load_definitions(REGISTER))}
    assert counted == set(load_vocabularies(REGISTER)["origine_ligne"])


def definition() -> dict[str, Any]:
    content = yaml.safe_load((REGISTER / "definitions.yml").read_text(encoding="utf-8"))
    return dict(content[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "reg-usa"}, "code"),
        ({"colour": 1}, "colour"),
        ({"measure": "somme"}, "measure"),
        ({"measure": "mediane"}, "value"),
        ({"value": "n"}, "value"),
        ({"plan": "sondage"}, "plan"),
        ({"fr": {"label": "x"}}, "fr.definition"),
        ({"excluded": {"couleur": ["bleu"]}}, "couleur"),
        ({"table": ""}, "`table` is needed"),
        ({"measure": "enquete", "plan": "tirage"}, "`table` does not go with a survey"),
    ],
    ids=str,
)
def test_a_wrong_definition_is_refused_by_field(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (tmp_path / "definitions.yml").write_text(yaml.safe_dump([definition() | change]), encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        load_definitions(tmp_path)
    assert "definitions.yml" in str(refused.value) and said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "a: 1", "[a", "- 3", b"- {fr: caf\xe9}"], ids=repr)
def test_a_file_that_holds_no_definitions_is_refused(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "definitions.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SpecError, match=r"definitions\.yml"):
        load_definitions(tmp_path)


def test_what_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    text = (REGISTER / "definitions.yml").read_text(encoding="utf-8")
    lines = text.split("\n")
    place = max(n for n, line in enumerate(lines) if line.startswith("  measure:"))
    lines[place] = "  measure: somme"
    (tmp_path / "definitions.yml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SpecError, match=rf"definitions\.yml, ligne {place + 1} \([A-Z]+-[A-Z]+\), invalide : measure"):
        load_definitions(tmp_path)
    lines[place] = "  measure: [somme"
    (tmp_path / "definitions.yml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SpecError, match=r"illisible à la ligne \d+"):
        load_definitions(tmp_path)


def test_a_missing_file_and_a_code_defined_twice_are_said(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="illisible"):
        load_definitions(tmp_path)
    (tmp_path / "definitions.yml").write_text(yaml.safe_dump([definition()] * 2), encoding="utf-8")
    with pytest.raises(SpecError, match="« REG-USA » est défini deux fois"):
        load_definitions(tmp_path)


def test_the_published_formula_is_that_of_the_measure() -> None:
    text = definitions_markdown(load_definitions(REGISTER))
    said = dict(re.findall(r"^## ([A-Z]+-[A-Z]+) .*?^((?:Lignes|Estimé) [^\n]+)$", text, re.MULTILINE | re.DOTALL))
    assert len(said) == len(load_definitions(REGISTER))
    top, bottom = said["REG-THE"].split("numérateur")
    assert "`theme`" in bottom and "confirme" not in bottom and "dénominateur les lignes où `confirme`" in top
    bottom, top = said["REG-COUV"].split("numérateur")
    assert "univers" in bottom and "confirme" not in bottom and "`siren` distincts" in top
    assert said["QUA-AGE"].endswith("médiane de `age_mois` parmi les lignes où `confirme and age_mois is not null`.")
    assert "dénominateur" not in said["REG-COL"] and "`siren` distincts" in said["REG-COL"]
    assert "au numérateur celles où `atteste`" in said["QUA-PRI"] and "rapporté à 100000" in said["MAR-NB"]
