"""docs/tutoriel-enquete.md runs as it is written, and its invented data are what the generator makes."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tests.survey import exemple
from tests.test_cli import Done, run

GUIDE = (ROOT / "docs" / "tutoriel-enquete.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for line in block.splitlines()
]  # fmt: skip
# Whole refreshes, and what is asked of their releases, are for the long proof.
SLOW = ("refresh", "query", "trace")


def test_the_files_of_the_example_are_those_of_its_generator() -> None:
    for name, text in exemple.files().items():
        assert (exemple.FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: python -m tests.survey.exemple"
        assert "DONNÉES FICTIVES" in text or name.startswith("reponses")


def test_the_guide_names_what_it_does() -> None:
    assert [words[0] for words in COMMANDS].count("observatoire") >= 14
    assert GUIDE.count("DONNÉES FICTIVES") >= 2


def tutorial(folder: Path, monkeypatch: pytest.MonkeyPatch, skip: tuple[str, ...] = ()) -> list[tuple[list[str], Done]]:
    """Run the commands of the guide in a folder that has what a checkout has; the outcome of each of ours."""
    from observatoire.settings import Settings

    for part in ("docs/exemple-enquete", "data/register", "sql"):
        shutil.copytree(ROOT / part, folder / part)
    monkeypatch.chdir(folder)
    outcomes, variables = [], {"OBSERVATOIRE_PROJECT_DIR": str(folder)}
    settings = Settings(project=folder, data=folder / "essai" / "data", register=folder / "essai" / "register")
    for words in COMMANDS:
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            if not name.endswith("_DIR"):
                variables[name] = value
        elif words[0] == "mkdir":
            (folder / words[2]).mkdir(parents=True)
        elif words[0] == "cp":
            copy = shutil.copytree if words[1] == "-r" else shutil.copy
            copy(folder / words[-2], folder / words[-1])
        elif words[0] == "observatoire" and words[1] not in skip:
            outcomes.append((words[1:], run(settings, *words[1:], **variables)))
    return outcomes


def said(outcomes: list[tuple[list[str], Done]], *start: str) -> str:
    return "\n".join(done.stdout for words, done in outcomes if tuple(words[: len(start)]) == start)


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = tutorial(tmp_path, monkeypatch, skip=SLOW)
    assert [(words, done.stderr) for words, done in outcomes if done.returncode] == []
    assert "réponse unanime dans une strate exhaustive" in said(outcomes, "survey", "estimate", "exemple", "2026")
    assert "3 (réponse incomplète)" in said(outcomes, "survey", "estimate", "exemple", "2026")
    assert "dont 147 de l'édition précédente" in said(outcomes, "survey", "draw")
    assert "18 évolutions calculées" in said(outcomes, "survey", "compare")
    for words, done in outcomes:
        if words[1] in ("import", "weights", "estimate", "compare"):
            assert done.stdout.startswith("DONNÉES FICTIVES"), words
    # nothing restricted is outside the restricted folder: no SIREN of the sample in the register
    written = (tmp_path / "essai" / "register" / "enquetes_chiffres.csv").read_text(encoding="utf-8")
    assert written.count("\nexemple,2026,") == 23 and not re.search(r"\b999\d{6}\b", written)
    assert (tmp_path / "data" / "register" / "enquetes_chiffres.csv").read_text(encoding="utf-8").count("\n") == 1


@pytest.mark.long
def test_the_tutorial_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = tutorial(tmp_path, monkeypatch)
    assert [(words, done.stderr) for words, done in outcomes if done.returncode] == []
    assert "enquetes_chiffres" in said(outcomes, "trace") and "vérifiés" in said(outcomes, "trace")
    release = (tmp_path / "essai" / "data" / "curated" / "current").resolve()
    with duckdb.connect() as con:

        def one(query: str) -> tuple[object, ...]:
            row = con.execute(query.replace("{", f"'{release}/").replace("}", ".parquet'")).fetchone()
            assert row is not None
            return row

        assert one("select count(*), count(*) filter (starts_with(libelle, 'DONNÉES FICTIVES')) from {indicateurs} where enquete = 'exemple'") == (46, 46)  # fmt: skip
        assert one("select count(*) from {comparaisons} where origine = 'observatoire'") == (23,)
        assert one("select count(*) from {questions}") == (16,)
        assert one("select count(*) from {rejets}") == (0,)
        hidden = one(
            "select count(*), count(valeur), count(n), count(motif) from {indicateurs} where absence = 'secret'"
        )
        assert hidden == (8, 0, 0, 0)
    for path in release.rglob("*"):
        if path.is_file():
            assert not re.search(rb"999\d{6}", path.read_bytes()) or path.suffix == ".parquet", path


def test_an_invented_survey_is_not_in_a_release_of_the_register(current: object) -> None:
    from observatoire.release.store import Release

    assert isinstance(current, Release)
    with duckdb.connect() as con:
        for table in ("questions", "indicateurs", "comparaisons", "indicateurs_et_publies"):
            text = con.execute(f"select string_agg(t::varchar) from '{current.path}/{table}.parquet' as t").fetchone()
            assert text is None or "FICTIVES" not in str(text[0])
    for path in current.path.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert b"FICTIVES" not in path.read_bytes() and b"exemple.yml" not in path.read_bytes(), path
