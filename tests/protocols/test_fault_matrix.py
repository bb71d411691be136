"""Every way of getting bytes against every fault, from the address to what « observatoire sources » would say.

A good delivery is taken in, then each fault is met, then a good one again: one French line, the first delivery still in use,
the source degraded, then mended. What each protocol does in detail is in the other files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from observatoire.archive import Archive
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.protocols import PROTOCOLS
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sources.transport import Pagination
from observatoire.state import read_source_state
from tests.helpers import make_source
from tests.protocols.conftest import API, LOGIN, PAGINATIONS, URL, Bench
from tests.protocols.test_paged_api import SECRET, TOKEN, logged_in
from tests.servers import Answer, PagedApi, Server, html

DATASET = "https://www.data.gouv.fr/api/1/datasets/inventaire/"
PAGE = "https://www.producteur.fr/telechargements/"
EXPORT = "https://portail.fr/api/explore/v2.1/catalog/datasets/avis/exports/jsonl"
RECORDS = [{"code": f"{n:05}", "nom": f"Commune {n}", "date": "2026-01-01"} for n in range(25)]
RENAMED = [{"code": item["code"], "libelle": item["nom"], "date": item["date"]} for item in RECORDS]
CSV = {"name": "csv", "delimiter": ";"}
JSONL = {"name": "jsonl"}
QUICK = {"attempts": 2, "read_timeout": 0.2}


def text(records: list[dict[str, str]]) -> bytes:
    lines = [";".join(records[0]), *(";".join(item.values()) for item in records)]
    return "\n".join(lines).encode()


def json_lines(records: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in records).encode()


def as_json(**content: Any) -> Answer:
    return Answer(body=json.dumps(content).encode())


ANSWERS = {
    "400": Answer(400, b'{"error": "beyond the window"}'),
    "401": Answer(401),
    "403": Answer(403),
    "429 and Retry-After": Answer(429, headers={"Retry-After": "0"}),
    "5xx": Answer(503),
    "truncated": Answer(body=b'{"results": [{"code": "00001", "nom": "x"}], "total": 1}', cut_at=20),
    "slow": Answer(hang=True),
    "html in a 200": html(),
}
SAYS = {
    "400": "a répondu 400", "401": "autorisation", "403": "L'accès est refusé", "429 and Retry-After": "a répondu 429",
    "5xx": "a répondu 503", "truncated": "tronqué", "slow": "ne répond pas à temps", "html in a 200": "page HTML",
    "a changed header": "colonne « nom »", "an empty page": "", "a repeated token": "",
}  # fmt: skip
AGAIN = {"429 and Retry-After", "5xx", "truncated", "slow"}  # what may pass by itself is asked twice here
FAULTS = list(SAYS)

Serve = Callable[[Server, str | None], None]


@dataclass(frozen=True)
class Way:
    """How bytes are got: a specification, a server with a fault or none, where the fault is, and what differs in words.

    `says` holds what the message says of a fault when it is not the usual; None: the fault has no meaning there.
    """

    protocol: dict[str, Any]
    serve: Serve
    at: str
    says: dict[str, str | None]
    form: dict[str, str]


def file(server: Server, fault: str | None) -> None:
    body = {"a changed header": text(RENAMED), "an empty page": b""}.get(fault or "", text(RECORDS))
    server.script(URL, ANSWERS.get(fault or "", Answer(body=body)))


def dataset(server: Server, fault: str | None) -> None:
    file(server, fault if fault == "a changed header" else None)
    resources = [] if fault == "an empty page" else [{"id": "r1", "title": "Communes", "url": URL}]
    server.script(DATASET, ANSWERS.get(fault or "", as_json(resources=resources)))


def page(server: Server, fault: str | None) -> None:
    file(server, fault if fault == "a changed header" else None)
    link = "" if fault == "an empty page" else f'<a href="{URL}">Communes</a>'
    server.script(PAGE, ANSWERS.get(fault or "", html(f"<!DOCTYPE html><html>{link}</html>")))


def export(server: Server, fault: str | None) -> None:
    body = {"a changed header": json_lines(RENAMED), "an empty page": b""}.get(fault or "", json_lines(RECORDS))
    server.script(EXPORT, ANSWERS.get(fault or "", Answer(body=body)))


def whole(server: Server, fault: str | None) -> None:
    records = {"a changed header": RENAMED, "an empty page": []}.get(fault or "", RECORDS)
    server.script(API, ANSWERS.get(fault or "", as_json(results=records, total=len(records))))


def pages(kind: str) -> Serve:
    def serve(server: Server, fault: str | None) -> None:
        """The fault is that of the second page; the limit of the window shows on the first."""
        if fault == "400" and kind in ("page", "offset"):
            server.script(API, as_json(results=RECORDS[:10], total=10_050))
            return
        here = f"{API}?limit=10&after=10" if kind == "next_link" else "c10"
        again = {"page": RECORDS[:10], "offset": RECORDS[:10]}.get(kind, RECORDS[10:20])
        second = {
            "an empty page": as_json(results=[], total=25, next=here),
            "a repeated token": as_json(results=again, total=25, next=here),
        }
        answer = {**ANSWERS, **second}.get(fault or "")
        records = RENAMED if fault == "a changed header" else RECORDS
        server.route(API, PagedApi(records, kind, faults=dict.fromkeys(range(2, 9), answer) if answer else {}))

    return serve


def login(server: Server, fault: str | None) -> None:
    answer = as_json() if fault == "an empty page" else ANSWERS.get(fault or "")
    server.route(LOGIN, (lambda _: answer) if answer else logged_in)
    server.route(API, PagedApi(RENAMED if fault == "a changed header" else RECORDS, token=TOKEN))


def paged(kind: str, **says: str | None) -> Way:
    protocol = {
        "name": "paged_api", "url": API, "records": "results", "total": "total", "rate": 50, **QUICK,
        "pagination": {"kind": kind, **PAGINATIONS.get(kind, {})}, "method": "POST" if kind == "iteration_token" else "GET",
    }  # fmt: skip
    words = {"an empty page": "une page vide", "a repeated token": "répète une position déjà lue"}
    return Way(protocol, pages(kind), API, {**words, **says}, JSONL)


BEYOND = {"400": "10050 enregistrements annoncés quand l'API n'en donne que 10000"}
REPEATED = {"a repeated token": "répète une page déjà reçue"}
NONE_TO_REPEAT: dict[str, str | None] = {"a repeated token": None}  # one answer is all there is
NO_TOKEN = "n'a pas donné de jeton"
HTTP = {"name": "http_file", **QUICK}
SINCE = {"column": "date", "start": "2024-01-01"}

WAYS = {
    "http_file": Way({**HTTP, "url": URL}, file, URL, {**NONE_TO_REPEAT, "an empty page": "réponse vide"}, CSV),
    "resolved in a dataset": Way(
        {**HTTP, "resolve": {"dataset": "inventaire", "title": "Communes"}}, dataset, DATASET,
        {**NONE_TO_REPEAT, "an empty page": "dans le jeu de données"}, CSV,
    ),
    "resolved in a page": Way(
        {**HTTP, "resolve": {"page": PAGE, "link": r"communes\.csv$"}}, page, PAGE,
        {**NONE_TO_REPEAT, "an empty page": "aucun des 0 liens", "html in a 200": "aucun des 0 liens"}, CSV,
    ),
    "ODS export": Way(
        {**HTTP, "url": EXPORT, "params": {"where": "date >= date'{since}'"}, "since": SINCE}, export, EXPORT,
        {**NONE_TO_REPEAT, "an empty page": "réponse vide"}, JSONL,
    ),
    "whole at once": Way(
        {**paged("none").protocol}, whole, API,
        {**NONE_TO_REPEAT, "an empty page": "ne donne aucun enregistrement"}, JSONL,
    ),
    "offset": paged("offset", **BEYOND, **REPEATED),
    "page": paged("page", **BEYOND, **REPEATED),
    "cursor": paged("cursor"),
    "next link": paged("next_link"),
    "iteration token": paged("iteration_token"),
    "login": Way(
        {**paged("page").protocol, "login": {"url": LOGIN, "env": "CLE_ESSAI"}}, login, LOGIN,
        {**NONE_TO_REPEAT, "an empty page": NO_TOKEN, "html in a 200": NO_TOKEN}, JSONL,
    ),
}  # fmt: skip
CELLS = [(way, fault) for way in WAYS for fault in FAULTS if WAYS[way].says.get(fault, SAYS[fault]) is not None]


def test_only_what_has_no_meaning_is_left_out() -> None:
    """Tokens repeat where there are pages; everything else is tried everywhere."""
    paged_ways = {"offset", "page", "cursor", "next link", "iteration token"}
    left = {(way, fault) for way in WAYS for fault in FAULTS} - set(CELLS)
    assert left == {(way, "a repeated token") for way in WAYS.keys() - paged_ways}
    kinds = get_args(Pagination.model_fields["kind"].annotation)
    assert {way.protocol["pagination"]["kind"] for way in WAYS.values() if "pagination" in way.protocol} == set(kinds)
    assert {way.protocol["name"] for way in WAYS.values()} == PROTOCOLS.keys() - {"register"}


@pytest.mark.parametrize("name", WAYS)
def test_every_fault_degrades_the_source_and_none_loses_the_last_good_delivery(
    name: str, server: Server, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLE_ESSAI", SECRET)
    monkeypatch.setattr("observatoire.protocols.http_rules.BACKOFF", 0.0)
    way, settings = WAYS[name], bench.settings
    mode = "increment" if "since" in way.protocol else "snapshot"
    source = make_source(way.form, ("code", "nom", "date"), protocol=way.protocol, mode=mode)
    way.serve(server, None)
    good = take(settings, source)
    assert good.outcome == "nouvelle" and good.delivery, good.message

    for fault in (fault for at, fault in CELLS if at == name):
        way.serve(server, fault)
        before = len(server.requests(way.at))
        result = take(settings, source)

        message, asked = str(result.message), len(server.requests(way.at)) - before
        assert result.degraded and (way.says.get(fault) or SAYS[fault]) in message, (fault, result)
        assert "\n" not in message and message.startswith("essai") and SECRET not in message, (fault, message)
        assert "reste utilisée" in message and message.endswith((".", "#colonne-renommee")), (fault, message)
        assert [used.sha256 for used in deliveries_in_use(settings, source)] == [good.delivery.sha256], fault
        state = read_source_state(settings, source.id)
        assert state.degraded_since and state.message == message, fault
        assert not list(Archive(settings.raw).incoming.iterdir()), fault
        if fault in ANSWERS and "annoncés" not in message:
            first_page = int(way.serve.__qualname__.startswith("pages"))
            assert asked == first_page + (2 if fault in AGAIN else 1), fault

    way.serve(server, None)
    assert not take(settings, source).degraded
    assert read_source_state(settings, source.id).degraded_since is None


def take(settings: Settings, source: Source) -> Ingested:
    [result] = ingest_source(settings, source)
    return result
