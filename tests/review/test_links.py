"""Whether the pages of the register answer: what is asked, what is noted, and what a release says of it."""

from __future__ import annotations

import datetime as dt
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import duckdb
import pytest

from observatoire.errors import FetchFailed, LockHeld, UsageError
from observatoire.protocols.contract import Pace
from observatoire.review.links import BETWEEN, DEAD, FIRST_SITES, MOVED, check_link, check_links, moved
from observatoire.review.rules import fill, prepare, staging_text
from observatoire.settings import Settings
from observatoire.state import writer_lock
from tests.conftest import ROOT
from tests.helpers import edit_csv, read_csv
from tests.servers import Answer, Seen, Server, redirect

WAYBACK = "https://archive.org/wayback/available"
COPY = "http://web.archive.org/web/20240102030405/https://a.fr/page"
OLDER = "url,etat,code,adresse_finale,archive_url,archive_date,date"
PAGES = {
    "https://a.fr/vivante": [Answer(body=b"x" * 10)],
    "https://a.fr/partie": [redirect("https://a.fr/ailleurs")],
    "https://a.fr/ailleurs": [Answer(body=b"x")],
    "https://a.fr/accueil": [redirect("https://a.fr/")],
    "https://a.fr/": [Answer(body=b"x")],
    "https://a.fr/morte": [Answer(404)],
    "https://a.fr/perdue": [Answer(410)],
    "https://a.fr/interdite": [Answer(403)],
    "https://a.fr/lasse": [Answer(503), Answer(503), Answer(503)],
    "https://a.fr/revenue": [Answer(503), Answer()],
    "https://a.fr/coupee": [Answer(reset=True)],
}


@dataclass
class Clock:
    """Time that passes only when someone sleeps."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    @property
    def pace(self) -> Pace:
        return Pace(self.sleep, lambda: self.at, lambda: 0.0, lambda: 1.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after all those the checks below are dated from."""
    monkeypatch.setattr("observatoire.review.signature.today", lambda: "2027-12-31")


def holding(copy: str = COPY, of: str = "") -> Callable[[Seen], Answer]:
    """The Internet Archive when it holds a copy of the pages whose address contains `of`."""

    def answer(seen: Seen) -> Answer:
        closest = {"closest": {"url": copy, "timestamp": "20240102030405"}} if of in seen.path else {}
        return Answer(body=json.dumps({"archived_snapshots": closest}).encode())

    return answer


def cite(settings: Settings, *urls: str) -> None:
    """A register of one case per address."""

    def change(rows: list[dict[str, str]]) -> None:
        del rows[len(urls) :]
        for row, url in zip(rows, urls, strict=True):
            row["source_url"] = url

    edit_csv(settings.register / "cas_usage.csv", change)


@pytest.fixture
def pages(project: Settings) -> Iterator[tuple[Settings, Server]]:
    """A register of nine cases whose pages are replayed on loopback, and an archive that holds one of them."""
    cite(project, *[url for url in PAGES if url not in ("https://a.fr/ailleurs", "https://a.fr/")])
    with Server() as server:
        for url, answers in PAGES.items():
            server.script(url, *answers)
        server.route(WAYBACK, holding(of="morte"))
        yield replace(project, mirror_url=server.url), server


def noted(settings: Settings) -> dict[str, dict[str, str]]:
    """The rows of liens.csv by the end of their address."""
    return {row["url"].removeprefix("https://a.fr/"): row for row in read_csv(settings.register / "liens.csv")}


@pytest.mark.parametrize(
    ("final", "state"),
    [
        ("https://www.a.fr/page/", "actif"), ("http://a.fr/page", "actif"), ("https://a.fr/", DEAD),
        ("https://a.fr/page-2", MOVED), ("https://b.fr/page", MOVED), ("https://a.fr/page?id=1", MOVED),
    ],
)  # fmt: skip
def test_where_a_page_answers(final: str, state: str) -> None:
    assert moved("https://a.fr/page", final) == state


