"""Whether the pages that the register quotes still answer. What was found is a dated file of the register, liens.csv."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from urllib.parse import urlsplit, urlunsplit

import requests
from urllib3.exceptions import NameResolutionError

from observatoire.errors import DeliveryRefused, FetchFailed, UsageError
from observatoire.protocols.contract import Ask, Pace
from observatoire.protocols.http_exchange import Exchange, check_status, with_retries
from observatoire.protocols.http_rules import PASSING, with_query
from observatoire.review.register_file import Change, RegisterFile, Row, read_register, write_register
from observatoire.review.rules import HISTORY, web_addresses
from observatoire.review.signature import signed, signed_day
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sources.transport import HttpFileProtocol
from observatoire.state import writer_lock

NAME = "liens"
ALIVE, MOVED, DEAD, UNKNOWN = "actif", "deplace", "mort", "inconnu"
WAYBACK = "https://archive.org/wayback/available"
BETWEEN = 1.0  # seconds between two requests to one host
PATIENCE = 60.0  # seconds for one page, redirections and second try included
FIRST_SITES = 5  # sites that must not all be silent: it would be this machine that reaches nothing
TO_NOTE = 600.0  # seconds to wait for another writer, rather than lose what minutes of requests found
LATER = ("vue_le", "muet_depuis", "tentative", "rencontre")  # columns that older files lack
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Link:
    """A page as found: `state` actif, deplace (answers elsewhere: `final`), mort (gone) or inconnu (cannot be told).

    `code` is the last status received, empty when nothing answered; `met` what kept from telling, of the page or of its copy.
    """

    url: str
    state: str
    code: str = ""
    final: str = ""
    archive: str = ""
    archive_date: str = ""
    met: str = ""

    def row(self, date: str, known: Row | None = None) -> Row:
        """The row of liens.csv. What cannot be told keeps what was `known` beside what was met, and since when.

        A copy once found stays, and so does the last day the page was seen at its address.
        """
        before = known or {}
        found = {"url": self.url, "etat": self.state, "code": self.code, "adresse_finale": self.final, "date": date}
        silent = self.state == UNKNOWN
        return {
            **(before if silent and known else found),
            "archive_url": self.archive or before.get("archive_url", ""),
            "archive_date": self.archive_date or before.get("archive_date", ""),
            "vue_le": date if self.state == ALIVE else seen_on(before),
            "muet_depuis": (silent_since(before) or date) if silent else "",
            "tentative": date,
            "rencontre": self.met,
        }


def silent_since(row: Row) -> str:
    """Since when a page of liens.csv does not answer; empty when it did at the last attempt."""
    return row.get("muet_depuis") or (row["date"] if row.get("etat") == UNKNOWN else "")


def seen_on(row: Row) -> str:
    """The last day a page of liens.csv answered at its address; empty when it never did."""
    return row.get("vue_le") or (row["date"] if row.get("etat") == ALIVE else "")


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
    the date and the code of the attempt, from the first one on. Stopped on its way, it keeps what it found.
    Raises UsageError without an author or a date that can be published, FetchFailed when nothing answers, LockHeld.
    """
    if not author.strip():
        raise UsageError("Une vérification se signe : donner l'auteur (--auteur).")
    signed(author, "Liens vérifiés")
    day = signed_day(date)
    for name in (NAME, HISTORY):  # what cannot be written is said before the first request
        read_register(settings, name)
    with writer_lock(settings, who, wait_seconds):
        urls = web_addresses(settings, {row["source_url"] for row in read_register(settings, "cas_usage").rows})
    links: list[Link] = []
    try:
        for link in _found(settings, urls, pace or Pace(), tell):
            links.append(link)
    finally:
        if any(link.code for link in links):
            with writer_lock(settings, who, max(wait_seconds, TO_NOTE)):
                _record(settings, links, author, day)
    if links and not any(link.code for link in links):
        raise FetchFailed(
            f"Aucune des {len(links)} premières pages n'a répondu ({links[0].met.partition(' ; ')[0]}) : rien n'a été noté. "
            "Vérifier la connexion de cette machine au réseau, puis relancer."
        )
    return links


def _found(settings: Settings, urls: Sequence[str], pace: Pace, tell: Tell | None) -> Iterator[Link]:
    """Each page in turn, until it is clear that nothing can be reached from here."""
    asked: dict[str, float] = {}
    answered = False
    for position, url in enumerate(urls, 1):
        if tell:
            tell("Liens", position, len(urls))
        link = check_link(settings, url, pace, asked)
        answered = answered or bool(link.code)
        yield link
        if not answered and len(asked.keys() - {urlsplit(WAYBACK).netloc}) >= FIRST_SITES:
            return


