"""The files of each year, found by title and by direct address on a server that replays the real ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.protocols import Fetched, fetch
from observatoire.settings import Settings
from observatoire.sources.spec import HttpFileProtocol, Source
from tests.servers import Answer, Server, html
from tests.territories.reference import REAL

DATASET = "https://www.data.gouv.fr/api/1/datasets/{}/"
COG_ID, EPCI_ID = "58c984b088ee386cdb1261f3", "5e1f20058b4c414d3f94460d"
COG = {"cog_communes": "v_commune", "cog_departements": "v_departement",
       "cog_regions": "v_region", "cog_mouvements": "v_mvt_commune"}  # fmt: skip
# Titles as public code matches them: « Millésime 2021 : Liste des régions ». The answer for this dataset is in no delivery.
TITLES = {
    "v_commune": "Liste des communes, arrondissements municipaux, communes déléguées et communes associées",
    "v_commune_comer": "Liste des communes des collectivités et territoires français d'outre-mer",
    "v_commune_depuis_1943": "Liste des communes depuis 1943",
    "v_departement": "Liste des départements",
    "v_region": "Liste des régions",
    "v_mvt_commune": "Liste des événements survenus aux communes",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def online(project: Settings, server: Server) -> Settings:
    return replace(project, mirror_url=server.url)


def direct(source: Source, vintage: str) -> str:
    assert isinstance(source.protocol, HttpFileProtocol)
    return source.protocol.vintages[vintage]


def list_resources(server: Server, dataset: str, resources: list[dict[str, str]]) -> None:
    body = json.dumps({"resources": [{"id": f"r{n}", **item} for n, item in enumerate(resources)]})
    server.script(DATASET.format(dataset), Answer(body=body.encode()))


def cog_resources(
    *years: str, folder: str = "https://www.insee.fr/fr/statistiques/fichier/999"
) -> list[dict[str, str]]:
    """What the dataset lists for those years: every file of a year bears the same first words."""
    return [
        {"title": f"Millésime\u00a0{year} : {title}", "url": f"{folder}/{name}_{year}.csv"}
        for year in years
        for name, title in TITLES.items()
    ]


def take(settings: Settings, source: Source, vintage: str) -> Ingested:
    (result,) = ingest_source(settings, source, vintage=vintage)
    return result


@pytest.mark.parametrize("name", COG)
def test_a_cog_is_found_by_title_when_its_address_is_gone(
    name: str, online: Settings, server: Server, shared: Path
) -> None:
    source = load_all_sources(online)[name]
    resources = cog_resources("2025", "2026")
    list_resources(server, COG_ID, resources)
    for vintage in ("2025", "2026"):
        found = f"https://www.insee.fr/fr/statistiques/fichier/999/{COG[name]}_{vintage}.csv"
        server.replay(found, shared / "deliveries" / REAL[name, vintage])
        result = take(online, source, vintage)
        assert result.outcome == "nouvelle" and result.delivery, result.message
        assert (result.delivery.url, result.delivery.vintage) == (found, vintage)
        assert len(server.requests(direct(source, vintage))) == 1, "the direct address was asked first"


@pytest.mark.parametrize("name", COG)
def test_a_cog_is_found_at_its_direct_address(name: str, online: Settings, server: Server, shared: Path) -> None:
    source = load_all_sources(online)[name]
    for vintage in ("2025", "2026"):
        server.replay(direct(source, vintage), shared / "deliveries" / REAL[name, vintage])
        result = take(online, source, vintage)
        assert result.outcome == "nouvelle" and result.delivery, result.message
        assert result.delivery.url == direct(source, vintage)
    assert server.requests(DATASET.format(COG_ID)) == []
    assert [item.vintage for item in deliveries_in_use(online, source)] == ["2025", "2026"]


def test_the_next_cog_takes_one_line(online: Settings, server: Server, shared: Path) -> None:
    """« 2027 » among the vintages of `resolve`: no address to look for, and a clear line until the year is out."""
    source = load_all_sources(online)["cog_communes"]
    protocol = source.protocol
    assert isinstance(protocol, HttpFileProtocol) and protocol.resolve
    resolve = protocol.resolve.model_copy(update={"vintages": ("2027",)})
    source = source.model_copy(update={"protocol": protocol.model_copy(update={"resolve": resolve})})
    assert source.vintages == ["2025", "2026", "2027"]

    list_resources(server, COG_ID, cog_resources("2025", "2026"))
    early = take(online, source, "2027")
    assert early.outcome == "échec" and early.message and "\n" not in early.message
    assert "cog_communes 2027 : la ressource de titre « Mill[ée]sime\\s+2027 »" in early.message
    assert "n'est pas dans le jeu de données" in early.message and "n'a pas encore paru" in early.message

    list_resources(server, COG_ID, cog_resources("2026", "2027"))
    file = "https://www.insee.fr/fr/statistiques/fichier/999/v_commune_2027.csv"
    server.replay(file, shared / "deliveries" / REAL["cog_communes", "2026"])
    assert take(online, source, "2027").outcome == "nouvelle"


def test_a_perimeter_of_another_year_is_refused(online: Settings, server: Server, shared: Path) -> None:
    """The DGCL keeps one address and replaces the file: asked for 2026, that of 2025 is not taken for it, nor the reverse."""
    source = load_all_sources(online)["epci_perimetres"]
    real = shared / "deliveries" / REAL["epci_perimetres", "2025"]
    current = direct(source, "2025")
    list_resources(server, EPCI_ID, [{"title": "perimetre-epci-a-fp.csv", "url": current}])
    server.replay(current, real)
    assert take(online, source, "2025").outcome == "nouvelle"

    early = take(online, source, "2026")
    assert early.outcome == "refusée" and early.message
    assert (
        "epci_perimetres 2026 : colonne « pmun » absente (trouvé « pmun_2025 », attendu « pmun_2026 »)" in early.message
    )

    server.script(current, Answer(body=real.read_bytes().replace(b"pmun_2025", b"pmun_2026")))
    late = take(online, source, "2025")
    assert late.outcome == "refusée" and late.message and "la précédente (2025) reste utilisée" in late.message
    assert take(online, source, "2026").outcome == "nouvelle"
    assert [item.vintage for item in deliveries_in_use(online, source)] == ["2025", "2026"]


def test_the_workbook_of_the_year_is_found_on_its_page(
    online: Settings, server: Server, shared: Path, tmp_path: Path
) -> None:
    source = load_all_sources(online)["epcicom"]
    assert isinstance(source.protocol, HttpFileProtocol) and source.protocol.resolve and source.protocol.resolve.page
    links = [f"/files/files/Etudes-et-statistiques/DESL/{year}/EPCI/epcicom{year}.xlsx" for year in (2024, 2025)]
    server.script(source.protocol.resolve.page, html("<html>" + "".join(f'<a href="{link}">x</a>' for link in links)))
    address, real = (
        "https://www.collectivites-locales.gouv.fr" + links[1],
        shared / "deliveries" / REAL["epcicom", "2025"],
    )
    server.script(address, Answer(404), Answer(body=real.read_bytes()))  # gone, then found again by the page
    found = fetch(source, online, vintage="2025", previous=None, folder=tmp_path)
    assert isinstance(found, Fetched) and found.url == address and found.bytes == real.stat().st_size
    absent = take(online, source, "2026")
    assert absent.outcome == "échec" and absent.message
    assert "aucun des 2 liens de la page ne répond à « (?i)/epcicom2026" in absent.message
    assert "n'a pas encore paru" in absent.message
