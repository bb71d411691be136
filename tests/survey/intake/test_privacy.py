"""Persons never pass the door: hashes, refusals, and no value in any file or message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from observatoire.errors import DeliveryRefused, SurveyError, UsageError
from observatoire.settings import Settings
from observatoire.survey.intake.privacy import keyed, person_word, survey_key
from tests.survey.intake.surveys import (
    KEY,
    PERSON,
    RESPONSES,
    as_csv,
    as_vv,
    clear_text,
    response,
    rows,
    take,
    write_codebook,
)
from tests.test_cli import run

SECRETS = (
    *PERSON.values(), "06 11 22 33 44", "Zoé", "Bruit de Léa", "Prestataire Martin", "jeton2", "09:13:00", "export.csv",
)  # fmt: skip


@pytest.mark.parametrize("content", [as_csv(RESPONSES), as_vv(RESPONSES)], ids=["csv", "vv"])
def test_no_personal_value_is_written_anywhere(office: Settings, content: bytes) -> None:
    take(office, content)
    assert clear_text(office.data, "210000001")  # the search finds what is there
    assert clear_text(office.data, *SECRETS) == []


def test_the_command_shows_and_logs_no_value(project: Settings, tmp_path: Path) -> None:
    write_codebook(project)
    export = tmp_path / "dupont.csv"
    export.write_bytes(as_csv(RESPONSES))
    done = run(project, "survey", "import", "essai", str(export), OBSERVATOIRE_SURVEY_KEY=KEY.decode())
    assert done.returncode == 0, done.stderr
    assert "3 réponses reçues (2 complètes), 3 gardées, 21 lignes." in done.stdout
    shown = run(project, "survey", "import", "essai", "--archive", "--json")
    assert json.loads(shown.stdout)["lignes"] == 21
    said = done.stdout + done.stderr + shown.stdout
    assert [value for value in (*SECRETS, "dupont", KEY.decode()) if value in said] == []
    assert clear_text(project.data, *SECRETS, "dupont", KEY.decode()) == []
    journal = (project.state / "journal.jsonl").read_text(encoding="utf-8")
    assert '"event":"enquete_importee"' in journal


@pytest.mark.parametrize(
    ("head", "value", "sign"),
    [
        ("Q99", "zoe.durand@ville.fr", "adresse électronique"),
        ("Q99", "rappeler au +33 6 11 22 33 44", "numéro de téléphone"),
        ("Q99", "0611223344", "numéro de téléphone"),
        ("Q99", "+33 (0)6.11.22.33.44", "numéro de téléphone"),
        ("zoe.durand@ville.fr", "", "adresse électronique"),
        ("nomRepondant", "", "« nom »"),
        ("Prénom", "", "« prenom »"),
        ("E-mail", "", "« email »"),
        ("FONCTION_DGS", "", "« fonction »"),
        ("firstname", "", "« firstname »"),
    ],
)
def test_an_unlisted_column_that_looks_personal_is_refused(office: Settings, head: str, value: str, sign: str) -> None:
    with pytest.raises(DeliveryRefused) as caught:
        take(office, as_csv([{**response(1), head: value}]))
    message = str(caught.value)
    assert sign in message and "Colonne n° 16" in message and "`dropped`" in message
    assert not value or value not in message
    assert "durand" not in message
    assert clear_text(office.data, "durand", "0611223344") == []


def test_listed_it_is_dropped(office: Settings) -> None:
    write_codebook(office, dropped=[{"code": "LIBRE"}, {"code": "MAIL"}, {"code": "firstname"}])
    done = take(office, as_csv([{**response(1), "firstname": "Zoé", "ipaddr": "192.0.2.7", "IATime": "12.5"}]))
    assert done.rows == 7
    assert clear_text(office.data, "Zoé", "192.0.2.7") == []


@pytest.mark.parametrize(
    "head", ["LIBRE[SQ001]", "LIBRE_SQ001_SQ002", "Un mot ? [Nom du produit]", "IA[comment]", "Qui ? [Autre]"]
)
def test_texts_of_known_questions_are_dropped_whatever_they_hold(office: Settings, head: str) -> None:
    row = {key: cell for key, cell in response(1).items() if key != "QUI[other]"}
    assert take(office, as_csv([{**row, head: "z@v.fr"}])).rows == 7
    assert clear_text(office.data, "z@v.fr") == []


@pytest.mark.parametrize("head", ["Mobilité", "Numéro", "Renommée", "Télétravail", "nombre", "SCORE", "Contactless"])
def test_ordinary_heads_are_not_persons(head: str) -> None:
    assert person_word(head) is None


def test_ordinary_numbers_are_not_telephones(office: Settings) -> None:
    cells = {"Q99": "210000001 ; 1234567890123 ; 2026-01-02 ; 0,0612345678"}
    assert take(office, as_csv([{**response(1), **cells}])).rows == 7


def test_without_a_key_nothing_is_imported(project: Settings, tmp_path: Path) -> None:
    write_codebook(project)
    export = tmp_path / "export.csv"
    export.write_bytes(as_csv(RESPONSES))
    for value, said in (("", "n'est pas définie"), ("trop-courte", "a moins de 32 caractères")):
        done = run(project, "survey", "import", "essai", str(export), OBSERVATOIRE_SURVEY_KEY=value)
        assert done.returncode == 2
        assert said in done.stderr and done.stderr.count("\n") == 1 and "trop-courte" not in done.stderr
    assert not (project.data / "restricted").exists()
    with pytest.raises(UsageError, match="OBSERVATOIRE_SURVEY_KEY"):
        survey_key({})


def test_identifiers_depend_on_the_key_the_survey_and_the_edition(office: Settings) -> None:
    take(office, as_csv(RESPONSES))
    first = {row["reponse_id"] for row in rows(office)}
    assert {len(identifier) for identifier in first} == {32}
    write_codebook(office, "autre")
    write_codebook(office, "essai", edition="2027")
    assert keyed(KEY, "reponse", "essai", "2026", "1") in first
    take(office, as_csv(RESPONSES))
    path = office.data / "restricted" / "enquetes" / "essai" / "2027" / "reponses.parquet"
    import pyarrow.parquet as pq

    assert not first & set(pq.read_table(path)["reponse_id"].to_pylist())


def test_another_key_for_the_same_edition_is_refused(office: Settings) -> None:
    take(office, as_csv(RESPONSES))
    with pytest.raises(SurveyError, match="La clé n'est pas celle des imports précédents"):
        take(office, as_csv(RESPONSES), key=b"x" * 32)


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_two_things_never_share_a_hash(one: list[str], other: list[str]) -> None:
    clean = [[part.replace("\x1f", "") for part in parts] for parts in (one, other)]
    assert (keyed(KEY, *clean[0]) == keyed(KEY, *clean[1])) == ((clean[0] or [""]) == (clean[1] or [""]))
