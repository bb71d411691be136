"""The `http_file` protocol: one file behind an address, or one per vintage."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import requests
import urllib3

from observatoire.errors import ObservatoireError, UsageError
from observatoire.protocols.content import HEAD, is_html, is_zip, zip_fault
from observatoire.protocols.contract import Ask, Fetched, NotModified, aside, octets
from observatoire.protocols.http_exchange import Exchange, Passing, check_status, with_retries
from observatoire.protocols.http_rules import http_date, time_allowed
from observatoire.sources.spec import HttpFileProtocol
from observatoire.storage import fsync_file

BLOCK = 1 << 18


def fetch(ask: Ask) -> Fetched | NotModified:
    """The file behind the source's address, whole and checked, or NotModified when the server answers 304.

    A zip is kept as received, after a reading of all its members; `open_member` takes the useful one out of it.
    Tries and waits are those of `with_retries`.

    Raises FetchFailed, DeliveryRefused, UsageError, StorageError (see `observatoire.protocols.fetch`).
    """
    protocol = ask.source.protocol
    assert isinstance(protocol, HttpFileProtocol)
    deadline = ask.pace.monotonic() + time_allowed(protocol.max_bytes)
    exchange = Exchange(ask, protocol, address(ask, protocol), deadline)
    return with_retries(exchange, partial(_receive, exchange))


def address(ask: Ask, protocol: HttpFileProtocol) -> str:
    """The canonical address of the source, or of the vintage asked.

    Raises UsageError when the source does not have that vintage.
    """
    if ask.vintage is None and protocol.url:
        return protocol.url
    if ask.vintage in protocol.vintages:
        return protocol.vintages[ask.vintage]
    known = ", ".join(ask.source.vintages) or "aucun"
    asked = f"millésime « {ask.vintage} » inconnu" if ask.vintage else "un millésime est attendu"
    raise UsageError(f"{ask.source.id} : {asked}. Millésimes de {ask.spec_path} : {known}.")


def _receive(exchange: Exchange, response: requests.Response) -> Fetched | NotModified:
    """The judged answer: its body as a complete file, or NotModified."""
    ask = exchange.ask
    if response.status_code == 304 and exchange.conditions:
        return NotModified(exchange.url)
    check_status(exchange, response)
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None
    announced = _announced(response)
    if announced is not None and announced > exchange.protocol.max_bytes:
        raise _too_big(exchange, f"le serveur annonce {octets(announced)}")
    with aside(ask.folder, ask.source.id) as path:
        digest, size = _store(exchange, response, path, announced)
        _check_content(exchange, path, size, media_type)
        fsync_file(path)
        last_modified = response.headers.get("Last-Modified")
        return Fetched(
            path=path,
            url=exchange.url,
            sha256=digest,
            bytes=size,
            etag=response.headers.get("ETag"),
            last_modified=last_modified,
            media_type=media_type,
            date=http_date(last_modified),
        )


def _store(exchange: Exchange, response: requests.Response, path: Path, announced: int | None) -> tuple[str, int]:
    """Write the body to `path`; its SHA-256 and size once the transport's compression is undone."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    blocks = _blocks(exchange, response, announced)
    if encoding in ("gzip", "x-gzip", "deflate"):  # identity was asked for, but some servers compress all the same
        blocks = _inflated(exchange, blocks)
    elif encoding not in ("", "identity"):
        raise exchange.ask.refused(
            f"le serveur envoie le fichier compressé en « {encoding[:20]} » ({exchange.url})", exchange.check_address
        )
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        for block in blocks:
            size += len(block)
            if size > exchange.protocol.max_bytes:
                raise _too_big(exchange, f"plus de {octets(exchange.protocol.max_bytes)} sont arrivés")
            digest.update(block)
            target.write(block)
    return digest.hexdigest(), size


def _blocks(exchange: Exchange, response: requests.Response, announced: int | None) -> Iterator[bytes]:
    """The bytes of the body as they come, what each system call brings: the time is checked between two of them."""
    ask, received = exchange.ask, 0
    size = exchange.protocol.max_bytes if announced is None else announced
    deadline = min(exchange.deadline, ask.pace.monotonic() + time_allowed(size))
    try:
        while block := response.raw.read1(BLOCK, decode_content=False):
            received += len(block)
            if ask.progress:
                ask.progress(received, announced)
            yield block
            if ask.pace.monotonic() > deadline:
                raise ask.failed(
                    f"le serveur est trop lent : {octets(received)} seulement ({exchange.url})", exchange.later
                )
    except urllib3.exceptions.ProtocolError as error:
        raise _truncated(exchange, received, announced) from error


def _inflated(exchange: Exchange, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip or zlib, never more than a block at a time whatever the ratio."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        for block in blocks:
            rest = block
            while rest:
                if inflater.eof:  # a gzip may be several, end to end
                    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
                yield inflater.decompress(rest, BLOCK)
                rest = inflater.unconsumed_tail or inflater.unused_data
        yield inflater.flush()
    except zlib.error as error:
        raise exchange.ask.refused(f"la compression du fichier est abîmée ({exchange.url})", exchange.later) from error
    if not inflater.eof:
        raise _truncated(exchange, None, None)


def _check_content(exchange: Exchange, path: Path, size: int, media_type: str | None) -> None:
    """Refuse what is not the file announced, from the bytes themselves."""
    ask, protocol = exchange.ask, exchange.protocol
    if size == 0:
        raise _empty(exchange)
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    if not _wants_html(exchange) and is_html(head, media_type):
        raise _web_page(exchange)
    if not (is_zip(head) or protocol.member or ask.source.format.name == "xlsx"):
        return
    if not is_zip(head):
        expected = "classeur xlsx" if ask.source.format.name == "xlsx" else "zip"
        raise ask.refused(f"le fichier reçu n'est pas un {expected} ({exchange.url})", exchange.check_address)
    if fault := zip_fault(path, protocol.member, protocol.max_bytes):
        raise ask.refused(f"{fault} ({exchange.url})", f"Vérifier l'adresse et « member » dans {ask.spec_path}.")


def _wants_html(exchange: Exchange) -> bool:
    return str(exchange.ask.source.format.name) == "html"


def _announced(response: requests.Response) -> int | None:
    """The size of the body on the wire, None when the server does not say it."""
    length = response.headers.get("Content-Length", "").strip()
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def _web_page(exchange: Exchange) -> ObservatoireError:
    what = f"une page HTML est arrivée au lieu du fichier ({exchange.url})"
    return exchange.ask.refused(what, exchange.check_address)


def _empty(exchange: Exchange) -> ObservatoireError:
    return exchange.ask.refused(f"une réponse vide est arrivée ({exchange.url})", exchange.later)


def _too_big(exchange: Exchange, what: str) -> ObservatoireError:
    limit = octets(exchange.protocol.max_bytes)
    advice = f"Si cette taille est normale, relever « max_bytes » dans {exchange.ask.spec_path}."
    return exchange.ask.refused(f"{what}, au-delà de la limite de {limit} ({exchange.url})", advice)


def _truncated(exchange: Exchange, received: int | None, announced: int | None) -> Passing:
    amount = f" : {octets(received)}" if received is not None else ""
    total = f" sur {octets(announced)}" if announced is not None else ""
    return Passing(
        exchange.ask.refused(f"le fichier est arrivé tronqué{amount}{total} ({exchange.url})", exchange.later)
    )
