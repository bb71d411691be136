"""Every source the project ships is valid, staged and dated; a wrong specification is refused by name."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from observatoire.errors import SpecError, UsageError
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.sources.spec import Format, Protocol, RegisterProtocol, Source, load_source, load_sources
from observatoire.vocabularies import load_vocabularies
from observatoire.warehouse.models import parse
from tests.conftest import ROOT

FOLDER = ROOT / "observatoire" / "sources"
FILES = sorted(FOLDER.glob("*.yml"))
LICENCES = re.compile(r"Licence Ouverte|Etalab|ODbL|CC[- ]BY|non indiquée", re.IGNORECASE)

VALID: dict[str, Any] = {
    "title": "t",
    "description": "d",
    "producer": "p",
    "licence": "Licence Ouverte 2.0",
    "attribution": "a",
    "protocol": {"name": "register", "file": "essai.csv"},
    "format": {"name": "csv", "delimiter": ";"},
    "key": ["code"],
    "cadence": "continue",
    "columns": ["code", "nom"],
}
HTTP = {"name": "http_file", "url": "https://a.fr/f.csv"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_source_is_valid_staged_and_dated(path: Path) -> None:
    source = load_source(path)
    assert source.id == path.stem
    assert LICENCES.search(source.licence), source.licence
    staging = ROOT / "sql" / "staging" / f"{source.id}.sql"
    assert staging.is_file(), f"{staging.name} is missing"
    tree = parse(staging.read_text(encoding="utf-8"), staging)
    assert tree.named_selects[-3:] == ["_livraison", "_ligne", "_motifs"]
    assert "*" not in tree.named_selects
    if isinstance(source.protocol, RegisterProtocol):
        assert (ROOT / "data" / "register" / source.protocol.file).is_file()
        with (ROOT / "data" / "register" / "historique.csv").open(encoding="utf-8") as handle:
            dated = {row["fichier"] for row in csv.DictReader(handle)}
        assert source.protocol.file in dated | {"historique.csv"}


def test_each_staging_file_has_its_source() -> None:
    staged = {path.stem for path in (ROOT / "sql" / "staging").glob("*.sql")}
    assert staged <= {path.stem for path in FILES}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colour": "blue"}, "colour"),
        ({"format": {"name": "csv", "delimiter": ";", "sheet": "a"}}, "format.csv.sheet"),
        ({"protocol": {"name": "register", "file": "a.csv", "url": "https://a.fr/f"}}, "protocol.register.url"),
        ({"format": {"name": "csv", "delimiter": ";;"}}, "format.csv.delimiter"),
        ({"format": {"name": "csv", "delimiter": ";", "skip_rows": "two"}}, "format.csv.skip_rows"),
        ({"format": {"name": "csv", "delimiter": ";", "encoding": "utf-16"}}, "format.csv.encoding"),
        ({"format": {"name": "csv", "delimiter": '"'}}, "delimiter"),
        ({"format": {"name": "xlsx", "header_row": 0}}, "format.xlsx.header_row"),
        ({"format": {"name": "fortran"}}, "format"),
        ({"protocol": {"name": "ftp"}}, "protocol"),
        ({"protocol": {"name": "http_file"}}, "vintages"),
        ({"protocol": {**HTTP, "vintages": {"2025": "https://a.fr/2025"}}}, "vintages"),
        ({"protocol": {**HTTP, "url": "ftp://a.fr/f"}}, "ftp://a.fr/f"),
        ({"protocol": {"name": "http_file", "vintages": {2025: "https://a.fr/2025"}}}, "vintages"),
        ({"protocol": {**HTTP, "attempts": 0}}, "attempts"),
        ({"key": ["absent"]}, "absent"),
        ({"key": "code"}, "key"),
        ({"key": []}, "key"),
        ({"columns": ["code", "code"]}, "twice"),
        ({"columns": []}, "columns"),
        ({"columns": ["code", False]}, "columns"),
        ({"columns": [{"name": "code", "alias": "c"}]}, "alias"),
        ({"cadence": "parfois"}, "cadence"),
        ({"mode": "stream"}, "mode"),
        ({"arrival": {"rows_drop_max": 15}}, "arrival.rows_drop_max"),
        ({"id": "autre"}, "id"),
        ({"title": None}, "title"),
    ],
    ids=str,
)
def test_a_wrong_option_is_refused_by_name(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    path = tmp_path / "essai.yml"
    path.write_text(yaml.safe_dump(VALID | change), encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        load_source(path)
    assert "essai.yml" in str(refused.value)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("missing", sorted(VALID))
def test_a_missing_option_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "essai.yml"
    path.write_text(yaml.safe_dump({name: value for name, value in VALID.items() if name != missing}))
    with pytest.raises(SpecError, match=missing):
        load_source(path)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "just text", "\x00", b"titre: caf\xe9\n"], ids=repr)
def test_a_file_that_is_no_specification_is_refused(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "essai.yml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SpecError, match=r"essai\.yml"):
        load_source(path)


def test_two_folders_do_not_define_the_same_source(tmp_path: Path) -> None:
    (tmp_path / "cas_usage.yml").write_text(yaml.safe_dump(VALID))
    with pytest.raises(SpecError, match="cas_usage"):
        load_sources(tmp_path)


def test_a_source_is_not_named_like_nothing_sql_knows(tmp_path: Path) -> None:
    path = tmp_path / "Essai 2.yml"
    path.write_text(yaml.safe_dump(VALID))
    with pytest.raises(SpecError, match="Essai 2"):
        load_source(path)


def test_a_folder_of_sources_that_does_not_exist_is_said(project: Settings, tmp_path: Path) -> None:
    settings = Settings(project.project, project.data, project.register, extra_sources=tmp_path / "absent")
    with pytest.raises(UsageError, match="OBSERVATOIRE_SOURCES_DIR"):
        load_all_sources(settings)


def test_published_lists_word_all_that_a_specification_admits() -> None:
    lists = load_vocabularies(ROOT / "data" / "register")
    for name, union in (("protocole_source", Protocol), ("format_source", Format)):
        models = get_args(get_args(union)[0])
        assert {get_args(model.model_fields["name"].annotation)[0] for model in models} == set(lists[name])
    assert set(get_args(Source.model_fields["cadence"].annotation)) == set(lists["cadence_source"])
