"""The command as its users meet it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer

from observatoire.cli import app, main
from observatoire.clock import today
from observatoire.pipeline import Report
from observatoire.settings import Settings
from tests.conftest import ROOT
from tests.helpers import edit_csv, read_csv

Released = tuple[Settings, Report]


def commands(group: Any, prefix: str = "") -> dict[str, Any]:
    """Every command by its full name, those of groups included."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = commands(command, f"{prefix}{name} ") if hasattr(command, "commands") else {prefix + name: command}
        found.update(inner)
    return found


COMMANDS = commands(typer.main.get_command(app))
GUIDES = " ".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OBSERVATOIRE_")}
    places = {"PROJECT_DIR": settings.project, "DATA_DIR": settings.data, "REGISTER_DIR": settings.register}
    return {**kept, **{f"OBSERVATOIRE_{name}": str(value) for name, value in places.items()}, **more}


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run(settings: Settings, *arguments: str, **more: str) -> Done:
    """The command with its own environment, in this process: what it imports is imported once."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        patch.dict(os.environ, environment(settings, **more), clear=True),
        patch.object(sys, "argv", ["observatoire", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return Done(code, out.getvalue(), err.getvalue())


def run_alone(settings: Settings, *arguments: str) -> Done:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "observatoire.cli", *arguments]
    done = subprocess.run(command, env=environment(settings), capture_output=True, text=True, timeout=120, cwd=ROOT)
    return Done(done.returncode, done.stdout, done.stderr)


def loaded_by(settings: Settings, *arguments: str) -> set[str]:
    """Top-level modules that a command imports."""
    script = (
        "import sys; from observatoire.cli import main; sys.argv = ['observatoire', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('MODULES', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return set(done.stdout.rsplit("MODULES", 1)[1].split())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_documented(name: str) -> None:
    command = COMMANDS[name]
    assert f"observatoire {name}" in GUIDES, f"« observatoire {name} » is in no guide"
    assert command.help, name
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


@pytest.mark.parametrize("name", ["", "evaluate", "register", "review", "survey", *sorted(COMMANDS)])
def test_help_is_in_french_and_whole(project: Settings, name: str) -> None:
    done = run(project, *name.split(), "--help")
    assert done.returncode == 0, done.stderr
    for english in ("Usage", "Commands", "Show this", "required", "default", "Options:", "Arguments:", "<", "..."):
        assert english not in done.stdout, english
    assert done.stdout.startswith("Emploi : observatoire") and "Montrer cette aide" in done.stdout


def test_help_says_what_a_value_is_and_whether_it_is_needed(project: Settings) -> None:
    shown = " ".join(run(project, "review", "decide", "--help").stdout.split())
    assert "--auteur TEXTE Qui décide, ou enregistre la réponse. [obligatoire]" in shown
    shown = " ".join(run(project, "evaluate", "merges", "--help").stdout.split())
    assert "[par défaut : apprentissage]" in shown and "--vague ENTIER" in shown and "[au moins 1]" in shown
    assert "--champ TEXTE… Un champ" in " ".join(run(project, "register", "add", "--help").stdout.split())
    summary = " ".join(run(project, "--help").stdout.split())
    assert (
        "ingest Prendre la livraison d'une source, de son adresse ou d'un fichier, sans rien publier. build" in summary
    )


def test_help_loads_nothing_heavy(project: Settings) -> None:
    heavy = {"duckdb", "pandas", "pyarrow", "prefect", "great_expectations", "sqlglot", "requests", "numpy", "pydantic"}
    assert loaded_by(project, "--help") & heavy == set()


def test_a_refresh_with_nothing_new_loads_neither_gx_nor_prefect(released: Released) -> None:
    loaded = loaded_by(released[0], "refresh")
    assert "observatoire" in loaded
    assert loaded & {"great_expectations", "prefect", "pandas"} == set()


def test_a_second_refresh_says_that_nothing_is_new(released: Released) -> None:
    done = run_alone(released[0], "refresh")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Rien de neuf : la version {released[1].release} reste en service.\n")
    assert " embarqué " in run(released[0], "releases").stdout
    assert "Périmètre embarqué" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("refresh",), ("sources",), ("releases",), ("diff", "current"), ("query", "select 1 as un"), ("trace", "v001"),
        ("doctor",), ("ingest", "hotes"), ("build",),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_json_is_json_and_nothing_else(released: Released, arguments: tuple[str, ...]) -> None:
    done = run(released[0], *arguments, "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


def test_exit_codes(project: Settings, released: Released) -> None:
    settings = released[0]
    assert run(settings, "inconnue").returncode == 2
    unknown = run(settings, "trace", "v999")
    assert unknown.returncode == 2
    assert (
        unknown.stderr.startswith("Erreur : Rien ne porte l'identifiant « v999 »") and unknown.stderr.count("\n") == 1
    )
    wrong = run(settings, "refresh", "--source", "nulle_part")
    assert wrong.returncode == 2 and "Sources connues" in wrong.stderr
    assert json.loads(run(settings, "trace", "v999", "--json").stdout)["exit_code"] == 2
    assert run(settings, "doctor", OBSERVATOIRE_THREADS="zéro").returncode == 2

    cases = project.register / "cas_usage.csv"
    cases.write_text(cases.read_text().replace("type_collectivite", "genre", 1))
    refused = run_alone(project, "refresh")
    assert refused.returncode == 1
    assert "colonne « type_collectivite » absente" in refused.stderr and refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace",), "Argument « identifiant » attendu et absent. Voir « observatoire trace --help »."),
        (
            ("review", "decide", "a", "b", "c"),
            "Option « --auteur » attendue et absente. Voir « observatoire review decide",
        ),
        (("publier",), "Commande « publier » inconnue. Commandes : refresh, ingest,"),
        (("diff", "a", "b", "c"), "Argument en trop : c."),
        (("refresh", "--attendre", "abc"), "Option « --attendre » : valeur refusée (un nombre est attendu)."),
        (("refresh", "--forcee"), "Option « --forcee » inconnue. Proches : --force"),
        (("refresh", "--source"), "L'option « --source » attend une valeur."),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_wrong_command_line_is_one_french_line(project: Settings, arguments: tuple[str, ...], said: str) -> None:
    done = run(project, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Erreur : {said}") and done.stderr.count("\n") == 1


def test_a_degraded_source_is_said_and_exits_3(project: Settings) -> None:
    assert run(project, "refresh").returncode == 0
    sites = project.register / "hotes.csv"
    sites.write_text(sites.read_text().replace("type_source", "genre", 1))
    edit_csv(project.register / "cas_usage.csv", lambda rows: rows[0].update(titre="Un autre titre"))
    done = run(project, "refresh")
    assert done.returncode == 3
    day = today()
    assert f"Source dégradée depuis le {day} : hotes 2026-11-23 : colonne « type_source » absente" in done.stdout
    assert "la précédente (2026-11-23) reste utilisée" in done.stdout
    shown = json.loads(run(project, "sources", "--json").stdout)
    state = {row["source"]: row["degradee_depuis"] for row in shown}
    assert state["hotes"] and not state["cas_usage"]


def test_taking_in_a_file_says_how_many_records_and_what_to_do_next(project: Settings) -> None:
    done = run(project, "ingest", "hotes", "--file", str(project.register / "hotes.csv"))
    records = len(read_csv(project.register / "hotes.csv"))
    assert done.returncode == 0 and f"hotes : livraison nouvelle, {records} enregistrements (" in done.stdout
    assert done.stdout.endswith("Lancer « observatoire refresh ».\n")
    again = run(project, "ingest", "hotes", "--file", str(project.register / "hotes.csv"))
    assert "hotes : livraison inchangée (" in again.stdout and "Lancer" not in again.stdout


def test_trace_goes_from_a_figure_to_its_rows_and_bytes(released: Released) -> None:
    figure = json.loads(run(released[0], "trace", "REG-ENV", "--json").stdout)
    assert sum(use["retenu"] for use in figure["usages"]) == 85 and len(figure["usages"]) == 126
    assert len(figure["enregistrements"]) == 126
    assert figure["colonnes"]["valeur"]

    use: dict[str, Any] = json.loads(run(released[0], "trace", "v003", "--json").stdout)
    record = use["enregistrements"][0]
    received = (released[0].data.parent / record["fichier"]).read_text(encoding="utf-8").splitlines()
    first = int(record["lignes_du_fichier"].split("-")[0])
    assert received[first - 1].startswith("v003,")
    assert record["contenu"]["id"] == "v003" and record["octets"] == "vérifiés"
    assert {"raw.cas_usage.theme", "raw.decisions.valeur"} <= set(use["colonnes"]["theme"])


def test_trace_says_when_the_bytes_are_gone_and_keeps_the_extract(released: Released, tmp_path: Path) -> None:
    settings = released[0]
    moved = settings.data / "raw" / "objects"
    moved.rename(tmp_path / "ailleurs")
    try:
        record = json.loads(run(settings, "trace", "v003", "--json").stdout)["enregistrements"][0]
    finally:
        (tmp_path / "ailleurs").rename(moved)
    assert "seul l'extrait" in record["octets"] and record["contenu"]["id"] == "v003"


def test_doctor_says_what_is_missing_and_how_to_get_it(project: Settings, tmp_path: Path) -> None:
    nowhere = tmp_path / "vide"
    nowhere.mkdir()
    done = run(Settings(project=nowhere, data=project.data, register=nowhere), "doctor")
    assert done.returncode == 1
    assert "MANQUE Projet" in done.stdout and "OBSERVATOIRE_PROJECT_DIR" in done.stdout
