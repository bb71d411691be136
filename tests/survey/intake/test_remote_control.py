"""The answers taken from the server of the form: pages, errors said with status 200, the session always released."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from observatoire.errors import DeliveryRefused, FetchFailed, ObservatoireError, UsageError
from observatoire.protocols import limesurvey
from observatoire.settings import Settings
from observatoire.survey.intake.importing import Import, import_server
from tests.servers import Answer, Server, html, redirect
from tests.survey.intake.remote import ACCOUNT, ADDRESS, LimeSurveyServer
from tests.survey.intake.surveys import KEY, PERSON, RESPONSES, as_csv, clear_text, response, rows, take, write_codebook
from tests.test_cli import run

FORM = {"url": ADDRESS, "survey": 9, "page": 2}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def online(office: Settings, server: Server) -> Settings:
    """Settings whose real addresses are answered by the test's server."""
    write_codebook(office, limesurvey=FORM)
    return replace(office, mirror_url=server.url)


def ask(online: Settings, account: tuple[str, str] = ACCOUNT) -> Import:
    return import_server(online, "essai", key=KEY, account=account)


def test_the_pages_give_what_a_file_gives(online: Settings, server: Server) -> None:
    tool = LimeSurveyServer(RESPONSES)
    tool.install(server)
    done = ask(online)
    assert tool.open_sessions == 0
    assert tool.calls == [
        "get_session_key", "list_surveys", "get_fieldmap", "get_summary", *["export_responses"] * 3, "release_session_key",
    ]  # fmt: skip
    assert done.received == 3
    assert not take(online, as_csv(RESPONSES)).new
    assert clear_text(online.data, *PERSON.values(), *ACCOUNT, "CLE-DE-SESSION") == []


def test_gaps_left_by_deleted_responses_are_passed(online: Settings, server: Server) -> None:
    spaced = [response(1), {**response(2), "id": "41"}]
    LimeSurveyServer(spaced).install(server)
    assert ask(online).received == 2


def test_responses_that_come_meanwhile_are_taken(online: Settings, server: Server) -> None:
    LimeSurveyServer([response(n) for n in range(1, 8)], announced=3).install(server)
    assert ask(online).received == 7


def test_columns_of_limesurvey_7_bind_by_the_codes_of_its_field_map(online: Settings, server: Server) -> None:
    names = {"IA": "Q2", "OU[SQ1]": "Q3_S31", "OU[SQ2]": "Q3_S32", "OU[other]": "Q3_Cother", "QUI": "Q4"}
    codes = {name: head.rstrip("]").partition("[") for head, name in names.items()}
    fieldmap = {name: {"fieldname": name, "title": code, "aid": part} for name, (code, _, part) in codes.items()}
    renamed = [{names.get(head, head): cell for head, cell in row.items()} for row in RESPONSES]
    LimeSurveyServer(renamed, fieldmap=fieldmap).install(server)
    done = ask(online)
    assert done.unreadable == {} and not take(online, as_csv(RESPONSES)).new


def test_the_siren_may_be_in_the_table_of_participants(online: Settings, server: Server) -> None:
    write_codebook(online, limesurvey=FORM, siren="attribute_1", siren_label=None)
    unsaid = [{head: cell for head, cell in row.items() if head != "SIREN"} for row in RESPONSES]
    person = {"firstname": "Zoé", "lastname": "Durand", "email": PERSON["MAIL"]}
    people = [
        {"token": row["token"], "participant_info": person, "attribute_1": row["SIREN"]} for row in reversed(RESPONSES)
    ]
    LimeSurveyServer(unsaid, participants=people).install(server)
    assert ask(online).kept == 3
    assert {row["siren"] for row in rows(online)} == {"210000001", "210000002", "210000003"}
    assert clear_text(online.data, "Zoé", "Durand", PERSON["MAIL"]) == []
    tool = LimeSurveyServer(unsaid, participants=[{"token": "x", "participant_info": person}])
    tool.install(server)
    with pytest.raises(FetchFailed, match="n'ont pas d'attribut « attribute_1 »"):
        ask(online)
    assert tool.open_sessions == 0