def test_links_are_checked_and_what_was_found_is_signed(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, _ = pages
    check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace)
    found = noted(settings)
    assert {name: row["etat"] for name, row in found.items()} == {
        "vivante": "actif", "partie": "deplace", "accueil": "mort", "morte": "mort", "perdue": "mort",
        "interdite": "inconnu", "lasse": "inconnu", "revenue": "actif", "coupee": "inconnu",
    }  # fmt: skip
    assert found["partie"]["adresse_finale"] == "https://a.fr/ailleurs"
    assert (found["morte"]["archive_url"], found["morte"]["archive_date"]) == (COPY, "2024-01-02")
    assert found["perdue"]["archive_url"] == "" and found["perdue"]["rencontre"] == ""
    assert {name: (row["code"], row["rencontre"]) for name, row in found.items() if row["muet_depuis"]} == {
        "interdite": ("403", "le serveur a répondu 403"), "lasse": ("503", "le serveur a répondu 503"),
        "coupee": ("", "la connexion a échoué ou s'est coupée"),
    }  # fmt: skip
    assert {name for name, row in found.items() if row["vue_le"]} == {"vivante", "revenue"}
    history = read_csv(settings.register / "historique.csv")[-1]
    assert history["motif"] == "Liens vérifiés : 2 actif, 1 deplace, 3 mort, 3 inconnu"
    assert (history["auteur"], history["date"]) == ("C. Exemple", "2026-11-25")


def test_each_host_is_asked_once_a_second_the_archive_too(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, server = pages
    cite(settings, *(f"https://{site}.fr/page" for site in "abcd"))
    for site in "abcd":
        server.script(f"https://{site}.fr/page", Answer(404))
    check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace)
    assert len(server.requests(WAYBACK)) == 4 and clock.slept == [BETWEEN] * 3


def test_what_was_known_stays_beside_what_is_met(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, server = pages
    check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace)
    server.script("https://a.fr/vivante", Answer(503))
    server.script("https://a.fr/morte", Answer())
    server.script("https://a.fr/revenue", Answer(404))
    check_links(settings, "C. Exemple", "2026-12-25", pace=clock.pace)
    again = noted(settings)
    assert [again["vivante"][name] for name in ("etat", "date", "vue_le", "muet_depuis", "tentative", "rencontre")] == [
        "actif", "2026-11-25", "2026-11-25", "2026-12-25", "2026-12-25", "le serveur a répondu 503",
    ]  # fmt: skip
    assert (again["interdite"]["muet_depuis"], again["interdite"]["tentative"]) == ("2026-11-25", "2026-12-25")
    alive = [again["morte"][name] for name in ("etat", "date", "vue_le", "archive_url", "archive_date")]
    assert alive == ["actif", "2026-12-25", "2026-12-25", COPY, "2024-01-02"], "a copy once found stays"
    gone = [again["revenue"][name] for name in ("etat", "date", "vue_le")]
    assert gone == ["mort", "2026-12-25", "2026-11-25"], "so does the last day it was seen"


