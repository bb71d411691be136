"""SIREN that only the register holds are checked against the directory of companies, persons left out."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from observatoire.archive import Archive
from observatoire.ingest import deliveries_in_use, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from tests.helpers import Warehouse, ingest_register
from tests.servers import Answer, Seen, Server

SEARCH = "https://recherche-entreprises.api.gouv.fr/search"


def directory(known: dict[str, list[str]]) -> object:
    """The search: one page per legal category, with elected persons and officers as the real one gives them."""

    def answer(seen: Seen) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        assert asked["est_collectivite_territoriale"] == "true" and int(asked["per_page"]) <= 25
        found = known.get(asked["nature_juridique"], [])
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
        body = {"results": results, "total_results": len(results), "page": 1, "per_page": 25, "total_pages": 1}
        return Answer(body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    return answer


def test_the_directory_confirms_or_not_each_siren(project: Settings) -> None:
    ingest_register(project, "territoires_cites", "corrections", "univers_collectivites")
    warehouse = Warehouse(project)
    warehouse.build("curated.territoires")
    assert warehouse.rows("select count(siren_verifie) from curated.territoires") == [(0,)]

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
