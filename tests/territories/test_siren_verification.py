"""SIREN that only the register holds are checked against the directory of companies, persons left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from observatoire.archive import Archive
from observatoire.ingest import deliveries_in_use, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.protocols import Fetched, fetch
from observatoire.settings import Settings
from tests.helpers import Warehouse, ingest_register
from tests.protocols.conftest import FakeTime
from tests.servers import Answer, Route, Seen, Server

SEARCH = "https://recherche-entreprises.api.gouv.fr/search"


def directory(known: dict[str, list[str]]) -> Route:
    """The search: pages of a legal category, with elected persons and officers as the real one gives them."""

    def answer(seen: Seen) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        assert asked["est_collectivite_territoriale"] == "true" and int(asked["per_page"]) <= 25
        every = known.get(asked["nature_juridique"], [])
        page, size = int(asked["page"]), int(asked["per_page"])
        found = every[(page - 1) * size : page * size]
        results = [
            {
                "siren": siren,
                "nom_complet": f"COLLECTIVITE {siren}",
                "nature_juridique": asked["nature_juridique"],
                "dirigeants": [{"nom": "MARTIN", "prenoms": "JEANNE"}],
                "complements": {"collectivite_territoriale": {"code": "01", "elus": [{"nom": "DURAND"}]}},
            }
            for siren in found
        ]
        body = {"results": results, "total_results": len(every), "page": page, "per_page": size}
        return Answer(body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    return answer


def test_the_directory_confirms_or_not_each_siren(project: Settings) -> None:
    ingest_register(project, "territoires_cites", "corrections", "univers_collectivites")
    warehouse = Warehouse(project)
    warehouse.build("core.siren_verifies")
    assert warehouse.rows("select count(*) from core.siren_verifies") == [(0,)]

    source = load_all_sources(project)["recherche_entreprises"]
    with Server() as server:
        server.route(SEARCH, directory({"7220": ["220100010", "220200026"], "7230": ["237500079"]}))
        online = replace(project, mirror_url=server.url)
        (result,) = ingest_source(online, source)
    assert result.outcome == "nouvelle", result.message
    (delivery,) = deliveries_in_use(project, source)
    archived = Archive(project.raw).verified(delivery).read_text()
    assert "MARTIN" not in archived and "DURAND" not in archived

    warehouse.build("curated.territoires")
    rows = dict(warehouse.rows("select siren, siren_verifie from curated.territoires where siren_verifie is not null"))
    assert rows["220100010"] and rows["237500079"] and rows["220300016"] is False
    assert "200057974" not in rows and "210100533" not in rows


DEPARTEMENTS = [f"22{number:03d}0000" for number in range(94)]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def ask(project: Settings, server: Server, folder: Path, time: FakeTime) -> Fetched:
    source = load_all_sources(project)["recherche_entreprises"]
    online = replace(project, mirror_url=server.url)
    found = fetch(source, online, vintage=None, previous=None, folder=folder, pace=time.pace())
    assert isinstance(found, Fetched)
    return found


def test_the_directory_is_never_asked_more_than_seven_times_a_second(
    project: Settings, server: Server, tmp_path: Path
) -> None:
    """Four pages of départements, one of régions, and two categories that answer nothing: seven requests."""
    server.route(SEARCH, directory({"7220": DEPARTEMENTS, "7230": ["237500079"]}))
    time = FakeTime()
    found = ask(project, server, tmp_path, time)
    assert len(found.path.read_text().splitlines()) == 95
    assert len(server.requests(SEARCH)) == 7 and len(time.slept) == 6
    assert min(time.slept) > 1 / 7


def test_a_directory_that_says_429_is_left_alone_as_long_as_it_says(
    project: Settings, server: Server, tmp_path: Path
) -> None:
    answer, refused = directory({"7220": DEPARTEMENTS}), [Answer(429, headers={"Retry-After": "9"})] * 2

    def moody(seen: Seen) -> Answer:
        return refused.pop() if refused and len(server.seen) > 2 else answer(seen)

    server.route(SEARCH, moody)
    time = FakeTime()
    found = ask(project, server, tmp_path, time)
    assert time.slept.count(9) == 2 and len(server.requests(SEARCH)) == 9
    text = found.path.read_text()
    assert len(text.splitlines()) == 94
    assert not any(word in text for word in ("MARTIN", "DURAND", "dirigeants", "elus"))
