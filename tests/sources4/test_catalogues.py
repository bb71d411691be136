"""Catalogues behind an API, in their documented shapes: what enters the archive, what staging reads, what is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from observatoire.archive import Archive
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.sources.spec import PagedApiProtocol
from tests.helpers import Warehouse
from tests.servers import Answer, Seen, Server

CATALOGUE = "https://www.data.gouv.fr/api/2/datasets/search/"
AIDS = "https://aides-territoires.beta.gouv.fr/api/aids/"
LOGIN = "https://aides-territoires.beta.gouv.fr/api/connexion/"
TED = "https://api.ted.europa.eu/v3/notices/search"
ODAP = "https://www.data.gouv.fr/api/1/datasets/inventaire-des-algorithmes-publics-de-lodap/"
KEY = "clef-secrete-123"


def as_json(value: Any, **headers: str) -> Answer:
    return Answer(body=json.dumps(value).encode(), headers={"Content-Type": "application/json", **headers})


def dataset(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{number:024x}", "title": f"Jeu {number}", "description": "<p>Détection par IA, jean.martin@example.org</p>",
        "organization": {"id": "o1", "name": "Ville d'Exempleville", "logo": "https://a.fr/logo.png"},
        "license": "odc-odbl", "last_update": "2026-01-02T03:04:05+00:00", "created_at": "2020-01-01T00:00:00+00:00",
        "page": f"https://www.data.gouv.fr/datasets/{number}", "archived": None, "deleted": None,
        "owner": {"first_name": "Jean", "last_name": "Martin"}, "metrics": {"views": number}, "contact_points": ["Jean Martin"],
        **fields,
    }  # fmt: skip


def catalogue(datasets: list[dict[str, Any]]) -> Callable[[Seen], Answer]:
    """The search of data.gouv.fr: pages of at most 100, 400 beyond 10,000 records, the same answer to every query."""

    def answer(seen: Seen) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        page, size = int(asked["page"]), int(asked["page_size"])
        if size > 100 or page * size > 10_000:
            return Answer(400, b'{"message": "Result window is too large"}')
        part = datasets[(page - 1) * size : page * size]
        return as_json({"data": part, "page": page, "page_size": size, "total": len(datasets)})

    return answer


AID = {
    "id": 12, "name": "Appel &amp; IA frugale", "description": "<p>Écrire à anne.durand@example.org ou 01 23 45 67 89</p>",
    "financers": ["ADEME", "Région"], "targeted_audiences": ["Commune"], "categories": ["Eau"], "programs": [],
    "perimeter": "France", "is_call_for_project": True, "start_date": "2026-01-01", "submission_deadline": "2026-06-30",
    "date_updated": "2026-01-05T10:00:00.000000+01:00", "url": "/aides/appel-ia/", "origin_url": None,
    "contact": "<p>Anne Durand</p>", "contact_phone": "0123456789",
}  # fmt: skip
NOTICE = {
    "publication-number": "123456-2026", "notice-title": {"fra": "France-Lyon: Détection par IA", "eng": "AI"},
    "buyer-name": {"fra": ["Métropole de Lyon"]}, "publication-date": "2026-03-08+01:00",
    "classification-cpv": ["72000000", "48000000", "72000000"], "notice-type": "cn-standard", "links": {"xml": {}},
}  # fmt: skip


@pytest.fixture
def served(project: Settings) -> Iterator[tuple[Settings, Server]]:
    with Server() as server:
        yield replace(project, mirror_url=server.url), server


def take(settings: Settings, name: str) -> Ingested:
    """One source asked once, as fast as the server answers: the polite rate is tested with the protocol."""
    source = load_all_sources(settings)[name]
    if isinstance(source.protocol, PagedApiProtocol):
        source = source.model_copy(update={"protocol": source.protocol.model_copy(update={"rate": 1e6})})
    [result] = ingest_source(settings, source)
    return result


def archived(settings: Settings, name: str) -> str:
    [delivery] = deliveries_in_use(settings, load_all_sources(settings)[name])
    return Archive(settings.raw).object_path(delivery.sha256).read_text(encoding="utf-8")


KINDS = (
    "select t.source, t.type_candidat, s.licence, s.republiee, count(*) from core.contexte_traces as t "
    "inner join core.sources as s using (source) group by all"
)


def staged(settings: Settings) -> Warehouse:
    """The traces of all catalogues: what will be judged, less the hundreds of thousands of contracts and notices."""
    warehouse = Warehouse(settings)
    warehouse.build("core.contexte_traces", "core.sources")
    return warehouse


def test_the_catalogue_is_read_page_by_page_without_persons(served: tuple[Settings, Server]) -> None:
    settings, server = served
    server.route(
        CATALOGUE, catalogue([dataset(n) for n in range(1, 251)] + [dataset(251, archived="2026-01-01T00:00:00")])
    )
    assert take(settings, "datagouv_catalogue").outcome == "nouvelle"
    text = archived(settings, "datagouv_catalogue")
    assert text.count("\n") == 251, "the same dataset under several queries is one record"
    assert "Martin" not in text.replace("jean.martin@example.org", "") and "views" not in text and "logo" not in text
    built = staged(settings)
    row = built.rows("select * exclude (_livraison) from staging.datagouv_catalogue where titre = 'Jeu 1'")
    assert "example.org" not in str(row) and "Ville d'Exempleville" in str(row) and "odc-odbl" in str(row)
    assert built.rows(KINDS) == [("datagouv_catalogue", "jeu_de_donnees", "Licence Ouverte 2.0", True, 250)]


def test_the_same_catalogue_in_another_order_is_the_same_delivery(served: tuple[Settings, Server]) -> None:
    settings, server = served
    datasets = [dataset(n) for n in range(1, 131)]
    server.route(CATALOGUE, catalogue(datasets))
    assert take(settings, "datagouv_catalogue").outcome == "nouvelle"
    server.route(CATALOGUE, catalogue([{**item, "metrics": {"views": 9}} for item in reversed(datasets)]))
    assert take(settings, "datagouv_catalogue").outcome == "inchangée"


def test_a_catalogue_that_shrinks_or_fails_is_degraded_and_the_last_good_stays(served: tuple[Settings, Server]) -> None:
    settings, server = served
    server.route(CATALOGUE, catalogue([dataset(n) for n in range(1, 131)]))
    first = take(settings, "datagouv_catalogue")
    server.route(CATALOGUE, catalogue([dataset(n) for n in range(1, 20)]))
    shrunk = take(settings, "datagouv_catalogue")
    server.script(CATALOGUE, Answer(403, b"{}"))
    refused = take(settings, "datagouv_catalogue")
    assert shrunk.degraded and "baisse" in str(shrunk.message)
    assert refused.degraded and "403" in str(refused.message)
    [used] = deliveries_in_use(settings, load_all_sources(settings)["datagouv_catalogue"])
    assert first.delivery and used.sha256 == first.delivery.sha256


def test_aids_need_a_key_and_leave_contacts_out(
    served: tuple[Settings, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, server = served
    missing = take(settings, "aides_territoires")
    assert missing.degraded and "AIDES_TERRITOIRES_TOKEN" in str(missing.message)
    monkeypatch.setenv("AIDES_TERRITOIRES_TOKEN", KEY)
    server.route(
        LOGIN, lambda seen: as_json({"token": "jeton"}) if seen.headers["x-auth-token"] == KEY else Answer(401)
    )

    def aids(seen: Seen) -> Answer:
        assert seen.headers["authorization"] == "Bearer jeton"
        return as_json({"count": 1, "previous": None, "next": None, "results": [AID]})

    server.route(AIDS, aids)
    assert take(settings, "aides_territoires").outcome == "nouvelle"
    text = archived(settings, "aides_territoires")
    assert "Anne Durand" not in text and "0123456789" not in text
    for path in [path for path in settings.data.rglob("*") if path.is_file()]:
        assert KEY.encode() not in path.read_bytes() and b"jeton" not in path.read_bytes(), path
    built = staged(settings)
    assert built.rows("select titre, financeurs, appel_a_projets, date_cloture::text, url from staging.aides_territoires") == [
        ("Appel & IA frugale", ["ADEME", "Région"], True, "2026-06-30", "https://aides-territoires.beta.gouv.fr/aides/appel-ia/"),
    ]  # fmt: skip
    assert "anne.durand" not in str(built.rows("select * from staging.aides_territoires"))
    found = built.rows("select type_candidat, acheteur, date::text from core.contexte_traces")
    assert found == [("appel", "ADEME, Région", "2026-06-30")]


def test_ted_ends_at_the_announced_total_though_tokens_go_on(served: tuple[Settings, Server]) -> None:
    settings, server = served
    pages = {
        None: {"notices": [NOTICE], "totalNoticeCount": 2, "iterationNextToken": "t1"},
        "t1": {
            "notices": [{**NOTICE, "publication-number": "9-2026", "notice-title": {"eng": ["AI"]}, "publication-date": "x"}],
            "totalNoticeCount": 2, "iterationNextToken": "t2",
        },
    }  # fmt: skip
    server.route(TED, lambda seen: as_json(pages[json.loads(seen.body).get("iterationNextToken")]))
    assert take(settings, "ted").outcome == "nouvelle"
    asked = [json.loads(seen.body) for seen in server.requests(TED)]
    assert len(asked) == 2 and asked[0]["paginationMode"] == "ITERATION" and asked[0]["limit"] == 250
    built = staged(settings)
    assert built.rows("select avis, objet, acheteur, cpv, date_parution::text from staging.ted") == [
        ("123456-2026", "France-Lyon: Détection par IA", "Métropole de Lyon", ["48000000", "72000000"], "2026-03-08"),
    ]  # fmt: skip
    assert built.rows("select avis, _motifs from staging._ted where _motifs <> []") == [
        ("9-2026", ["publication-date : « x » n'est pas une date"])
    ]
    assert [row[1:] for row in built.rows(KINDS)] == [("avis", load_all_sources(settings)["ted"].licence, False, 1)]


def test_ted_asks_only_for_what_is_new_and_keeps_the_rest(served: tuple[Settings, Server]) -> None:
    settings, server = served
    corrected = {**NOTICE, "publication-number": "7-2026", "publication-date": "2026-03-20+01:00"}
    answers = [[NOTICE], [NOTICE, corrected], []]

    def answer(_: Seen) -> Answer:
        notices = answers.pop(0)
        return as_json({"notices": notices, "totalNoticeCount": len(notices)})

    server.route(TED, answer)
    assert [take(settings, "ted").outcome for _ in range(3)] == ["nouvelle", "nouvelle", "inchangée"]
    asked = [json.loads(seen.body)["query"].split("PD >= ")[1][:8] for seen in server.requests(TED)]
    assert asked == ["20240101", "20260301", "20260313"]
    built = staged(settings)
    assert built.rows("select avis from staging.ted order by 1") == [("123456-2026",), ("7-2026",)]


def odap(server: Server, header: str) -> None:
    address = "https://static.data.gouv.fr/resources/odap/inventaire.csv"
    resources = [
        {"id": "r1", "title": "Guide de lecture", "url": "https://static.data.gouv.fr/g.pdf", "last_modified": "2026-01-01"},
        {"id": "r2", "title": "Inventaire des algorithmes (CSV)", "url": address, "last_modified": "2025-11-01"},
    ]  # fmt: skip
    server.script(ODAP, as_json({"id": "d1", "resources": resources}))
    rows = [f'"Système {n}";"Ville {n}";"Attribue des places";{2000 + n};https://a.fr/{n}' for n in range(1, 26)]
    server.script(address, Answer(body="\n".join([header, *rows, rows[0]]).encode() * 1))


def test_the_inventory_of_algorithms_is_found_by_its_slug_and_title(served: tuple[Settings, Server]) -> None:
    settings, server = served
    odap(server, "Nom du système;Organisation;Finalité;Date de mise en service;URL")
    assert take(settings, "odap").outcome == "nouvelle"
    built = staged(settings)
    assert built.rows("select nom, organisme, annee, url from staging.odap order by _ligne limit 1") == [
        ("Système 1", "Ville 1", 2001, "https://a.fr/1")
    ]
    assert built.rows("select _ligne, _motifs from staging._odap where _motifs <> []") == [
        (26, ["Nom : « Système 1 » déjà à l'enregistrement 1"])
    ]
    assert built.rows(KINDS) == [("odap", "cas", "non indiquée", False, 25)]


def test_headers_nobody_saw_are_refused_by_name(served: tuple[Settings, Server]) -> None:
    settings, server = served
    odap(server, "Intitulé;Organisation;Finalité;Date de mise en service;URL")
    result = take(settings, "odap")
    assert result.degraded and "colonne « Nom » absente" in str(result.message)


def test_what_could_not_be_seen_says_so(project: Settings) -> None:
    sources = load_all_sources(project)
    for name in ("pstw", "odap", "datagouv_catalogue", "aides_territoires", "ted"):
        assert not sources[name].verified, name
    assert not sources["odap"].republished and not sources["ted"].republished


def test_a_folder_holds_nothing_but_what_is_declared(served: tuple[Settings, Server], tmp_path: Path) -> None:
    """The allow-list of columns: an undeclared field of a record stays in the archive."""
    settings, server = served
    server.route(CATALOGUE, catalogue([dataset(n, secret="Jean Martin") for n in range(1, 12)]))
    take(settings, "datagouv_catalogue")
    built = staged(settings)
    assert "Jean Martin" not in str(built.rows("select * from raw.datagouv_catalogue"))