def check_link(settings: Settings, url: str, pace: Pace, asked: dict[str, float]) -> Link:
    """One page, and its copy in the Internet Archive when it is gone or does not answer.

    `asked` holds when each host was last asked, by the clock of `pace`: one request a second to each.
    """
    statuses: list[int] = []
    try:
        link = _asked(settings, url, pace, asked, partial(_judge, url, statuses))
    except (FetchFailed, DeliveryRefused) as error:
        link = Link(url, UNKNOWN, str(statuses[-1]) if statuses else "", met=_met(error, url))
    return _with_copy(settings, link, pace, asked) if link.state in (DEAD, UNKNOWN) else link


def _met(error: BaseException, url: str) -> str:
    """What an attempt met, without what a delivery would be told of it."""
    cause: BaseException | None = error
    while cause:
        reasons = [cause, *(getattr(argument, "reason", None) for argument in cause.args)]
        if any(isinstance(reason, NameResolutionError | socket.gaierror) for reason in reasons):
            return "le nom du site ne se résout pas"
        cause = cause.__cause__
    what = str(error).partition(" : ")[2].partition(". La livraison")[0]
    return what.replace(f" ({_address(url)})", "")


def moved(url: str, final: str) -> str:
    """The state of a page that answers at `final`: itself, elsewhere, or gone when sent back to the site's first page."""
    one, two = _page(url), _page(final)
    if one == two:
        return ALIVE
    return DEAD if two[1] in ("", "/") and two[2] == "" and one[1] not in ("", "/") else MOVED


def _page(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query


def _address(url: str) -> str:
    """The address to ask: the first page of a site written without its slash has one."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path or "/"))


def _asked(
    settings: Settings,
    url: str,
    pace: Pace,
    asked: dict[str, float],
    judge: Callable[[Exchange, requests.Response], Link],
) -> Link:
    """What `judge` makes of the answer, asked a second at least after the last request to the same host."""
    host = urlsplit(url).netloc
    if host in asked and (rest := asked[host] + BETWEEN - pace.monotonic()) > 0:
        pace.sleep(rest)
    protocol = HttpFileProtocol(name="http_file", url=_address(url), attempts=2, read_timeout=20.0)
    source = Source(
        id=NAME, title="Liens", description="Pages citées", producer="Divers", licence="sans objet", attribution="sans objet",
        protocol=protocol, format={"name": "csv", "delimiter": ","}, key=("url",), cadence="continue", columns=("url",),
    )  # fmt: skip
    ask = Ask(source, settings, settings.work, pace=pace)
    exchange = Exchange(ask, protocol, _address(url), pace.monotonic() + PATIENCE)
    try:
        return with_retries(exchange, lambda response: judge(exchange, response))
    finally:
        asked[host] = pace.monotonic()


def _judge(url: str, statuses: list[int], exchange: Exchange, response: requests.Response) -> Link:
    """What a status says of a page, added to `statuses`; the body is not read."""
    status, mirror = response.status_code, exchange.ask.settings.mirror_url
    statuses.append(status)
    if status in PASSING:
        raise exchange.passing(f"le serveur a répondu {status}")
    if status in (404, 410):
        return Link(url, DEAD, str(status))
    if status != 200:
        return Link(url, UNKNOWN, str(status), met=f"le serveur a répondu {status}")
    final = response.url
    if mirror and final.startswith(f"{mirror}/"):
        final = f"https://{final.removeprefix(f'{mirror}/')}"
    state = moved(url, final)
    return Link(url, state, str(status), "" if state == ALIVE else final)


def _with_copy(settings: Settings, link: Link, pace: Pace, asked: dict[str, float]) -> Link:
    """The link with the closest copy that the Internet Archive holds (its « availability » answer), if any."""

    def judge(exchange: Exchange, response: requests.Response) -> Link:
        check_status(exchange, response)
        body = b"".join(islice(response.iter_content(10_000), 10))
        try:
            closest = json.loads(body)["archived_snapshots"].get("closest", {})
            copy, stamp = str(closest.get("url", "")), str(closest.get("timestamp", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise exchange.ask.failed("réponse illisible", exchange.later) from error
        if not copy or not (stamp[:8].isdigit() and len(stamp) >= 8):
            return link
        return replace(link, archive=copy, archive_date=f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}")

    try:
        return _asked(settings, with_query(WAYBACK, {"url": link.url}), pace, asked, judge)
    except (FetchFailed, DeliveryRefused):  # « aucune copie » would not be true
        unknown = "l'Internet Archive n'a pas répondu, copie à chercher de nouveau"
        return replace(link, met=" ; ".join(text for text in (link.met, unknown) if text))


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
