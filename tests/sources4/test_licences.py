"""A licence decides what may be published; the NOTICE and each row say it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from observatoire.errors import SpecError
from observatoire.pipeline import load_all_sources
from observatoire.release.documents import notice
from observatoire.release.store import Release
from observatoire.settings import Settings
from observatoire.sources.licences import described, nature
from observatoire.sources.spec import load_source
from tests.conftest import ROOT
from tests.helpers import make_source

SPEC = ROOT / "observatoire" / "sources" / "pstw.yml"


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Licence Ouverte 2.0", "libre"),
        ("CC0 1.0", "libre"),
        ("CC BY 4.0", "attribution"),
        ("CC-BY-SA 4.0", "partage"),
        ("ODbL 1.0", "partage"),
        ("CC BY-NC 4.0", "refusee"),
        ("CC-BY-NC-SA 4.0", "refusee"),
        ("CC BY-ND 4.0", "refusee"),
        ("Tous droits réservés", "refusee"),
        ("non indiquée", "inconnue"),
        ("Conditions du site", "inconnue"),
        ("Licence de Nancy", "inconnue"),
    ],
)
def test_the_nature_of_a_licence(licence: str, expected: str) -> None:
    assert nature(licence) == expected


@pytest.mark.parametrize(
    ("licence", "republished", "said"),
    [
        ("CC BY 4.0", True, None),
        ("CC BY-NC 4.0", False, "forbids commercial use"),
        ("CC BY-ND 4.0", True, "forbids commercial use"),
        ("ODbL 1.0", True, "is share-alike"),
        ("ODbL 1.0", False, None),
        ("non indiquée", True, "is not established"),
        ("non indiquée", False, None),
    ],
)
def test_a_specification_cannot_republish_what_its_licence_forbids(
    tmp_path: Path, licence: str, republished: bool, said: str | None
) -> None:
    content = yaml.safe_load(SPEC.read_text(encoding="utf-8")) | {"licence": licence, "republished": republished}
    path = tmp_path / "essai.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    if said is None:
        assert load_source(path).republished is republished
        return
    with pytest.raises(SpecError, match="Spécification essai") as caught:
        load_source(path)
    assert said in str(caught.value)


def test_the_notice_groups_sources_by_licence_and_keeps_the_others_apart() -> None:
    form = {"name": "csv", "delimiter": ";"}
    sources = [
        make_source(form, id="a", title="A", licence="CC BY 4.0", attribution="© A", homepage="https://a.fr/"),
        make_source(form, id="b", title="B", licence="Licence Ouverte 2.0", attribution="B, 2026"),
        make_source(form, id="c", title="C", licence="non indiquée", attribution="C", republished=False),
    ]
    text = notice(sources, {"a": ["contexte_europe"]})
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[:2] == ["## CC BY 4.0", "## Licence Ouverte 2.0"] and "non republiées" in headings[2]
    assert "- A — © A. <https://a.fr/> Lignes / rows: `contexte_europe`." in text
    assert text.index("- C — C. Licence : non indiquée.") > text.index("non republiées") > text.index("- B — B, 2026.")


def test_a_release_carries_its_notice_and_the_licence_of_each_table(current: Release) -> None:
    text = (current.path / "NOTICE.md").read_text(encoding="utf-8")
    assert "## Licence Ouverte 2.0" in text and "Observatoire de l'IA dans les territoires, registre" in text
    assert "`territoires`" in text and "`univers`" in text, "the reference too names its sources"
    assert "`preuves`" in text and "NOTICE.md" in (current.path / "SHA256SUMS").read_text()
    package = json.loads((current.path / "datapackage.json").read_text())
    licences = {item["title"]: item.get("licenses") for item in package["resources"]}
    assert licences["preuves"] == [described("Licence Ouverte 2.0")]


def test_every_source_that_is_not_republished_says_why_by_its_licence(project: Settings) -> None:
    for source in load_all_sources(project).values():
        assert source.republished or nature(source.licence) in ("inconnue", "partage"), source.id
