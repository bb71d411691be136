"""The body of an answer: its bytes as they come, whole or refused, within the size and the time allowed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import requests
import urllib3

from observatoire.errors import ObservatoireError
from observatoire.french import octets
from observatoire.protocols.http_exchange import Exchange, Passing
from observatoire.protocols.http_rules import time_allowed

BLOCK = 1 << 18


def body(exchange: Exchange, response: requests.Response) -> Iterator[bytes]:
    """The body once the transport's compression is undone, never more than `max_bytes`.

    Raises DeliveryRefused when it is too big or its compression damaged, FetchFailed when it is too slow, Passing when
    it is cut short.
    """
    announced = _announced(response)
    if announced is not None and announced > exchange.protocol.max_bytes:
        raise _too_big(exchange, f"le serveur annonce {octets(announced)}")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    blocks = _blocks(exchange, response, announced)
    if encoding in ("gzip", "x-gzip", "deflate"):  # identity was asked for, but some servers compress all the same
        blocks = _inflated(exchange, blocks)
    elif encoding not in ("", "identity"):
        raise exchange.ask.refused(
            f"le serveur envoie le fichier compressé en « {encoding[:20]} » ({exchange.shown})", exchange.check_address
        )
    size = 0
    for block in blocks:
        size += len(block)
        if size > exchange.protocol.max_bytes:
            raise _too_big(exchange, f"plus de {octets(exchange.protocol.max_bytes)} sont arrivés")
        yield block


def media_type(response: requests.Response) -> str | None:
    """The declared type of the body, without its parameters."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None


def web_page(exchange: Exchange) -> ObservatoireError:
    what = f"une page HTML est arrivée au lieu du fichier ({exchange.shown})"
    return exchange.ask.refused(what, exchange.check_address)


def empty(exchange: Exchange) -> ObservatoireError:
    return exchange.ask.refused(f"une réponse vide est arrivée ({exchange.shown})", exchange.later)


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
                    f"le serveur est trop lent : {octets(received)} seulement ({exchange.shown})", exchange.later
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
        raise exchange.ask.refused(
            f"la compression du fichier est abîmée ({exchange.shown})", exchange.later
        ) from error
    if not inflater.eof:
        raise _truncated(exchange, None, None)


def _announced(response: requests.Response) -> int | None:
    """The size of the body on the wire, None when the server does not say it."""
    length = response.headers.get("Content-Length", "").strip()
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def _too_big(exchange: Exchange, what: str) -> ObservatoireError:
    limit = octets(exchange.protocol.max_bytes)
    advice = f"Si cette taille est normale, relever « max_bytes » dans {exchange.ask.spec_path}."
    return exchange.ask.refused(f"{what}, au-delà de la limite de {limit} ({exchange.shown})", advice)


def _truncated(exchange: Exchange, received: int | None, announced: int | None) -> Passing:
    amount = f" : {octets(received)}" if received is not None else ""
    total = f" sur {octets(announced)}" if announced is not None else ""
    return Passing(
        exchange.ask.refused(f"le fichier est arrivé tronqué{amount}{total} ({exchange.shown})", exchange.later)
    )