def test_a_file_of_before_keeps_what_it_knew(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, server = pages
    (settings.register / "liens.csv").write_text(f"{OLDER}\nhttps://a.fr/vivante,actif,200,,,,2026-10-01\n")
    server.route(WAYBACK, holding())
    for month, status in (("11", 403), ("12", 500)):
        server.script("https://a.fr/vivante", Answer(status))
        check_links(settings, "C. Exemple", f"2026-{month}-25", pace=clock.pace)
    assert noted(settings)["vivante"] == {
        "url": "https://a.fr/vivante", "etat": "actif", "code": "200", "adresse_finale": "", "archive_url": COPY,
        "archive_date": "2024-01-02", "date": "2026-10-01", "vue_le": "2026-10-01", "muet_depuis": "2026-11-25",
        "tentative": "2026-12-25", "rencontre": "le serveur a répondu 500",
    }  # fmt: skip
    server.script("https://a.fr/vivante", Answer())
    check_links(settings, "C. Exemple", "2027-01-25", pace=clock.pace)
    row = noted(settings)["vivante"]
    assert (row["etat"], row["date"], row["vue_le"], row["muet_depuis"], row["rencontre"], row["archive_url"]) == (
        "actif", "2027-01-25", "2027-01-25", "", "", COPY,
    )  # fmt: skip


NONE_HELD = b'{"archived_snapshots": {}}'


@pytest.mark.parametrize(
    "answer", [Answer(503, NONE_HELD), Answer(429, NONE_HELD), Answer(body=b"<html>"), Answer(body=b"[]")]
)
def test_an_archive_that_does_not_answer_is_not_an_absent_copy(
    pages: tuple[Settings, Server], clock: Clock, answer: Answer
) -> None:
    settings, server = pages
    check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace)
    server.script(WAYBACK, answer)
    check_links(settings, "C. Exemple", "2026-12-25", pace=clock.pace)
    again = noted(settings)
    unknown = "l'Internet Archive n'a pas répondu, copie à chercher de nouveau"
    assert again["perdue"]["rencontre"] == unknown and again["morte"]["archive_url"] == COPY
    assert again["interdite"]["rencontre"] == f"le serveur a répondu 403 ; {unknown}"


def test_a_site_whose_name_no_longer_resolves_is_told(
    project: Settings, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    link = check_link(replace(project, mirror_url=None), "https://disparu.invalid/page", clock.pace, {})
    assert (link.state, link.code) == ("inconnu", "") and link.met.startswith("le nom du site ne se résout pas ; ")


def test_a_machine_without_network_notes_nothing(project: Settings, clock: Clock) -> None:
    before = [(project.register / f"{name}.csv").read_bytes() for name in ("liens", "historique")]
    cite(project, *(f"https://site{n}.fr/{page}" for n in range(8) for page in "ab"))
    with Server() as server:
        for n in range(8):
            for page in "ab":
                server.script(f"https://site{n}.fr/{page}", Answer(reset=True))
        server.script(WAYBACK, Answer(reset=True))
        with pytest.raises(
            FetchFailed, match=r"premières pages n'a répondu .*rien n'a été noté\. Vérifier la connexion"
        ):
            check_links(replace(project, mirror_url=server.url), "C. Exemple", "2026-11-25", pace=clock.pace)
        hosts = {seen.path.split("/")[1] for seen in server.seen} - {"archive.org"}
    assert len(hosts) == FIRST_SITES, "it does not try them all"
    assert before == [(project.register / f"{name}.csv").read_bytes() for name in ("liens", "historique")]


def test_only_web_addresses_are_asked_and_the_first_page_of_a_site_is_one(
    pages: tuple[Settings, Server], clock: Clock
) -> None:
    settings, _ = pages
    cite(settings, "https://a.fr", "exemple", "ftp://a.fr/x", "", "https://a.fr/vivante")
    links = check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace)
    assert [(link.url, link.state) for link in links] == [("https://a.fr", "actif"), ("https://a.fr/vivante", "actif")]


