"""The `http_file` protocol: one file behind an address, or one per vintage."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import requests

from observatoire.errors import AddressGone, RequestRefused, UsageError
from observatoire.protocols.content import HEAD, is_html, is_zip, zip_fault
from observatoire.protocols.contract import Ask, Fetched, NotModified, aside
from observatoire.protocols.http_body import body, empty, media_type, web_page
from observatoire.protocols.http_exchange import Exchange, check_status, with_retries
from observatoire.protocols.http_rules import http_date, iso_prefixes, time_allowed, with_query, without_query
from observatoire.protocols.resolve import resolved
from observatoire.sources.spec import HttpFileProtocol
from observatoire.sources.transport import PREFIX, Scalar
from observatoire.storage import fsync_file


def fetch(ask: Ask) -> Fetched | NotModified:
    """The file behind the source's address, whole and checked, or NotModified when the server answers 304.

    A zip is kept as received, after a reading of all its members; `open_member` takes the useful one out of it.
    An address to be resolved is resolved first, then « {since} » replaced and the parameters added: an Opendatasoft
    export whose `where` holds « {since} » is no more than this (its JSON exports go through `paged_api`, which puts
    records in order). A direct address is asked first; gone (404, 410), the resolved one is. A wider condition that the
    server refuses (400, 414) is left out, which the delivery's remark says. Tries and waits are those of `with_retries`.

    Raises FetchFailed, DeliveryRefused, UsageError, StorageError (see `observatoire.protocols.fetch`).
    """
    protocol = ask.source.protocol
    assert isinstance(protocol, HttpFileProtocol)
    deadline = ask.pace.monotonic() + time_allowed(protocol.max_bytes)
    exchange = Exchange(ask, protocol, "", deadline)
    _check_vintage(ask)
    direct = protocol.vintages.get(ask.vintage or "", protocol.url)
    if direct and not protocol.resolve:
        return _ask(exchange, protocol, direct)
    assert protocol.resolve, "a specification has an address"
    if direct:
        with contextlib.suppress(AddressGone):
            return _ask(exchange, protocol, direct)
    return _ask(exchange, protocol, resolved(exchange, protocol.resolve))


def _ask(exchange: Exchange, protocol: HttpFileProtocol, address: str) -> Fetched | NotModified:
    """What is behind a canonical address, under the wider condition where the server takes it."""
    if not protocol.wider:
        return _ask_with(exchange, address, protocol.params)
    wider, ask = protocol.wider, exchange.ask
    condition = protocol.params[wider.param]
    added = "".join(f" or {wider.each.replace(PREFIX, prefix)}" for prefix in iso_prefixes(ask.asked_from))
    briefly = replace(exchange, said=without_query(address))  # twenty conditions in a message would hide what it says
    try:
        return _ask_with(briefly, address, {**protocol.params, wider.param: f"{condition}{added}"})
    except RequestRefused:
        remark = (
            f"{ask.label} : condition élargie refusée par le serveur, demandé sans elle : {wider.without}. "
            f"Vérifier « wider » dans {ask.spec_path}."
        )
        return replace(_ask_with(exchange, address, protocol.params), remark=remark)


def _ask_with(exchange: Exchange, address: str, params: Mapping[str, Scalar]) -> Fetched | NotModified:
    """What is behind a canonical address, asked with these parameters."""
    ask = exchange.ask
    exchange = replace(exchange, url=with_query(ask.since_in(address), ask.since_in(params)))
    return with_retries(exchange, partial(_receive, exchange))


def _check_vintage(ask: Ask) -> None:
    """Raises UsageError when the source does not have the vintage asked, or has some and none is asked."""
    if ask.vintage in ask.source.vintages or (ask.vintage is None and not ask.source.vintages):
        return
    known = ", ".join(ask.source.vintages) or "aucun"
    asked = f"millésime « {ask.vintage} » inconnu" if ask.vintage else "un millésime est attendu"
    raise UsageError(f"{ask.source.id} : {asked}. Millésimes de {ask.spec_path} : {known}.")


def _receive(exchange: Exchange, response: requests.Response) -> Fetched | NotModified:
    """The judged answer: its body as a complete file, or NotModified."""
    ask = exchange.ask
    if response.status_code == 304 and exchange.conditions:
        return NotModified(exchange.url)
    check_status(exchange, response)
    kind = media_type(response)
    with aside(ask.folder, ask.source.id) as path:
        digest, size = _store(exchange, response, path)
        _check_content(exchange, path, size, kind)
        fsync_file(path)
        last_modified = response.headers.get("Last-Modified")
        return Fetched(
            path=path,
            url=exchange.url,
            sha256=digest,
            bytes=size,
            etag=response.headers.get("ETag"),
            last_modified=last_modified,
            media_type=kind,
            date=http_date(last_modified),
        )


def _store(exchange: Exchange, response: requests.Response, path: Path) -> tuple[str, int]:
    """Write the body to `path`; its SHA-256 and size once the transport's compression is undone."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        for block in body(exchange, response):
            size += len(block)
            digest.update(block)
            target.write(block)
    return digest.hexdigest(), size


def _check_content(exchange: Exchange, path: Path, size: int, kind: str | None) -> None:
    """Refuse what is not the file announced, from the bytes themselves."""
    ask, protocol = exchange.ask, exchange.protocol
    assert isinstance(protocol, HttpFileProtocol)
    if size == 0:
        raise empty(exchange)
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    if not _wants_html(exchange) and is_html(head, kind):
        raise web_page(exchange)
    if not (is_zip(head) or protocol.member or ask.source.format.name == "xlsx"):
        return
    if not is_zip(head):
        expected = "classeur xlsx" if ask.source.format.name == "xlsx" else "zip"
        raise ask.refused(f"le fichier reçu n'est pas un {expected} ({exchange.shown})", exchange.check_address)
    if fault := zip_fault(path, protocol.member, protocol.max_bytes):
        raise ask.refused(f"{fault} ({exchange.shown})", f"Vérifier l'adresse et « member » dans {ask.spec_path}.")


def _wants_html(exchange: Exchange) -> bool:
    return str(exchange.ask.source.format.name) == "html"
