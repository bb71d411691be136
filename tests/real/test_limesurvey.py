"""Exports and exchanges of a real LimeSurvey 6.4.2 (invented answers): each export against what the server stored (.vv)."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from observatoire.errors import FetchFailed, SpecError
from observatoire.settings import Settings
from observatoire.survey.intake import importing
from observatoire.survey.intake.codebook_file import load_codebook
from observatoire.survey.intake.lss import column_names, names_of_fieldmap, read_form
from observatoire.survey.intake.scaffold import scaffold
from tests.servers import Answer, Seen, Server
from tests.survey.intake.remote import ADDRESS
from tests.survey.intake.surveys import KEY, clear_text, rows

EXPORTS = (
    "responses_code_short.csv", "responses_code_long.csv", "responses_full_short.csv", "responses_code_short.json",
    "responses_full_short.json",
)  # fmt: skip


@pytest.fixture
def oracle(shared: Path) -> Path:
    return shared / "oracles" / "limesurvey"


@pytest.fixture
def office(oracle: Path, tmp_path: Path) -> Settings:
    """A project whose codebook is the draft made from the real structure, completed."""
    settings = Settings(project=tmp_path, data=tmp_path / "data", register=tmp_path / "register")
    complete(settings, oracle)
    return settings


def complete(settings: Settings, oracle: Path, **changes: Any) -> None:
    drafted = yaml.safe_load(scaffold(read_form(oracle / "structure.lss")))
    drafted.update(edition="2026", producer="Essai", plan="auto_selection", empty_cells="inconnues")
    drafted.update(field={"start": "2026-06-01", "end": "2026-06-30"}, **changes)
    drafted["limesurvey"]["url"] = ADDRESS
    path = settings.register / "enquetes" / "essai.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(drafted, allow_unicode=True, sort_keys=False), encoding="utf-8")


def take(settings: Settings, file: Path) -> importing.Import:
    return importing.import_file(settings, "essai", file, key=KEY)


def stored(oracle: Path) -> list[dict[str, str]]:
    """The responses of the .vv, by code."""
    text = (oracle / "export_vv.txt").read_text(encoding="utf-8")
    _, heads, *records = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    return [dict(zip(heads, record, strict=True)) for record in records if record]


def test_the_draft_of_the_real_structure(oracle: Path, tmp_path: Path) -> None:
    text = scaffold(read_form(oracle / "structure.lss"))
    drafted = yaml.safe_load(text)
    kinds = {question["code"]: question["type"] for question in drafted["questions"]}
    assert kinds == {
        "TYPE": "choix_unique", "STRATE": "choix_unique", "POP": "nombre", "IA01": "oui_non", "IA02": "choix_multiple",
        "IA03": "choix_multiple", "IA04": "grille", "IA05": "grille", "IA06": "grille", "IA07": "classement",
        "IA08": "grille_nombres", "IA09": "nombres", "IA10": "grille_double", "IA11": "choix_unique", "IA12": "date",
        "IA13": "choix_unique",
    }  # fmt: skip
    assert [item["code"] for item in drafted["dropped"]] == ["IA14", "SCORE"]
    assert drafted["questions"][4]["shown_if"] == [{"question": "IA01", "values": ["Y"]}]
    assert drafted["siren"] == "SIREN" and drafted["limesurvey"]["survey"] == 271828
    (tmp_path / "enquetes").mkdir()
    (tmp_path / "enquetes" / "essai.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="ligne 5 : « À COMPLÉTER »"):  # a draft is no codebook yet
        load_codebook(tmp_path, "essai")


def test_the_names_of_columns_are_those_of_the_server(oracle: Path) -> None:
    given = names_of_fieldmap(json.loads((oracle / "fieldmap.json").read_text(encoding="utf-8")))
    computed = column_names(read_form(oracle / "structure.lss"))
    assert len(given) == 48 and given["271828X2X111"] == "IA07[1]"
    assert {name: computed.get(name) for name in given} == given


def test_exports_in_csv_and_json_are_one_delivery(office: Settings, oracle: Path) -> None:
    done = [take(office, oracle / name) for name in EXPORTS]
    assert len({item.delivery for item in done}) == 1
    assert [item.new for item in done] == [True, False, False, False, False]
    assert (done[0].received, done[0].complete, done[0].same_token, done[0].same_authority) == (44, 38, 2, 1)
    assert (done[0].kept, done[0].rows, done[0].unreadable) == (41, 1599, {})


def test_a_csv_says_less_than_the_vv_and_nothing_else(office: Settings, oracle: Path) -> None:
    take(office, oracle / "export_vv.txt")
    full = {(row["reponse_id"], row["question"], row["sous_question"]): row for row in rows(office)}
    done = take(office, oracle / "responses_code_short.csv")
    lost = 0
    for row in rows(office):
        told = full.pop((row["reponse_id"], row["question"], row["sous_question"]))
        if row["etat"] == "inconnu" and told["etat"] != "inconnu":
            assert told["valeur"] is None
            row = {**row, "etat": told["etat"]}
            lost += 1
        assert row == told
    assert not full and lost == 702
    assert "726 cellules vides" in done.losses[-1]


def test_the_vv_against_what_the_server_stored(office: Settings, oracle: Path) -> None:
    done = take(office, oracle / "export_vv.txt")
    assert done.kept == 41
    by_siren = {row["SIREN"]: row for row in stored(oracle)}  # of two with one token, the last
    counted = 0
    for row in rows(office):
        cell = by_siren[row["siren"]][f"{row['question']}_{vv_part(row)}" if row["sous_question"] else row["question"]]
        if row["etat"] == "repondu":
            same_text = cell == row["valeur"] or row["sous_question"] == "other"
            assert same_text or cell[:10] == row["valeur"] or float(cell) == float(row["valeur"])
        elif row["etat"] == "inconnu":
            assert cell == "{question_not_shown}" and row["question"] in ("POP", "IA09", "IA12")
        else:
            assert cell == ("{question_not_shown}" if row["etat"] == "non_affiche" else "")
        counted += 1
    assert counted == 41 * 39


def vv_part(row: dict[str, Any]) -> str:
    """Scales are 1 and 2 in our names, 0 and 1 in a .vv."""
    part = str(row["sous_question"])
    return f"{part[:-1]}{int(part[-1]) - 1}" if row["question"] == "IA10" else part


def test_filters_agree_with_the_server_wherever_they_say_not_shown(office: Settings, oracle: Path) -> None:
    """The invented answers were sent through the API, which leaves NULL where a form leaves an empty answer: only
    « not shown » can be compared."""
    complete(office, oracle, empty_cells="filtre")
    take(office, oracle / "export_vv.txt")
    told = {(row["reponse_id"], row["question"], row["sous_question"]): row["etat"] for row in rows(office)}
    take(office, oracle / "responses_code_short.csv")
    deduced = [row for row in rows(office) if row["etat"] == "non_affiche"]
    assert len(deduced) > 100
    assert {told[row["reponse_id"], row["question"], row["sous_question"]] for row in deduced} == {"non_affiche"}


def personal_values(oracle: Path) -> set[str]:
    """Every value of the delivered files that names or betrays a person: tokens, times, texts, participants."""
    texts = {"TYPE_other", "IA02_other", "IA11_comment", "IA14", "IA03_other", "IA03_othercomment", "token"}
    texts |= {f"IA03_SQ00{n}comment" for n in (1, 2, 3)}
    found = set()
    for row in stored(oracle):
        found |= {row[name].replace("{newline}", "\n").replace("{tab}", "\t") for name in texts}
        found |= {row[name][11:] for name in ("startdate", "datestamp", "submitdate")}
    found -= {"", "{question_not_shown}", "n_not_shown}"}
    transcript = (oracle / "transcript_read_export.json").read_text(encoding="utf-8")
    for exchange in json.loads(transcript):
        if exchange["request"]["method"] == "list_participants":
            for person in exchange["response"]["result"]:
                found |= {person["token"], *person["participant_info"].values()}
    return {line for value in found for line in value.splitlines() if len(line) > 3}


def test_no_personal_value_of_the_real_exports_is_written(office: Settings, oracle: Path) -> None:
    values = personal_values(oracle)
    assert len(values) > 40 and "dgs1@example.org" in values
    for name in ("export_vv.txt", *EXPORTS):
        take(office, oracle / name)
    importing.rebuild(office, "essai")
    assert clear_text(office.data, "217551908")
    assert clear_text(office.data, *values) == []


class Transcript:
    """A server that gives the recorded answers; a page is cut from the recorded export of all responses."""

    def __init__(self, oracle: Path) -> None:
        recorded = json.loads((oracle / "transcript_read_export.json").read_text(encoding="utf-8"))
        recorded += json.loads((oracle / "transcript_errors.json").read_text(encoding="utf-8"))
        self.exchanges = {json.dumps([e["request"]["method"], e["request"]["params"]]): e for e in recorded}
        self.calls: list[str] = []

    def __call__(self, seen: Seen) -> Answer:
        asked = json.loads(seen.body)
        self.calls.append(asked["method"])
        method, params = asked["method"], asked["params"]
        if method == "release_session_key":  # not recorded: it always answers OK
            return self._answer({"id": 1, "result": "OK", "error": None})
        first = last = None
        if method == "export_responses" and len(params) == 9:
            *params, first, last = params
        exchange = self.exchanges[json.dumps([method, params])]
        answer = exchange["response"]
        if first is not None:
            whole = json.loads(base64.b64decode(answer["result"]))["responses"]
            page = {"responses": [record for record in whole if first <= record["id"] <= last]}
            answer = {**answer, "result": base64.b64encode(json.dumps(page).encode()).decode()}
        if "_not_json" in answer:
            return Answer(exchange["http_status"], answer["_not_json"].encode())
        return self._answer(answer)

    def _answer(self, content: Any) -> Answer:
        return Answer(body=json.dumps(content).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_the_recorded_exchanges_give_what_the_files_give(office: Settings, oracle: Path, server: Server) -> None:
    transcript = Transcript(oracle)
    server.route(ADDRESS, transcript)
    complete(office, oracle, limesurvey={"url": ADDRESS, "survey": 271828, "page": 20})
    online = replace(office, mirror_url=server.url)
    done = importing.import_server(online, "essai", key=KEY, account=("admin", "(password)"))
    assert transcript.calls.count("export_responses") == 4 and transcript.calls[-1] == "release_session_key"
    assert not take(office, oracle / "responses_code_short.csv").new
    assert done.received == 44


def test_the_recorded_refusals_are_said(office: Settings, oracle: Path, server: Server) -> None:
    transcript = Transcript(oracle)
    server.route(ADDRESS, transcript)
    online = replace(office, mirror_url=server.url)
    with pytest.raises(FetchFailed, match="le compte ou le mot de passe est refusé"):
        importing.import_server(online, "essai", key=KEY, account=("admin", "mauvais"))
    recorded = next(e for e in transcript.exchanges.values() if e["request"]["params"][1:] == [999, "csv"])
    assert recorded["response"]["result"] == {"status": "No permission"}
