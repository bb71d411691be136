"""What paged_api gives when all goes well, what it asks for, and what it never writes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from observatoire.errors import DeliveryRefused, FetchFailed
from observatoire.protocols import NotModified, Validators
from observatoire.protocols.json_lines import at_path, json_line, read_json, stripped
from tests.protocols.conftest import API, LOGIN, PAGINATIONS, Bench
from tests.servers import Answer, PagedApi, Server, redirect

RECORDS = [{"code": f"{n:05}", "nom": f"Commune {n}"} for n in range(25)]
SECRET, TOKEN = "cle-secrete-7Q", "jeton-secret-9Z"
KINDS = list(PAGINATIONS)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_comes(kind: str, bench: Bench, server: Server) -> None:
    server.route(API, PagedApi(RECORDS, kind))
    found = bench.fetched(bench.api(kind))
    assert lines(found.path) == RECORDS
    assert len(server.requests(API)) == 3
    assert (found.media_type, found.etag, found.date) == ("application/x-ndjson", None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_answer_in_another_order_is_the_same_delivery(kind: str, bench: Bench, server: Server) -> None:
    digests = set()
    for seed in range(3):
        shuffled = [dict(random.Random(seed).sample(list(record.items()), 2)) for record in RECORDS]
        random.Random(seed).shuffle(shuffled)
        server.route(API, PagedApi(shuffled, kind))
        found = bench.fetched(bench.api(kind))
        digests.add(found.sha256)
        found.path.unlink()
    assert len(digests) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 9, 10, 20])
def test_without_a_total_the_end_is_seen(kind: str, count: int, bench: Bench, server: Server) -> None:
    server.route(API, PagedApi(RECORDS[:count], kind))
    assert lines(bench.fetched(bench.api(kind, total=None)).path) == RECORDS[:count]


def test_the_whole_at_once(bench: Bench, server: Server) -> None:
    server.script(API, Answer(body=json.dumps(RECORDS[::-1]).encode()))
    source = bench.api("none", total=None, records="", params={"where": "a = 'é'", "page": 1, "json": True})
    found = bench.fetched(source)
    assert lines(found.path) == RECORDS
    assert found.url == f"{API}?where=a%20%3D%20%27%C3%A9%27&page=1&json=true"
    assert [seen.path.partition("?")[2] for seen in server.seen] == [found.url.partition("?")[2]]


def test_queries_are_asked_in_turn_and_merged(bench: Bench, server: Server) -> None:
    api = {"ia": PagedApi(RECORDS[:15]), "algorithme": PagedApi(RECORDS[10:])}
    server.route(API, lambda seen: api["ia" if "q=ia" in seen.path else "algorithme"](seen))
    found = bench.fetched(bench.api(queries=[{"q": "ia"}, {"q": "algorithme"}]))
    assert lines(found.path) == RECORDS
    assert len(server.seen) == 4


def test_a_post_carries_its_fields_in_the_body(bench: Bench, server: Server) -> None:
    server.route(API, PagedApi(RECORDS, "iteration_token"))
    source = bench.api(
        "iteration_token", body={"query": "x", "fields": ["a"]}, queries=[{"scope": "ACTIVE"}], headers={"X-Page": "1"}
    )
    bench.fetched(source)
    bodies = [json.loads(seen.body) for seen in server.seen]
    first = {"fields": ["a"], "limit": 10, "query": "x", "scope": "ACTIVE"}
    assert bodies == [first, {**first, "token": "c10"}, {**first, "token": "c20"}]
    assert {(seen.method, seen.headers["x-page"], seen.path) for seen in server.seen} == {
        ("POST", "1", "/api.producteur.fr/v1/search")
    }


def test_the_rate_is_polite(bench: Bench, server: Server) -> None:
    server.route(API, PagedApi(RECORDS))
    bench.fetched(bench.api(rate=2))
    assert bench.time.slept == [0.5, 0.5]


def test_numbers_keep_their_text_and_half_characters_are_replaced(bench: Bench, server: Server) -> None:
    record = b'{"nom":"\\ud800x","code":"1","montant":1.10,"grand":12345678901234567890123.50,"puissance":1E5}'
    server.script(API, Answer(body=b'{"results":[' + record + b'],"total":1}'))
    text = bench.fetched(bench.api()).path.read_text()
    assert text == ('{"code":"1","grand":12345678901234567890123.50,"montant":1.10,"nom":"\ufffdx","puissance":1E5}\n')


def test_what_must_not_be_kept_is_never_written(bench: Bench, server: Server, tmp_path: Path) -> None:
    record = {
        "code": "1",
        "nom": "Lyon",
        "elus": [{"nom": "Personne Privée"}],
        "siege": {"dirigeants": "Personne Privée", "ville": "Lyon"},
        "matching": [{"dirigeants": [{"nom": "Personne Privée"}], "code": "2"}],
    }
    server.script(API, Answer(body=json.dumps({"results": [record], "total": 1}).encode()))
    paths = ["elus", "siege.dirigeants", "matching.dirigeants", "absent.x"]
    found = bench.fetched(bench.api(strip_before_archive=paths))
    assert lines(found.path) == [{"code": "1", "nom": "Lyon", "siege": {"ville": "Lyon"}, "matching": [{"code": "2"}]}]
    assert not any("Privée" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_only_what_is_new(bench: Bench, server: Server) -> None:
    server.route(API, PagedApi(RECORDS[:3]))
    since = {"column": "date", "start": "2024-01-01"}
    source = bench.api(since=since, params={"where": "d >= date'{since}'"}, columns=("code", "date"))
    bench.fetched(source, since="2026-03-04").path.unlink()
    bench.fetched(source)
    assert [seen.path.split("where=")[1].split("&")[0] for seen in server.seen] == [
        "d%20%3E%3D%20date%272026-03-04%27",
        "d%20%3E%3D%20date%272024-01-01%27",
    ]
    server.script(API, Answer(body=b'{"results": [], "total": 0}'))
    assert bench.fetch(source, since="2026-03-04", previous=Validators()) == NotModified(API)
    assert bench.left == [path for path in bench.left if path.suffix == ".part"] and len(bench.left) == 1


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLE_ESSAI", SECRET)


LOGS_IN = {"login": {"url": LOGIN, "env": "CLE_ESSAI"}}


def logged_in(seen: Any) -> Answer:
    good = (seen.method, seen.headers.get("x-auth-token")) == ("POST", SECRET)
    return Answer(body=json.dumps({"token": TOKEN}).encode()) if good else Answer(401)


def test_a_token_is_asked_once_and_sent(bench: Bench, server: Server, secret: None) -> None:
    server.route(LOGIN, logged_in)
    server.route(API, PagedApi(RECORDS, token=TOKEN))
    assert lines(bench.fetched(bench.api(**LOGS_IN)).path) == RECORDS
    assert len(server.requests(LOGIN)) == 1
    assert all("x-auth-token" not in seen.headers for seen in server.requests(API))


def test_a_token_does_not_follow_a_redirection_elsewhere(bench: Bench, server: Server, secret: None) -> None:
    server.route(LOGIN, logged_in)
    server.script(API, redirect("https://ailleurs.fr/search?page=1"))
    server.route("https://ailleurs.fr/search", PagedApi(RECORDS[:5]))
    bench.fetched(bench.api(**LOGS_IN))
    assert "authorization" in server.requests(API)[0].headers
    assert "authorization" not in server.requests("https://ailleurs.fr/search")[0].headers


@pytest.mark.parametrize(
    ("value", "answer", "error", "says"),
    [
        (None, Answer(), FetchFailed, "la variable d'environnement CLE_ESSAI n'est pas définie"),
        (SECRET + "\n", Answer(), FetchFailed, "contient un caractère"),
        (SECRET + "é", Answer(), FetchFailed, "contient un caractère"),
        (SECRET, Answer(401), FetchFailed, "a répondu 401"),
        (SECRET, Answer(403), FetchFailed, "a répondu 403"),
        (SECRET, Answer(body=b"{}"), DeliveryRefused, "n'a pas donné de jeton"),
        (SECRET, Answer(body=b'{"token": "a\\nb"}'), DeliveryRefused, "n'a pas donné de jeton"),
        (SECRET, Answer(body=b"<html>"), DeliveryRefused, "n'a pas donné de jeton"),
        (SECRET, redirect("https://ailleurs.fr/x"), FetchFailed, "redirection 302 d'une requête POST"),
    ],
)
def test_a_login_that_fails(
    value: str | None,
    answer: Answer,
    error: type[Exception],
    says: str,
    bench: Bench,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if value:
        monkeypatch.setenv("CLE_ESSAI", value)
    server.script(LOGIN, answer)
    with pytest.raises(error, match=says) as caught:
        bench.fetch(bench.api(**LOGS_IN))
    assert SECRET not in str(caught.value) and "\n" not in str(caught.value)
    assert server.requests(API) == [] and bench.left == []


def test_paths_and_lines() -> None:
    assert at_path({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert at_path({"a": {"b": {"c": 3}}}, "a.b.c") == 3
    assert at_path({"a": [1]}, "a.b") is None and at_path([1], "") == [1]
    assert json_line(read_json(b'{"b": [1.0, {"z": null, "a": true}], "a": "\xc3\xa9\\n"}')) == (
        '{"a":"é\\n","b":[1.0,{"a":true,"z":null}]}'
    )
    assert stripped({"a": {"b": 1, "c": [{"b": 1, "d": 2}]}}, ["a.b", "a.c.b"]) == {"a": {"c": [{"d": 2}]}}
