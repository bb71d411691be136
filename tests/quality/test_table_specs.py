"""Specifications of tables: what is wrong is refused by file and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from observatoire.errors import SpecError
from observatoire.quality.spec import load_table_spec, load_table_specs
from observatoire.settings import Settings
from tests.conftest import ROOT

TABLES = sorted((ROOT / "sql" / "curated").glob("*.yml"))


def usages() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "sql" / "curated" / "usages.yml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_each_table_is_described_in_two_languages(path: Path) -> None:
    spec = load_table_spec(path)
    assert spec.table == path.stem
    for text in (spec.fr, spec.en, *(text for column in spec.columns for text in (column.fr, column.en))):
        assert len(text) > 3 and "\n" not in text.strip()
    missing = [column.name for column in spec.columns if not column.nullable and spec.example.get(column.name) is None]
    assert missing == [], "the example row has every compulsory column"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colour": 1}, "colour"),
        ({"prefix": "usg"}, "prefix"),
        ({"unique_key": []}, "unique_key"),
        ({"unique_key": ["absente"]}, "absente"),
        ({"example": {"absente": 1}}, "absente"),
        ({"columns": [{"name": "a", "type": "TEXT", "fr": "x", "en": "x"}]}, "columns.0.type"),
        ({"columns": [{"name": "A b", "type": "VARCHAR", "fr": "x", "en": "x"}]}, "columns.0.name"),
        ({"columns": [{"name": "a", "type": "VARCHAR", "values": ["x"], "fr": "x", "en": "x"}]}, "vocabulary"),
        ({"checks": [{"code": "AUT-01", "rule": "true", "reason": "r.", "next_step": "s.", "invalid_example": {"siren": "1"}}]}, "AUT-01"),
        ({"checks": [{"code": "USG-01", "rule": "true", "reason": "r.", "next_step": "s.", "invalid_example": {"siren": "1"}}]}, "USG-01"),
        ({"checks": [{"code": "USG-99", "rule": "true", "reason": "r.", "next_step": "s."}]}, "invalid_example"),
        ({"table": "autre"}, "table"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_specification_is_refused_by_name(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    path = tmp_path / "usages.yml"
    path.write_text(yaml.safe_dump(usages() | change, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        load_table_spec(path)
    assert "usages.yml" in str(refused.value) and named in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[a", "- a", b"fr: caf\xe9"], ids=repr)
def test_a_file_that_is_no_specification_is_refused(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SpecError, match=r"x\.yml"):
        load_table_spec(path)


def test_a_select_and_its_specification_come_in_pairs(project: Settings) -> None:
    load_table_specs(project.sql)
    (project.sql / "curated" / "usages.yml").rename(project.sql / "curated" / "usage.yml")
    with pytest.raises(SpecError, match=r"sql/curated/usage"):
        load_table_specs(project.sql)


def test_a_reference_to_nothing_is_refused(project: Settings) -> None:
    path = project.sql / "curated" / "territoires.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("to: [siren,", "to: [sirene,"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"territoires\.sirene"):
        load_table_specs(project.sql)
