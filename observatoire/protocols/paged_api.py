"""The `paged_api` protocol: an API asked page after page, its records archived as canonical JSON lines.

The file is one record a line, keys sorted, numbers as they were written, lines sorted by the source's key: the same
answer in another order is the same delivery. All the pages come, or nothing does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import requests

from observatoire.errors import ObservatoireError
from observatoire.french import octets
from observatoire.protocols.api_login import bearer
from observatoire.protocols.content import HEAD, is_html
from observatoire.protocols.contract import Ask, Fetched, NotModified, aside
from observatoire.protocols.http_body import body, media_type, web_page
from observatoire.protocols.http_exchange import Exchange, check_status, with_retries
from observatoire.protocols.http_rules import canonical, same_server, time_allowed, with_query, without_query
from observatoire.protocols.json_lines import at_path, json_line, read_json, record_key, stripped
from observatoire.sources.spec import PagedApiProtocol
from observatoire.storage import fsync_file

Position = int | str | None


def fetch(ask: Ask) -> Fetched | NotModified:
    """Every record that the source's queries give, or NotModified when only what is new was asked and nothing is.

    Raises FetchFailed, DeliveryRefused, StorageError (see `observatoire.protocols.fetch`).
    """
    protocol = ask.source.protocol
    assert isinstance(protocol, PagedApiProtocol)
    deadline = ask.pace.monotonic() + time_allowed(protocol.max_bytes)
    exchange = Exchange(replace(ask, previous=None), protocol, protocol.url, deadline, protocol.method)
    secrets = bearer(exchange, protocol.login) if protocol.login else {}
    api = _Api(replace(exchange, headers=protocol.headers, secrets=secrets), protocol)
    lines = {line for query in protocol.queries for page in api.pages(query) for line in page}
    if lines:
        return _archived(ask, protocol, sorted(lines))
    if ask.since and ask.previous:
        return NotModified(protocol.url)
    raise ask.refused(f"l'API ne donne aucun enregistrement ({protocol.url})", exchange.check_address)


def _archived(ask: Ask, protocol: PagedApiProtocol, lines: list[tuple[tuple[str, ...], str]]) -> Fetched:
    digest, size = hashlib.sha256(), 0
    with aside(ask.folder, ask.source.id) as path:
        with path.open("wb") as target:
            for _, line in lines:
                data = line.encode() + b"\n"
                digest.update(data)
                size += target.write(data)
        fsync_file(path)
        url = with_query(protocol.url, ask.since_in(protocol.params))
        return Fetched(path, url, digest.hexdigest(), size, media_type="application/x-ndjson")


@dataclass
class _Api:
    """One API during one fetch: when it was last asked, and how many bytes it gave."""

    exchange: Exchange
    protocol: PagedApiProtocol
    asked_at: float | None = None
    received: int = 0

    def pages(self, query: dict[str, Any]) -> Iterator[list[tuple[tuple[str, ...], str]]]:
        """The records of each page of a query, as (key, line). Raises when the pages do not add up."""
        rule, counted = self.protocol.pagination, self.protocol.pagination.kind in ("offset", "page")
        position: Position = rule.start if counted else None
        positions, contents, received, number = {position}, set(), 0, 1
        while True:
            said = f"{self.protocol.url}, page {number}"
            answer = self._answer(query, position, said)
            records = self._records(answer, said)
            total = self._total(answer, said)
            page = [self._line(record) for record in records]
            content = hashlib.sha256("\n".join(line for _, line in page).encode()).digest()
            if records and content in contents:
                raise self._refused(f"l'API répète une page déjà reçue ({said})")
            contents.add(content)
            received += len(records)
            yield page
            position = self._next(position, answer, len(records), received, total, said)
            if position is None:
                return
            if position in positions:
                raise self._refused(f"l'API répète une position déjà lue ({said})")
            positions.add(position)
            number += 1

    def _next(
        self, position: Position, answer: Any, size: int, received: int, total: int | None, said: str
    ) -> Position:
        """Where the next page begins, None when there is none."""
        rule, missing = self.protocol.pagination, total is not None and received < total
        following: Position = None
        if rule.kind in ("offset", "page"):
            assert rule.size and isinstance(position, int)
            if missing or (total is None and size == rule.size):
                following = position + (rule.size if rule.kind == "offset" else 1)
        elif rule.kind != "none" and (missing or total is None):
            found = at_path(answer, rule.next or "")
            following = str(found) if found not in (None, "", False) and size else None
        counted = rule.size if rule.kind in ("offset", "page") else None
        reach = rule.window // counted * counted if counted else None
        if (reach and (total or 0) > reach) or (isinstance(following, int) and self._beyond(following)):
            announced = (
                f"{total} enregistrements annoncés" if total is not None else "d'autres enregistrements existent"
            )
            raise self.exchange.ask.failed(
                f"{announced} quand l'API n'en donne que {reach} par requête ({said})",
                f"Découper la demande par « queries » ou « since » dans {self.exchange.ask.spec_path}.",
            )
        if missing and (size == 0 or following is None):
            what = "une page vide" if size == 0 else "la dernière page"
            raise self._refused(f"{what} est arrivée après {received} enregistrements sur {total} annoncés ({said})")
        return following

    def _beyond(self, position: int) -> bool:
        """Whether the page at that position ends beyond what the API accepts to count."""
        rule = self.protocol.pagination
        assert rule.size
        first = (position - rule.start) * rule.size if rule.kind == "page" else position
        return first + rule.size > rule.window

    def _answer(self, query: dict[str, Any], position: Position, said: str) -> Any:
        """One page, asked no sooner than the rate allows."""
        exchange = replace(self._request(query, position), said=said)
        self._wait()
        content = with_retries(exchange, partial(_receive, exchange))
        self.received += len(content)
        if self.received > self.protocol.max_bytes:
            limit = octets(self.protocol.max_bytes)
            raise exchange.ask.refused(
                f"les pages dépassent ensemble la limite de {limit} ({said})",
                f"Si cette taille est normale, relever « max_bytes » dans {exchange.ask.spec_path}.",
            )
        try:
            return read_json(content)
        except (ValueError, RecursionError) as error:
            raise exchange.ask.refused(f"la réponse n'est pas du JSON ({said})", exchange.later) from error

    def _request(self, query: dict[str, Any], position: Position) -> Exchange:
        rule, ask = self.protocol.pagination, self.exchange.ask
        place: dict[str, Any] = {}
        if rule.size_param:
            place[rule.size_param] = rule.size
        if rule.kind == "next_link" and position is not None:
            return replace(self.exchange, url=self._linked(str(position)), content=self._body(query, {}))
        if rule.param and position is not None:
            place[rule.param] = position
        params = ask.since_in(self.protocol.params)
        if self.protocol.method == "GET":
            return replace(self.exchange, url=with_query(self.protocol.url, {**params, **ask.since_in(query), **place}))
        in_body = rule.kind != "cursor"
        url = with_query(self.protocol.url, params if in_body else {**params, **place})
        return replace(self.exchange, url=url, content=self._body(query, place if in_body else {}))

    def _body(self, query: dict[str, Any], place: dict[str, Any]) -> bytes | None:
        if self.protocol.method == "GET":
            return None
        fields = self.exchange.ask.since_in({**self.protocol.body, **query})
        return json.dumps({**fields, **place}, ensure_ascii=False, sort_keys=True).encode()

    def _linked(self, link: str) -> str:
        """The next address, which must be on the API's own server: it will see the token."""
        url = canonical(link, self.protocol.url, self.exchange.ask.settings.mirror_url)
        if not same_server(url, self.protocol.url):
            raise self._refused(f"la page suivante est sur un autre serveur ({without_query(url)})")
        return url

    def _wait(self) -> None:
        pace = self.exchange.ask.pace
        if self.asked_at is not None:
            left = self.asked_at + 1 / self.protocol.rate - pace.monotonic()
            if left > 0:
                pace.sleep(left)
        self.asked_at = pace.monotonic()

    def _records(self, answer: Any, said: str) -> list[dict[str, Any]]:
        records = at_path(answer, self.protocol.records)
        place = f"sous « {self.protocol.records} »" if self.protocol.records else "à la racine"
        if not isinstance(records, list):
            raise self._refused(f"liste d'enregistrements absente {place} de la réponse ({said})")
        if any(not isinstance(record, dict) for record in records):
            raise self._refused(f"la liste {place} de la réponse ne contient pas que des objets ({said})")
        return records

    def _total(self, answer: Any, said: str) -> int | None:
        if self.protocol.total is None:
            return None
        total = at_path(answer, self.protocol.total)
        if not str(total).isdigit():
            raise self._refused(f"nombre total absent sous « {self.protocol.total} » de la réponse ({said})")
        return int(total)

    def _line(self, record: dict[str, Any]) -> tuple[tuple[str, ...], str]:
        kept = stripped(record, self.protocol.strip_before_archive)
        return record_key(kept, self.exchange.ask.source.key), json_line(kept)

    def _refused(self, what: str) -> ObservatoireError:
        return self.exchange.ask.refused(what, self.exchange.later)


def _receive(exchange: Exchange, response: requests.Response) -> bytes:
    check_status(exchange, response)
    content = b"".join(body(exchange, response))
    if is_html(content[:HEAD], media_type(response)):
        raise web_page(exchange)
    return content
