"""Whether the pages that the register quotes still answer. What was found is a dated file of the register, liens.csv."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import requests

from observatoire.errors import DeliveryRefused, FetchFailed, UsageError
from observatoire.protocols.contract import Ask, Pace
from observatoire.protocols.http_exchange import Exchange, with_retries
from observatoire.protocols.http_rules import PASSING, with_query
from observatoire.review.register_file import Change, read_register, write_register
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sources.transport import HttpFileProtocol
from observatoire.state import now, writer_lock

NAME = "liens"
ALIVE, MOVED, DEAD, UNKNOWN = "actif", "deplace", "mort", "inconnu"
WAYBACK = "https://archive.org/wayback/available"
BETWEEN = 1.0  # seconds between two requests to one host
PATIENCE = 60.0  # seconds for one page, redirections and second try included
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Link:
    """A page as found: `state` actif, deplace (answers elsewhere: `final`), mort (gone) or inconnu (cannot be told)."""

    url: str
    state: str
    code: str = ""
    final: str = ""
    archive: str = ""
    archive_date: str = ""

    def row(self, date: str) -> dict[str, str]:
        return {"url": self.url, "etat": self.state, "code": self.code, "adresse_finale": self.final,
                "archive_url": self.archive, "archive_date": self.archive_date, "date": date}  # fmt: skip


def check_links(
    settings: Settings,
    author: str,
    date: str | None = None,
    who: str = "cli",
    wait_seconds: float = 0.0,
    pace: Pace | None = None,
    tell: Tell | None = None,
) -> list[Link]:
    """Ask every page of the register once, politely, and write what was found in liens.csv with its line of history.

    A page that is gone is looked for in the Internet Archive. What cannot be told (a server that refuses machines,
    that is down) replaces nothing that was known. Raises UsageError without an author, LockHeld.
    """
    if not author.strip():
        raise UsageError("Une vérification se signe : donner l'auteur (--auteur).")
    pace = pace or Pace()
    urls = sorted({row["source_url"] for row in read_register(settings, "cas_usage").rows if row["source_url"]})
    asked: dict[str, float] = {}
    links = []
    for position, url in enumerate(urls, 1):
        if tell:
            tell("Liens", position, len(urls))
        host = urlsplit(url).netloc
        if host in asked and (rest := asked[host] + BETWEEN - pace.monotonic()) > 0:
            pace.sleep(rest)
        links.append(check_link(settings, url, pace))
        asked[host] = pace.monotonic()
    with writer_lock(settings, who, wait_seconds):
        _record(settings, links, author, date or now()[:10])
    return links


def check_link(settings: Settings, url: str, pace: Pace) -> Link:
    """One page, and its copy in the Internet Archive when it is gone."""
    try:
        link = _asked(settings, url, pace, _judge)
    except (FetchFailed, DeliveryRefused):
        return Link(url, UNKNOWN)
    return _with_copy(settings, link, pace) if link.state == DEAD else link


def moved(url: str, final: str) -> str:
    """The state of a page that answers at `final`: itself, elsewhere, or gone when sent back to the site's first page."""
    one, two = _page(url), _page(final)
    if one == two:
        return ALIVE
    return DEAD if two[1] in ("", "/") and two[2] == "" and one[1] not in ("", "/") else MOVED


def _page(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query


def _asked(settings: Settings, url: str, pace: Pace, judge: Callable[[Exchange, requests.Response], Link]) -> Link:
    protocol = HttpFileProtocol(name="http_file", url=url, attempts=2, read_timeout=20.0)
    source = Source(
        id=NAME, title="Liens", description="Pages citées", producer="Divers", licence="sans objet", attribution="sans objet",
        protocol=protocol, format={"name": "csv", "delimiter": ","}, key=("url",), cadence="continue", columns=("url",),
    )  # fmt: skip
    ask = Ask(source, settings, settings.work, pace=pace)
    exchange = Exchange(ask, protocol, url, pace.monotonic() + PATIENCE)
    return with_retries(exchange, lambda response: judge(exchange, response))


def _judge(exchange: Exchange, response: requests.Response) -> Link:
    """What a status says of a page; the body is not read."""
    status, mirror = response.status_code, exchange.ask.settings.mirror_url
    if status in PASSING:
        raise exchange.passing(f"le serveur a répondu {status}")
    if status in (404, 410):
        return Link(exchange.url, DEAD, str(status))
    if status != 200:
        return Link(exchange.url, UNKNOWN, str(status))
    final = response.url
    if mirror and final.startswith(f"{mirror}/"):
        final = f"https://{final.removeprefix(f'{mirror}/')}"
    state = moved(exchange.url, final)
    return Link(exchange.url, state, str(status), "" if state == ALIVE else final)


def _with_copy(settings: Settings, link: Link, pace: Pace) -> Link:
    """The link with the closest copy that the Internet Archive holds (its « availability » answer), if any."""
    found: dict[str, str] = {}

    def judge(_: Exchange, response: requests.Response) -> Link:
        body = next(response.iter_content(100_000), b"")
        with suppress(ValueError, KeyError, TypeError):
            closest = json.loads(body)["archived_snapshots"]["closest"]
            found.update(url=str(closest["url"]), stamp=str(closest["timestamp"]))
        return link

    with suppress(FetchFailed, DeliveryRefused):
        _asked(settings, with_query(WAYBACK, {"url": link.url}), pace, judge)
    stamp = found.get("stamp", "")
    if not (stamp[:8].isdigit() and len(stamp) >= 8):
        return link
    return replace(link, archive=found["url"], archive_date=f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}")


def _record(settings: Settings, links: Sequence[Link], author: str, date: str) -> None:
    """Write what was found over what was known of the same pages, and sign it."""
    file = read_register(settings, NAME)
    places = {row["url"]: n for n, row in enumerate(file.rows)}
    rows = {link.url: link.row(date) for link in links if link.state != UNKNOWN or link.url not in places}
    replaced = {places[url]: row for url, row in rows.items() if url in places}
    added = [row for url, row in rows.items() if url not in places]
    if not rows:
        return
    counted = Counter(link.state for link in links)
    reason = "Liens vérifiés : " + ", ".join(f"{counted[state]} {state}" for state in (ALIVE, MOVED, DEAD, UNKNOWN))
    change = Change(file.path.name, "", "", "modification", author.strip(), date, reason)
    write_register(settings, file, file.with_rows(replaced, added), [change])


def known_links(settings: Settings) -> list[dict[str, str]]:
    """The rows of liens.csv: what was found when pages were last asked."""
    return read_register(settings, NAME).rows if (Path(settings.register) / f"{NAME}.csv").is_file() else []
