"""One address asked over HTTP: tries, redirections, statuses; what is done with the body is the caller's.

Only what may pass by itself is tried again: a connection that fails, a silence, a body cut short, and the answers 429,
502, 503 and 504. Anything else is said at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from observatoire import __version__
from observatoire.errors import AddressGone, ObservatoireError, RequestRefused
from observatoire.protocols.contract import Ask, Validators
from observatoire.protocols.http_rules import (
    PASSING,
    REDIRECTS,
    backoff,
    canonical,
    mirrored,
    retry_after,
    same_server,
    without_query,
)
from observatoire.sources.spec import HttpProtocol

T = TypeVar("T")

GONE = (404, 410)
REFUSED = (400, 414)

USER_AGENT = f"observatoire-ia-territoires/{__version__} (+https contact none)"
ADVICE = {
    401: "L'accès demande une autorisation : vérifier les conditions de la source puis l'adresse dans {spec}.",
    403: "L'accès est refusé : vérifier les conditions de la source puis l'adresse dans {spec}.",
    404: "L'adresse n'existe plus : chercher la nouvelle et corriger {spec}.",
    410: "L'adresse n'existe plus : chercher la nouvelle et corriger {spec}.",
}


class Passing(Exception):
    """A fault that may pass: `error` is what to say if it does not, `wait` what the server asks for, in seconds."""

    def __init__(self, error: ObservatoireError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


@dataclass(frozen=True)
class Exchange:
    """One thing asked of one address, until `deadline` (in the time of `ask.pace.monotonic`).

    `secrets` are headers that only the server of `url` may see: they follow no redirection elsewhere, and no message
    quotes them. `said` is how messages name the address when it is not `url`.
    """

    ask: Ask
    protocol: HttpProtocol
    url: str
    deadline: float
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = None
    said: str = ""

    @property
    def shown(self) -> str:
        return self.said or self.url

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the body only if it is no longer the one in use."""
        previous = self.ask.previous or Validators()
        if previous.url not in (None, self.url):  # validators speak of one address
            return {}
        headers = {"If-None-Match": previous.etag, "If-Modified-Since": previous.last_modified}
        return {name: value for name, value in headers.items() if value}

    @property
    def check_address(self) -> str:
        return f"Vérifier l'adresse dans {self.ask.spec_path}."

    @property
    def later(self) -> str:
        return f"Relancer plus tard ; si cela dure, vérifier l'adresse dans {self.ask.spec_path}."

    def passing(self, what: str, wait: float | None = None) -> Passing:
        return Passing(self.ask.failed(what, self.later), wait)


def with_retries(exchange: Exchange, receive: Callable[[requests.Response], T]) -> T:
    """What `receive` makes of the answer, tried at most `attempts` times and never beyond the deadline.

    Waits are the server's (Retry-After, up to 120 s) or double at each try, drawn at random between half and the whole
    (« equal jitter », M. Brooker, AWS Architecture Blog, 2015). Raises FetchFailed, or what `receive` raises.
    """
    pace = exchange.ask.pace
    for attempt in range(1, exchange.protocol.attempts + 1):
        try:
            return _attempt(exchange, receive)
        except Passing as fault:
            wait = backoff(attempt, pace.jitter()) if fault.wait is None else fault.wait
            if attempt == exchange.protocol.attempts or pace.monotonic() + wait >= exchange.deadline:
                raise fault.error from fault
            pace.sleep(wait)
    raise AssertionError("unreachable: attempts >= 1")


def _attempt(exchange: Exchange, receive: Callable[[requests.Response], T]) -> T:
    """One try, from the first address to the last byte. Its connections are its own: none is used after a fault."""
    where = f"({exchange.shown})"
    with _Session() as session:
        try:
            with closing(_follow(exchange, session)) as response:
                return receive(response)
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise exchange.passing(f"la connexion chiffrée a échoué ou s'est coupée {where}") from error
            raise exchange.ask.failed(
                f"le certificat du serveur n'est pas valable {where}",
                "Vérifier l'heure de la machine et ses certificats, sinon prévenir le producteur.",
            ) from error
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise exchange.passing(f"le serveur ne répond pas à temps {where}") from error
        except (requests.ConnectionError, urllib3.exceptions.ProtocolError) as error:
            raise exchange.passing(f"la connexion a échoué ou s'est coupée {where}") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            what = f"la réponse du serveur n'est pas du HTTP valable {where}"
            # A header that cannot be sent is quoted by requests: with secrets about, the cause is not kept.
            raise exchange.ask.failed(what, exchange.check_address) from (None if exchange.secrets else error)