PAGE = base64.b64encode(b'{"responses": [{"id": 1, "nom": "Zo').decode()
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no right": (
        {"export_responses": {"status": "No permission"}},
        "l'enquête 9 n'existe pas, ou le compte n'a pas le droit",
    ),
    "expired": ({"get_summary": {"status": "Invalid session key"}}, "la session a expiré"),
    "language": ({"get_fieldmap": {"status": "Language code not found for this survey."}}, "n'a pas la langue « fr »"),
    "unknown status": (
        {"export_responses": {"status": "Invalid survey ID"}},
        "le serveur répond « Invalid survey ID »",
    ),
    "another survey": ({"list_surveys": [{"sid": 8}]}, "n'est pas parmi celles que ce compte peut lire"),
    "cut page": ({"export_responses": PAGE}, "une page de réponses est illisible"),
    "not base64": ({"export_responses": "{}"}, "une page de réponses est illisible"),
    "HTML": ({"get_fieldmap": html("<!DOCTYPE html>Zoé")}, "n'est pas celle de RemoteControl 2"),
    "500": ({"get_summary": Answer(500, b"<!DOCTYPE html>")}, "le serveur a répondu 500"),
    "redirected": ({"get_summary": redirect("https://ailleurs.exemple.org/x", 307)}, "plus de 0 redirections"),
    "fewer": ({"get_summary": {"full_responses": 12}}, "3 réponses reçues sur 12 annoncées"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_in_one_line_and_the_session_is_released(online: Settings, server: Server, name: str) -> None:
    answers, said = FAULTS[name]
    tool = LimeSurveyServer(RESPONSES, answers=answers)
    tool.install(server)
    with pytest.raises(FetchFailed if name not in ("cut page", "not base64", "HTML") else DeliveryRefused) as caught:
        ask(online)
    message = str(caught.value)
    assert said in message and "Rien n'est importé" in message and "\n" not in message
    assert not {word for word in (*ACCOUNT, "CLE-DE-SESSION", "Zo") if word in message}
    assert tool.open_sessions == 0 and tool.calls[-1] == "release_session_key"
    assert not (online.data / "restricted").exists()


def test_a_release_that_fails_does_not_hide_the_first_error(online: Settings, server: Server) -> None:
    tool = LimeSurveyServer(RESPONSES, answers={"list_surveys": [], "release_session_key": html()})
    tool.install(server)
    with pytest.raises(FetchFailed, match="n'est pas parmi celles"):
        ask(online)


def test_a_refused_account(online: Settings, server: Server) -> None:
    LimeSurveyServer(RESPONSES).install(server)
    with pytest.raises(FetchFailed) as caught:
        ask(online, ("lecteur-9", "faux-mot"))
    assert "OBSERVATOIRE_LIMESURVEY_USER" in str(caught.value) and "faux-mot" not in str(caught.value)


def test_the_account_comes_from_the_environment(online: Settings, server: Server) -> None:
    with pytest.raises(UsageError, match="OBSERVATOIRE_LIMESURVEY_PASSWORD"):
        limesurvey.account({"OBSERVATOIRE_LIMESURVEY_USER": "lecteur-9"})
    LimeSurveyServer(RESPONSES).install(server)
    secrets = {
        "OBSERVATOIRE_SURVEY_KEY": KEY.decode(),
        "OBSERVATOIRE_LIMESURVEY_USER": ACCOUNT[0],
        "OBSERVATOIRE_LIMESURVEY_PASSWORD": ACCOUNT[1],
        "OBSERVATOIRE_MIRROR_URL": server.url,
    }
    done = run(online, "survey", "import", "essai", **secrets)
    assert done.returncode == 0, done.stderr
    assert "3 réponses reçues" in done.stdout


def test_without_an_address_a_file_is_asked_for(office: Settings) -> None:
    with pytest.raises(ObservatoireError, match="ou donner un fichier à importer"):
        import_server(office, "essai", key=KEY, account=ACCOUNT)
