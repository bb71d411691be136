"""Whether the pages that the register quotes still answer. What was found is a dated file of the register, liens.csv."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError

from observatoire.errors import DeliveryRefused, FetchFailed, UsageError
from observatoire.protocols.contract import Ask, Pace
from observatoire.protocols.http_exchange import Exchange, with_retries
from observatoire.protocols.http_rules import PASSING, with_query
from observatoire.review.register_file import Change, RegisterFile, Row, read_register, write_register
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sources.transport import HttpFileProtocol
from observatoire.state import now, writer_lock

NAME = "liens"
ALIVE, MOVED, DEAD, UNKNOWN = "actif", "deplace", "mort", "inconnu"
WAYBACK = "https://archive.org/wayback/available"
BETWEEN = 1.0  # seconds between two requests to one host
PATIENCE = 60.0  # seconds for one page, redirections and second try included
LATER = ("muet_depuis", "tentative", "rencontre")  # of a page that does not answer; absent from older files
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Link:
    """A page as found: `state` actif, deplace (answers elsewhere: `final`), mort (gone) or inconnu (cannot be told: `met`)."""

    url: str
    state: str
    code: str = ""
    final: str = ""
    archive: str = ""
    archive_date: str = ""
    met: str = ""

    def row(self, date: str, known: Row | None = None) -> Row:
        """The row of liens.csv. What cannot be told keeps what was `known` beside what was met, and since when."""
        found = {"url": self.url, "etat": self.state, "code": self.code, "adresse_finale": self.final,
                 "archive_url": self.archive, "archive_date": self.archive_date, "date": date, "tentative": date}  # fmt: skip
        if self.state != UNKNOWN:
            return found
        kept = known or found
        copy = found if self.archive else kept
        return {**kept, "archive_url": copy["archive_url"], "archive_date": copy["archive_date"],
                "muet_depuis": silent_since(kept) or date, "tentative": date, "rencontre": self.met}  # fmt: skip


def silent_since(row: Row) -> str:
    """Since when a page of liens.csv does not answer; empty when it did at the last attempt."""
    return row.get("muet_depuis") or (row["date"] if row["etat"] == UNKNOWN else "")


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

    A page that is gone, or of which nothing can be told (a server that refuses machines, that is down, a name that no
    longer exists), is looked for in the Internet Archive. What cannot be told keeps what was known of the page beside
    the date and the code of the attempt, from the first one on. Raises UsageError without an author, LockHeld.
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
    """One page, and its copy in the Internet Archive when it is gone or does not answer."""
    try:
        link = _asked(settings, url, pace, _judge)
    except (FetchFailed, DeliveryRefused) as error:
        link = Link(url, UNKNOWN, met=_met(error, url))
    return _with_copy(settings, link, pace) if link.state in (DEAD, UNKNOWN) else link


def _met(error: BaseException, url: str) -> str:
    """What an attempt met, without what a delivery would be told of it."""
    cause: BaseException | None = error
    while cause:
        reasons = [cause, *(getattr(argument, "reason", None) for argument in cause.args)]
        if any(isinstance(reason, NameResolutionError | socket.gaierror) for reason in reasons):
            return "le nom du site ne se résout pas"
        cause = cause.__cause__
    what = str(error).partition(" : ")[2].partition(". La livraison")[0]
    return what.replace(f" ({url})", "")


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
        return Link(exchange.url, UNKNOWN, str(status), met=f"le serveur a répondu {status}")
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
    file = _with_later_columns(read_register(settings, NAME))
    places = {row["url"]: n for n, row in enumerate(file.rows)}
    rows = {link.url: link.row(date, file.rows[places[link.url]] if link.url in places else None) for link in links}
    replaced = {places[url]: row for url, row in rows.items() if url in places}
    added = [row for url, row in rows.items() if url not in places]
    if not rows:
        return
    counted = Counter(link.state for link in links)
    reason = "Liens vérifiés : " + ", ".join(f"{counted[state]} {state}" for state in (ALIVE, MOVED, DEAD, UNKNOWN))
    change = Change(file.path.name, "", "", "modification", author.strip(), date, reason)
    write_register(settings, file, file.with_rows(replaced, added), [change])


def _with_later_columns(file: RegisterFile) -> RegisterFile:
    """The file with the columns that an older one lacks, so that nothing found is lost."""
    missing = [column for column in LATER if column not in file.columns]
    if not missing:
        return file
    wide = replace(file, columns=[*file.columns, *missing])
    header = dict(zip(wide.columns, wide.columns, strict=True))
    return replace(wide, records=[wide.line(row) for row in (header, *file.rows)])


def known_links(settings: Settings) -> list[dict[str, str]]:
    """The rows of liens.csv: what was found when pages were last asked."""
    return read_register(settings, NAME).rows if (Path(settings.register) / f"{NAME}.csv").is_file() else []