class _Session(requests.Session):
    """A session blind to redirections: requests would read their bodies whole, and cannot judge where they lead."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: see `_follow`."""


def _follow(exchange: Exchange, session: requests.Session) -> requests.Response:
    """The answer at the end of the redirections, each of them judged and rewritten to the mirror."""
    ask, url, seen = exchange.ask, exchange.url, [exchange.url]
    mirror = ask.settings.mirror_url
    while True:
        secrets = exchange.secrets if same_server(url, exchange.url) else {}
        response = _ask_once(exchange, session, mirrored(url, mirror), secrets)
        if response.status_code not in REDIRECTS:
            return response
        location = response.headers.get("Location", "").encode("latin-1").decode()
        response.close()
        if not location:
            raise ask.failed(f"redirection sans adresse ({exchange.shown})", exchange.check_address)
        try:
            target = canonical(location, url, mirror)
            fault = _redirect_fault(url, target, seen, exchange.protocol.max_redirects)
        except ValueError:
            fault = "redirection vers une adresse mal formée"
        if exchange.method == "POST" and response.status_code not in (307, 308):
            fault = f"redirection {response.status_code} d'une requête POST"
        if fault:
            raise ask.failed(f"{fault} ({exchange.shown})", exchange.check_address)
        url = target
        seen.append(url)


def _redirect_fault(origin: str, target: str, seen: list[str], most: int) -> str | None:
    """Why the redirection from `origin` to `target` is not followed, None when it is."""
    old, new = urlsplit(origin), urlsplit(target)
    if new.scheme not in ("http", "https") or not new.hostname:
        return f"redirection vers une adresse qui n'est pas http(s) : {without_query(target)}"
    if (old.scheme, new.scheme) == ("https", "http") and old.hostname != new.hostname:
        return f"redirection de https vers http sur un autre serveur : {without_query(target)}"
    if target in seen:
        return "boucle de redirections"
    return f"plus de {most} redirections" if len(seen) > most else None


def _ask_once(exchange: Exchange, session: requests.Session, url: str, secrets: Mapping[str, str]) -> requests.Response:
    """The status and headers of one address, the body still to be read.

    requests bounds each silence, not their sum: headers sent one byte at a time, or a name server that hangs, would
    wait without end, hence `_within`.
    """
    ask, protocol = exchange.ask, exchange.protocol
    # Identity: a length that counts the file's own bytes, and no decoder between the wire and the digest.
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **exchange.conditions}
    headers |= {**exchange.headers, **secrets}
    timeouts = (protocol.connect_timeout, protocol.read_timeout)
    patience = 2 * protocol.connect_timeout + protocol.read_timeout  # two addresses (IPv6, IPv4), then an answer
    return _within(
        min(patience, exchange.deadline - ask.pace.monotonic()),
        lambda: session.request(
            exchange.method,
            url,
            headers=headers,
            data=exchange.content,
            timeout=timeouts,
            stream=True,
            allow_redirects=False,
        ),
    )


def _within(seconds: float, call: Callable[[], requests.Response]) -> requests.Response:
    """The answer of `call`, or TimeoutError after `seconds` (its thread then ends alone, with whatever it holds)."""
    answers: queue.SimpleQueue[requests.Response | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(call())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=run, daemon=True, name="http-headers").start()
    try:
        answer = answers.get(timeout=max(seconds, 0.0))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def check_status(exchange: Exchange, response: requests.Response) -> None:
    """Pass a 200. Raises AddressGone for 404 and 410, RequestRefused for 400 and 414, Passing for what is worth another try, else
    FetchFailed."""
    status = response.status_code
    if status == 200:
        return
    what = f"le serveur a répondu {status} ({exchange.shown})"
    if status in PASSING:
        raise exchange.passing(what, retry_after(response.headers.get("Retry-After"), exchange.ask.pace.now()))
    advice = ADVICE.get(status, exchange.later if status >= 500 else exchange.check_address)
    error = exchange.ask.failed(what, advice.format(spec=exchange.ask.spec_path))
    if status in GONE:
        raise AddressGone(str(error))
    raise RequestRefused(str(error)) if status in REFUSED else error
