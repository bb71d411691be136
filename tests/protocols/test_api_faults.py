"""Every protocol against every fault: pages, the login and the resolver get what http_file gets, and then their own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observatoire.archive import Archive
from observatoire.errors import DeliveryRefused, FetchFailed
from observatoire.formats import FormatRefused, read_bytes
from observatoire.ingest import ingest_source
from observatoire.sources.spec import Source
from tests.protocols.conftest import API, LOGIN, URL, Bench
from tests.protocols.test_http_faults import FAULTS, KEPT, ONCE, Fault
from tests.protocols.test_paged_api import KINDS, LOGS_IN, RECORDS, SECRET, TOKEN, logged_in
from tests.servers import Answer, PagedApi, Server, html

DATASET = "https://www.data.gouv.fr/api/1/datasets/inventaire/"
PAGE = "https://www.producteur.fr/telechargements/"
DATASET_RULE = {"dataset": "inventaire", "title": "Communes"}
PAGE_RULE = {"page": PAGE, "link": r"communes\.csv$"}
LISTING = {"resources": [{"id": "r1", "title": "Communes", "url": URL}]}

# What belongs to files (zips), or to the very address of the other tests, is not for answers of APIs.
ANSWERS = {
    name: fault
    for name, fault in FAULTS.items()
    if not name.startswith(("zip", "member", "no zip", "no workbook", "workbook", "too big", "loop", "empty"))
}
WEB = {"html by type", "xhtml by type", "html by bytes", "html after a comment", "html after a prolog"}
TRIES = {name for name, fault in ANSWERS.items() if fault.calls > 1}


def page_one(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.script(API, answer)
    return bench.api(**options)


def page_two(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.route(API, PagedApi(RECORDS, "cursor", faults=dict.fromkeys(range(2, 12), answer)))
    return bench.api("cursor", **options)


def post(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.script(API, answer)
    return bench.api("iteration_token", **options)


def login(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.script(LOGIN, answer)
    return bench.api(**LOGS_IN, **options)


def dataset(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.script(DATASET, answer)
    return bench.source(resolve=DATASET_RULE, **options)


def page(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.script(PAGE, answer)
    return bench.source(resolve=PAGE_RULE, **options)


def found_file(bench: Bench, server: Server, answer: Answer, options: dict[str, Any]) -> Source:
    server.script(DATASET, Answer(body=json.dumps(LISTING).encode()))
    server.script(URL, answer)
    return bench.source(resolve=DATASET_RULE, **options)


Place = Callable[[Bench, Server, Answer, dict[str, Any]], Source]
PLACES: dict[str, Place] = {
    "page one": page_one,
    "page two": page_two,
    "post": post,
    "login": login,
    "dataset": dataset,
    "page": page,
    "found file": found_file,
}


def says(place: str, name: str, fault: Fault) -> str | None:
    """What the message holds; None when the answer is no fault there."""
    if name in WEB:
        return {"login": "n'a pas donné de jeton", "page": None}.get(place, fault.says)
    if place in ("post", "login") and fault.answer.status == 302:
        return "redirection sans adresse" if name == "no location" else "redirection"
    return fault.says


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ANSWERS)
def test_a_fault_anywhere_is_one_french_line_and_leaves_nothing(
    name: str, place: str, bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = ANSWERS[name]
    expected = says(place, name, fault)
    if expected is None or (name == "not utf-8" and place in ("post", "login")):
        return
    monkeypatch.setenv("CLE_ESSAI", SECRET)
    source = PLACES[place](bench, server, fault.answer, fault.options)
    with pytest.raises((FetchFailed, DeliveryRefused)) as caught:
        bench.fetch(source)
    message = str(caught.value)
    assert expected in message
    assert message.startswith("cog_communes : ") and message.endswith(".") and "\n" not in message
    assert KEPT in message
    assert SECRET not in message and "secret" not in message
    before = 1 if place in ("page two", "found file") else 0
    assert len(server.seen) == fault.calls + before
    assert bench.left == []


@pytest.mark.parametrize("place", ["page one", "page two", "post", "dataset"])
@pytest.mark.parametrize("name", ONCE)
def test_what_may_pass_is_tried_again_anywhere(name: str, place: str, bench: Bench, server: Server) -> None:
    fault = ONCE[name]
    options = {"read_timeout": 0.5} if name == "silence" else {}
    if place == "dataset":
        server.script(DATASET, fault, Answer(body=json.dumps(LISTING).encode()))
        server.script(URL, Answer(body=b"code;nom\n"))
        assert bench.fetched(bench.source(resolve=DATASET_RULE, **options)).url == URL
        assert len(server.requests(DATASET)) == 2
        return
    kind = {"page one": "page", "page two": "cursor", "post": "iteration_token"}[place]
    server.route(API, PagedApi(RECORDS, kind, faults={2 if place == "page two" else 1: fault}))
    found = bench.fetched(bench.api(kind, **options))
    assert [json.loads(line) for line in found.path.read_text().splitlines()] == RECORDS
    assert len(server.requests(API)) == 4


def answer(**content: Any) -> Answer:
    return Answer(body=json.dumps(content).encode())


PAGES = {
    "not json": (Answer(body=b"code;nom\n"), "page", "la réponse n'est pas du JSON"),
    "json cut": (Answer(body=b'{"results": [{"code": "1"'), "page", "la réponse n'est pas du JSON"),
    "json too deep": (Answer(body=b"[" * 100_000), "page", "la réponse n'est pas du JSON"),
    "not a number": (Answer(body=b'{"results": [{"code": NaN}], "total": 1}'), "page", "n'est pas du JSON"),
    "empty body": (Answer(body=b""), "page", "la réponse n'est pas du JSON"),
    "an error in a 200": (answer(error="quota"), "page", "liste d'enregistrements absente sous « results »"),
    "not a list": (answer(results={"a": 1}, total=1), "page", "liste d'enregistrements absente"),
    "not objects": (answer(results=["a"], total=1), "page", "ne contient pas que des objets"),
    "no total": (answer(results=[{"code": "1"}]), "page", "nombre total absent sous « total »"),
    "nothing": (answer(results=[], total=0), "page", "l'API ne donne aucun enregistrement"),
    "empty page": (answer(results=[], total=25), "page", "une page vide est arrivée après 0 enregistrements sur 25"),
    "empty offset": (answer(results=[], total=25), "offset", "une page vide"),
    "empty with a token": (answer(results=[], total=25, next="c1"), "iteration_token", "une page vide"),
    "no more token": (answer(results=[{"code": "1"}], total=25), "cursor", "la dernière page est arrivée après 1"),
    "no more link": (answer(results=[{"code": "1"}], total=25, next=None), "next_link", "la dernière page"),
    "elsewhere": (
        answer(results=[{"code": "1"}], total=2, next="https://x.fr/?t=secret"),
        "next_link",
        "autre serveur",
    ),
    "not http": (answer(results=[{"code": "1"}], total=2, next="file:///etc/passwd"), "next_link", "autre serveur"),
    "whole, cut": (answer(results=[{"code": "1"}], total=2), "none", "la dernière page est arrivée après 1"),
}


@pytest.mark.parametrize("name", PAGES)
def test_an_answer_that_does_not_add_up_is_refused(name: str, bench: Bench, server: Server) -> None:
    given, kind, expected = PAGES[name]
    server.script(API, given)
    with pytest.raises(DeliveryRefused) as caught:
        bench.fetch(bench.api(kind))
    message = str(caught.value)
    assert expected in message and KEPT in message and "\n" not in message and "secret" not in message
    assert len(server.seen) == 1 and bench.left == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("total", ["total", None])
def test_a_page_that_comes_again_is_refused(kind: str, total: str | None, bench: Bench, server: Server) -> None:
    server.script(API, *(answer(results=RECORDS[:10], total=25, next=f"{API}?after={n}") for n in range(9)))
    with pytest.raises(DeliveryRefused, match="répète une page déjà reçue"):
        bench.fetch(bench.api(kind, total=total))
    assert len(server.seen) == 2 and bench.left == []


@pytest.mark.parametrize("kind", ["cursor", "next_link", "iteration_token"])
def test_a_token_that_comes_again_is_refused(kind: str, bench: Bench, server: Server) -> None:
    server.script(API, *(answer(results=[{"code": str(n)}], total=25, next=f"{API}?after=1") for n in range(9)))
    with pytest.raises(DeliveryRefused, match="répète une position déjà lue"):
        bench.fetch(bench.api(kind))
    assert len(server.seen) == 2 and bench.left == []


@pytest.mark.parametrize("kind", ["page", "offset"])
@pytest.mark.parametrize(("total", "calls"), [("total", 1), (None, 2)])
def test_nothing_is_asked_beyond_the_window(
    kind: str, total: str | None, calls: int, bench: Bench, server: Server
) -> None:
    server.route(API, PagedApi(RECORDS, kind, window=20))
    with pytest.raises(FetchFailed, match=r"n'en donne que 20 par requête .*Découper la demande par « queries »"):
        bench.fetch(bench.api(kind, total=total, pagination={"window": 25}))
    assert len(server.seen) == calls and bench.left == []


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_a_window_that_the_specification_does_not_know_is_the_servers_400(
    kind: str, bench: Bench, server: Server
) -> None:
    server.route(API, PagedApi(RECORDS, kind, window=20))
    with pytest.raises(FetchFailed, match="a répondu 400"):
        bench.fetch(bench.api(kind))
    assert len(server.seen) == 3 and bench.left == []


def test_pages_that_grow_without_end_are_given_up(bench: Bench, server: Server) -> None:
    server.route(API, PagedApi(RECORDS, "cursor"))
    with pytest.raises(DeliveryRefused, match="les pages dépassent ensemble la limite de 900 octets"):
        bench.fetch(bench.api("cursor", max_bytes=900))
    assert bench.left == []


def test_a_renamed_field_is_refused_by_the_reading(bench: Bench, server: Server, tmp_path: Path) -> None:
    server.route(API, PagedApi([{"code": "1", "libelle": "x"}]))
    source = bench.api()
    found = bench.fetched(source)
    with pytest.raises(FormatRefused, match="colonne « nom » absente"):
        read_bytes(bench.settings, source, found.path, tmp_path / "x.parquet")


def test_no_secret_is_left_anywhere(bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a success, a refusal and each failure, the whole tree and every message are searched."""
    monkeypatch.setenv("CLE_ESSAI", SECRET)
    source = bench.api(attempts=2, **LOGS_IN)
    settings = dataclasses.replace(bench.settings, project=bench.settings.data)
    server.route(LOGIN, logged_in)
    outcomes = []
    for api in (PagedApi(RECORDS, token=TOKEN), PagedApi(RECORDS, token="autre"), PagedApi(RECORDS[:2], token=TOKEN)):
        server.route(API, api)
        outcomes += ingest_source(settings, source)
    for fault in (Answer(500), Answer(403), Answer(body=SECRET.encode()), Answer(reset=True), html(SECRET)):
        server.script(LOGIN, fault)
        outcomes += ingest_source(settings, source)
    assert [result.outcome for result in outcomes] == ["nouvelle", "échec", "refusée", "échec", "échec", "refusée", "échec", "refusée"]  # fmt: skip
    assert [delivery.source for delivery in Archive(settings.raw).deliveries(source.id)] == ["cog_communes"]
    texts = [path.read_bytes() for path in settings.data.rglob("*") if path.is_file()]
    texts += [repr(result).encode() for result in outcomes]
    assert len(texts) > 10
    assert not [text for text in texts if SECRET.encode() in text or TOKEN.encode() in text]


def test_a_refused_page_keeps_the_delivery_and_degrades_the_source(bench: Bench, server: Server) -> None:
    source = bench.api()
    server.route(API, PagedApi(RECORDS))
    (first,) = ingest_source(bench.settings, source)
    server.route(API, PagedApi(RECORDS, faults={2: Answer(404)}))
    (second,) = ingest_source(bench.settings, source)
    assert (first.outcome, second.outcome, second.degraded) == ("nouvelle", "échec", True)
    assert isinstance(second.message, str) and "page 2" in second.message
    server.route(API, PagedApi(RECORDS[::-1]))
    (third,) = ingest_source(bench.settings, source)
    assert third.outcome == "inchangée"
    assert [path.name for path in Archive(bench.settings.raw).incoming.iterdir()] == []
