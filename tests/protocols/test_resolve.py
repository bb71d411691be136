"""Addresses that move: the resource of a dataset, the link of a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from observatoire.errors import DeliveryRefused, FetchFailed, UsageError
from observatoire.protocols import NotModified, Validators
from tests.protocols.conftest import URL, Bench
from tests.servers import Answer, Server, html, redirect

DATASET = "https://www.data.gouv.fr/api/1/datasets/inventaire-ia/"
PAGE = "https://interoperable-europe.ec.europa.eu/collection/pstw/download"
CSV = b"code;nom\n01001;L'Abergement\n"


def resource(number: int, title: str, **more: Any) -> dict[str, Any]:
    return {"id": f"id-{number}", "title": title, "url": f"https://static.data.gouv.fr/f/{number}.csv", **more}


def publish(server: Server, *resources: dict[str, Any], **more: Any) -> None:
    server.script(DATASET, Answer(body=json.dumps({"resources": resources, "deleted": None, **more}).encode()))
    for item in resources:
        server.script(item["url"], Answer(body=CSV + item["title"].encode()))


FOUR = (resource(1, "Millésime 2025"), resource(2, "Millésime 2026"), resource(3, "Notice (2026)"), resource(4, "Zip"))
FIVE = (*FOUR, resource(5, normalize("NFD", "Zip décomposé")))


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        ({"resource": "id-2"}, 2),
        ({"title": "Millésime 2026"}, 2),
        ({"title": "Zip décomposé"}, 5),
        ({"title": "^Mill.*25$"}, 1),
        ({"title": "2026", "choose": "newest"}, 3),
    ],
)
def test_a_resource_is_found(rule: dict[str, Any], number: int, bench: Bench, server: Server) -> None:
    publish(server, *FIVE)
    found = bench.fetched(bench.source(resolve={"dataset": "inventaire-ia", **rule}))
    assert found.url == f"https://static.data.gouv.fr/f/{number}.csv"
    assert found.path.read_bytes().endswith(FIVE[number - 1]["title"].encode())


def test_the_newest_is_the_last_modified(bench: Bench, server: Server) -> None:
    old, new = (
        resource(9, "IA", last_modified="2025-01-02T00:00:00"),
        resource(1, "IA", last_modified="2026-01-01T00:00:00"),
    )
    source = bench.source(resolve={"dataset": "inventaire-ia", "title": "IA", "choose": "newest"})
    for order in ((old, new), (new, old)):
        publish(server, *order)
        found = bench.fetched(source)
        assert found.url.endswith("/1.csv")
        found.path.unlink()


def test_vintages_are_found_by_title(bench: Bench, server: Server) -> None:
    publish(server, *FOUR)
    rule = {"dataset": "inventaire-ia", "title": "Millésime {vintage}", "vintages": ["2026", "2025"]}
    source = bench.source(resolve=rule)
    assert source.vintages == ["2025", "2026"]
    assert [bench.fetch(source, vintage=vintage).url for vintage in source.vintages] == [
        "https://static.data.gouv.fr/f/1.csv",
        "https://static.data.gouv.fr/f/2.csv",
    ]
    for vintage, says in [("2031", "millésime « 2031 » inconnu"), (None, "un millésime est attendu")]:
        with pytest.raises(UsageError, match=says):
            bench.fetch(source, vintage=vintage)


def test_a_title_that_several_share_is_told_by_the_file_name(bench: Bench, server: Server) -> None:
    publish(server, resource(1, "Millésime 2026"), resource(2, "Millésime 2026"), resource(2, "Notice"))
    rule = {"dataset": "inventaire-ia", "title": "Millésime 2026", "link": "/2[.]csv$"}
    assert bench.fetched(bench.source(resolve=rule)).url.endswith("/2.csv")
    with pytest.raises(FetchFailed, match=re.escape("de titre « Millésime 2026 » et d'adresse « /3[.]csv$ »")):
        bench.fetch(bench.source(resolve={**rule, "link": "/3[.]csv$"}))


BOTH: dict[str, Any] = {
    "vintages": {"2025": URL},
    "resolve": {"dataset": "inventaire-ia", "title": "Millésime {vintage}", "vintages": ["2026"]},
}


def test_a_direct_address_is_asked_first_and_alone(bench: Bench, server: Server) -> None:
    publish(server, *FOUR)
    server.script(URL, Answer(body=CSV))
    assert bench.source(**BOTH).vintages == ["2025", "2026"]
    assert bench.fetched(bench.source(**BOTH), vintage="2025").url == URL
    assert [seen.path for seen in server.seen] == ["/www.producteur.fr/fichiers/communes.csv"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_vintage_whose_address_is_gone_is_resolved(status: int, bench: Bench, server: Server) -> None:
    publish(server, *FOUR)
    server.script(URL, Answer(status))
    assert bench.fetched(bench.source(**BOTH), vintage="2025").url == FOUR[0]["url"]
    assert len(server.requests(URL)) == 1


def test_a_vintage_without_an_address_is_resolved(bench: Bench, server: Server) -> None:
    publish(server, *FOUR)
    assert bench.fetched(bench.source(**BOTH), vintage="2026").url == FOUR[1]["url"]
    assert server.requests(URL) == []


@pytest.mark.parametrize("answer", [Answer(403), Answer(500), html()])
def test_a_server_in_trouble_is_not_an_address_gone(answer: Answer, bench: Bench, server: Server) -> None:
    publish(server, *FOUR)
    server.script(URL, answer)
    with pytest.raises((FetchFailed, DeliveryRefused)):
        bench.fetch(bench.source(**BOTH), vintage="2025")
    assert server.requests(DATASET) == []


def test_a_vintage_gone_from_both_places_is_one_line(bench: Bench, server: Server) -> None:
    publish(server, FOUR[1])
    server.script(URL, Answer(404))
    with pytest.raises(FetchFailed) as caught:
        bench.fetch(bench.source(**BOTH), vintage="2025")
    message = str(caught.value)
    assert "cog_communes 2025 : la ressource de titre « Millésime 2025 » n'est pas dans" in message
    assert "Si ce millésime n'a pas encore paru, attendre ; sinon" in message and "\n" not in message
    assert bench.left == []


@pytest.mark.parametrize(
    ("rule", "resources", "more", "says"),
    [
        ({"resource": "id-7"}, FOUR, {}, "la ressource « id-7 » n'est pas dans le jeu de données « inventaire-ia »"),
        ({"title": "Millésime 2031"}, FOUR, {}, "la ressource de titre « Millésime 2031 » n'est pas"),
        (
            {"title": "2026"},
            FOUR,
            {},
            "2 ressources répondent à « 2026 » : « Millésime 2026 », « Notice (2026) »",
        ),
        ({"title": "2026"}, (), {}, "(0 ressources"),
        ({"title": "2026"}, FOUR, {"deleted": "2026-01-01"}, "a été retiré par son producteur"),
        ({"title": "2026"}, FOUR, {"archived": "2026-01-01"}, "a été retiré par son producteur"),
        ({"title": "x"}, ({"id": "1", "title": "x", "url": "ftp://h/x"},), {}, "n'est pas http(s)"),
    ],
)
def test_what_is_no_longer_there_is_one_line(
    rule: dict[str, Any], resources: Any, more: dict[str, Any], says: str, bench: Bench, server: Server
) -> None:
    publish(server, *resources, **more)
    with pytest.raises(FetchFailed, match=re.escape(says)) as caught:
        bench.fetch(bench.source(resolve={"dataset": "inventaire-ia", **rule}))
    message = str(caught.value)
    assert "reste utilisée" in message and "\n" not in message and "cog_communes.yml" in message
    assert [seen.path for seen in server.seen] == ["/www.data.gouv.fr/api/1/datasets/inventaire-ia/"]
    assert bench.left == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"resources": {}}', b"[" * 100_000])
def test_what_is_not_a_dataset_is_refused(body: bytes, bench: Bench, server: Server) -> None:
    server.script(DATASET, Answer(body=body))
    with pytest.raises(DeliveryRefused, match=r"sans ressources|n'est pas du JSON"):
        bench.fetch(bench.source(resolve={"dataset": "inventaire-ia", "title": "x"}))


def folder(date: str) -> str:
    return f"/sites/default/files/attachment/{date}/pstw_dataset.csv"


LINK = {"page": PAGE, "link": r"/(\d{4}-\d{2})/pstw_dataset\.csv$"}


def test_the_link_with_its_date_folder(bench: Bench, server: Server) -> None:
    links = f'<a href="/autre.csv">x</a> <a class=b href=" {folder("2026-03")} ">CSV</a><a name=z>'
    server.route(PAGE, lambda seen: html(f"<!DOCTYPE html><html><body>{links}</body></html>"))
    address = "https://interoperable-europe.ec.europa.eu" + folder("2026-03")
    server.script(address, Answer(body=CSV))
    assert bench.fetched(bench.source(resolve=LINK)).url == address


def test_several_folders_need_a_choice(bench: Bench, server: Server) -> None:
    links = "".join(f'<a href="{folder(date)}">x</a>' for date in ("2025-09", "2026-03", "2025-12"))
    server.script(PAGE, html(f"<html>{links}</html>"))
    server.script("https://interoperable-europe.ec.europa.eu" + folder("2026-03"), Answer(body=CSV))
    with pytest.raises(FetchFailed, match="3 liens répondent à"):
        bench.fetch(bench.source(resolve=LINK))
    assert "/2026-03/" in bench.fetched(bench.source(resolve={**LINK, "choose": "newest"})).url


@pytest.mark.parametrize("links", ["", '<a href="/autre.csv">', '<a href="javascript:pstw_dataset.csv">'])
def test_a_link_that_disappeared_is_one_line(links: str, bench: Bench, server: Server) -> None:
    server.script(PAGE, html(f"<html>{links}</html>"))
    with pytest.raises(FetchFailed, match=r"aucun des \d liens de la page ne répond") as caught:
        bench.fetch(bench.source(resolve=LINK))
    assert "« link »" in str(caught.value) and bench.left == []


def test_the_validators_of_another_address_are_not_sent(bench: Bench, server: Server, tmp_path: Path) -> None:
    """A new file older than the last one would be answered 304, and never seen."""
    file = tmp_path / "a.csv"
    file.write_bytes(CSV)
    publish(server, FOUR[0])
    server.replay(FOUR[0]["url"], file)
    source = bench.source(resolve={"dataset": "inventaire-ia", "title": "Mill"})
    late = "Thu, 01 Jan 2099 00:00:00 GMT"
    moved = Validators(last_modified=late, url="https://static.data.gouv.fr/f/0.csv")
    assert bench.fetched(source, previous=moved).path.read_bytes() == CSV
    same = Validators(last_modified=late, url=FOUR[0]["url"])
    assert bench.fetch(source, previous=same) == NotModified(FOUR[0]["url"])
    assert all("if-modified-since" not in seen.headers for seen in server.requests(DATASET))


def test_the_real_answer_of_the_catalogue(bench: Bench, server: Server, shared: Path) -> None:
    real = shared / "deliveries/datagouv-api/dataset_5c0a7845634f4139b2ee8883.json"
    server.replay("https://www.data.gouv.fr/api/1/datasets/5c0a7845634f4139b2ee8883/", real)
    for item in json.loads(real.read_text())["resources"][:3]:
        server.script(item["url"], Answer(body=b'{"marches": []}'))
        by_title = {"title": "^" + re.escape(item["title"]) + "$", "choose": "newest"}
        for rule in ({"resource": item["id"]}, by_title):
            source = bench.source("json", resolve={"dataset": "5c0a7845634f4139b2ee8883", **rule})
            found = bench.fetched(source)
            assert found.url == item["url"]
            found.path.unlink()
    newest = bench.source("json", resolve={"dataset": "5c0a7845634f4139b2ee8883", "title": "DECP", "choose": "newest"})
    first = json.loads(real.read_text())["resources"][0]["url"]
    assert bench.fetched(newest).url == first


def test_a_redirection_and_parameters(bench: Bench, server: Server) -> None:
    server.script(URL, redirect("https://cdn.fr/x?y=1"))
    server.script("https://cdn.fr/x?y=1", Answer(body=CSV))
    found = bench.fetched(bench.source(params={"where": "a > 1", "n": 2}))
    assert found.url == f"{URL}?where=a%20%3E%201&n=2"
