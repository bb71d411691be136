"""The forms that analysts fill in, and prefect.yaml: what can be checked without a server."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from observatoire.pipeline import load_all_sources, load_lists
from observatoire.settings import Settings

ROOT = Path(__file__).parents[2]
FLOWS = ("refresh", "ingest", "audit", "survey", "register")


def form(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Prefect stores for a flow: the description of `options`, and the schema behind it."""
    import importlib

    from prefect.utilities.callables import parameter_schema

    schema = parameter_schema(getattr(importlib.import_module(f"flows.{name}"), name)).model_dump()
    (definition,) = schema["definitions"].values()
    return schema["properties"]["options"], definition


@pytest.mark.parametrize("name", FLOWS)
def test_every_field_has_a_french_title_and_help(quiet: Path, name: str) -> None:
    options, definition = form(name)
    assert options["description"]
    for field, schema in definition["properties"].items():
        assert schema["title"].lower() != field.replace("_", " ") or schema["title"] == "Source"
        assert schema["title"][0].isupper() and schema["description"].endswith(".")
    assert definition["title"] in (
        "Mettre à jour et publier",
        "Prendre une livraison",
        "Vérifier la version en service",
        "Estimer une enquête",
        "Ajouter ou modifier un cas",
    )


def test_sources_are_a_dropdown_and_choices_are_switches(quiet: Path) -> None:
    known = list(load_all_sources(Settings.from_env({})))
    _, refresh = form("refresh")
    assert refresh["properties"]["sources"]["items"]["enum"] == known
    assert {name for name, field in refresh["properties"].items() if field["type"] == "boolean"} == {"live", "force"}
    _, ingest = form("ingest")
    lists = list(load_lists(Settings.from_env({})))
    assert "partenaire" in lists and ingest["properties"]["source"]["enum"] == [*known, *lists]
    assert ingest["required"] == ["source"]
    assert ingest["properties"]["publish"]["type"] == "boolean"


def test_a_source_added_by_its_file_alone_is_in_the_dropdown(
    quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "observatoire" / "sources" / "hotes.yml").read_text()
    (tmp_path / "ajoutee.yml").write_text(text)
    monkeypatch.setenv("OBSERVATOIRE_SOURCES_DIR", str(tmp_path))
    assert "ajoutee" in form("ingest")[1]["properties"]["source"]["enum"]


def test_a_broken_specification_leaves_the_form_usable(
    quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cassee.yml").write_text("title: [")
    monkeypatch.setenv("OBSERVATOIRE_SOURCES_DIR", str(tmp_path))
    source = form("ingest")[1]["properties"]["source"]
    assert source["type"] == "string" and "enum" not in source


def test_a_misspelt_or_absurd_option_is_refused(quiet: Path) -> None:
    from flows.forms import RefreshOptions

    for wrong in ({"lve": True}, {"wait_minutes": -1}, {"sources": "hotes"}):
        with pytest.raises(ValidationError):
            RefreshOptions(**wrong)  # type: ignore[arg-type]


def test_a_survey_asks_where_its_answers_are(quiet: Path) -> None:
    from flows.forms import SurveyOptions

    _, definition = form("survey")
    assert definition["required"] == ["survey", "edition"] and len(definition["properties"]["answers"]["enum"]) == 3
    for wrong in ({"answers": "fichier"}, {"file": "reponses.csv"}, {"survey": "../x"}):
        with pytest.raises(ValidationError):
            SurveyOptions(**{"survey": "exemple", "edition": "2026", **wrong})  # type: ignore[arg-type]


def test_a_case_is_chosen_among_the_codes_of_the_register(quiet: Path) -> None:
    from flows.forms import RegisterOptions

    _, definition = form("register")
    assert definition["required"] == ["author", "reason"]
    assert definition["properties"]["theme"]["enum"][:2] == ["", "eau"]
    assert definition["properties"]["ia_explicite"]["enum"] == ["", "true", "false"]
    options = RegisterOptions(author="A", reason="B", case_id="v001", statut=" termine ", emptied=["annee"])
    assert options.fields == {"statut": "termine", "annee": ""}


def test_deployments_are_valid_and_hold_no_path_of_a_machine(quiet: Path) -> None:
    import importlib

    text = (ROOT / "prefect.yaml").read_text()
    content = yaml.safe_load(text)
    assert not any(part in text for part in ("/home", "/work", "/Users", "/root", "http"))
    for deployment in content["deployments"]:
        path, name = deployment["entrypoint"].split(":")
        flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
        if deployment["parameters"]:
            flow.validate_parameters(deployment["parameters"])
        assert deployment["concurrency_limit"]["limit"] == 1
        assert deployment["enforce_parameter_schema"]
        assert all(schedule["timezone"] == "Europe/Paris" for schedule in deployment["schedules"])
    live = {d["name"]: d["parameters"].get("options", {}).get("live") for d in content["deployments"]}
    assert live == {"quotidien": True, "hebdomadaire": None, "manuel": None, "enquete": None, "registre": None}


def test_prefect_is_imported_by_the_flows_only() -> None:
    for path in (ROOT / "observatoire").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("prefect", "flows") for name in names), path