def test_what_keeps_from_writing_is_said_before_the_first_request(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, server = pages

    def refused(error: type[Exception], *signature: str, match: str) -> None:
        with pytest.raises(error, match=match) as caught:
            check_links(settings, *signature, pace=clock.pace)
        assert "\n" not in str(caught.value)

    refused(UsageError, " ", match="se signe")
    refused(UsageError, "c.exemple@ville.fr", match="adresse électronique")
    refused(UsageError, "C. Exemple", "hier", match="n'est pas une date")
    refused(UsageError, "C. Exemple", "2028-01-01", match="après aujourd'hui")
    with writer_lock(settings, "un autre"):
        refused(LockHeld, "C. Exemple", match="un autre")
    (settings.register / "liens.csv").unlink()
    refused(UsageError, "C. Exemple", match=r"liens\.csv manque")
    assert server.seen == []


def test_what_was_found_waits_for_another_writer(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, _ = pages
    held = threading.Event()

    def write() -> None:
        with writer_lock(settings, "un autre"):
            held.set()
            time.sleep(0.3)

    def tell(_: str, position: int, number: int) -> None:
        if position == number:
            threading.Thread(target=write).start()
            assert held.wait(5)

    check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace, tell=tell)
    assert len(noted(settings)) == 9


def test_a_check_that_is_stopped_keeps_what_it_found(pages: tuple[Settings, Server], clock: Clock) -> None:
    settings, _ = pages

    def stop(_: str, position: int, __: int) -> None:
        if position == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_links(settings, "C. Exemple", "2026-11-25", pace=clock.pace, tell=stop)
    assert len(noted(settings)) == 3
    assert read_csv(settings.register / "historique.csv")[-1]["motif"].startswith("Liens vérifiés : ")


LINKS = {
    "actif": {"etat": "actif", "date": "2027-01-01", "vue_le": "2027-01-01"},
    "actif ancien": {"etat": "actif", "date": "2027-01-01"},
    "actif puis muet": {"etat": "actif", "date": "2027-01-01", "vue_le": "2027-01-01", "muet_depuis": "2027-02-01",
                        "archive_url": COPY, "archive_date": "2024-01-02"},
    "mort": {"etat": "mort", "date": "2027-03-01", "vue_le": "2027-01-01", "archive_url": COPY},
    "mort puis muet": {"etat": "mort", "date": "2027-03-01", "muet_depuis": "2027-04-01", "archive_url": COPY},
    "déplacé": {"etat": "deplace", "date": "2027-03-01"},
    "muet ancien": {"etat": "inconnu", "date": "2027-03-01", "archive_url": COPY},
    "vu avant d'entrer": {"etat": "actif", "date": "2020-01-01", "vue_le": "2020-01-01"},
}  # fmt: skip
ENTERED = "2026-11-23"


def test_what_a_release_says_of_a_page_is_what_the_last_attempt_told(project: Settings) -> None:
    rows = [{"url": f"https://a.fr/{n}", **row} for n, row in enumerate(LINKS.values())]
    columns = [*OLDER.split(","), "vue_le", "muet_depuis"]
    names = {row["url"]: name for row, name in zip(rows, LINKS, strict=True)} | {"https://a.fr/jamais": "jamais"}
    curated = (ROOT / "sql" / "curated" / "preuves.sql").read_text(encoding="utf-8")
    with closing(duckdb.connect()) as con:
        prepare(con, project, "liens", [])
        fill(con, "liens", columns, rows)
        con.execute(f"create table staging.liens as from ({staging_text(project, 'liens')}) where len(_motifs) = 0")
        con.execute("create table core.sources as select 'cas_usage' as source, 'LO' as licence")
        con.execute(
            f"create table core.preuves_usages as select url as preuve_id, '' as usage_id, 'cas_usage' as source, '' as "
            f"cle_source, '' as type_source, '' as _livraison, 1 as _ligne, url, date '{ENTERED}' as date_entree, "
            "null::date as date, '' as date_precision, '' as titre_source, '' as resume from (select unnest(?) as url)",
            [list(names)],
        )
        told = con.execute(f"select url, lien_actif, date_consultation, url_archive from ({curated})").fetchall()
    day = dt.date.fromisoformat
    assert {names[url]: rest for url, *rest in told} == {
        "actif": [True, day("2027-01-01"), None],
        "actif ancien": [True, day("2027-01-01"), None],
        "actif puis muet": [None, day("2027-01-01"), COPY],
        "mort": [False, day("2027-01-01"), COPY],
        "mort puis muet": [None, day(ENTERED), COPY],
        "déplacé": [True, day(ENTERED), None],
        "muet ancien": [None, day(ENTERED), COPY],
        "vu avant d'entrer": [True, day(ENTERED), None],
        "jamais": [None, day(ENTERED), None],
    }
