"""Every fault that a server, a network or a file can have, and the one French line that each gets."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from observatoire.errors import DeliveryRefused, FetchFailed, ObservatoireError
from tests.protocols.conftest import URL, Bench
from tests.servers import Answer, Server, html, redirect

CSV = b"code;nom\n01001;L'Abergement-Cl\xc3\xa9menciat\n"
KEPT = "précédente reste utilisée"


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def damaged(content: bytes) -> bytes:
    """The same zip, one byte of its first member's data changed."""
    position = content.index(b"code", 60) if b"code" in content[60:] else 50
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


def stored(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("communes.csv", content)
    return buffer.getvalue()


def encrypted(content: bytes) -> bytes:
    """The same zip, its members flagged as encrypted in both headers."""
    local, central = content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8
    data = bytearray(content)
    data[local] |= 1
    data[central] |= 1
    return bytes(data)


@dataclass(frozen=True)
class Fault:
    """What the server does at every call, and what must come of it. `calls` counts the tries."""

    answer: Answer
    error: type[ObservatoireError]
    says: str
    calls: int = 1
    options: dict[str, Any] = field(default_factory=dict)


ZIPPED = zipped(communes__csv=CSV, lisez_moi__txt=b"texte")
FAULTS = {
    # statuses
    "400": Fault(Answer(400), FetchFailed, "le serveur a répondu 400"),
    "401": Fault(Answer(401), FetchFailed, "autorisation"),
    "403": Fault(Answer(403), FetchFailed, "L'accès est refusé"),
    "404": Fault(Answer(404, b"absent"), FetchFailed, "chercher la nouvelle"),
    "410": Fault(Answer(410), FetchFailed, "chercher la nouvelle"),
    "204": Fault(Answer(204), FetchFailed, "le serveur a répondu 204"),
    "206 unasked": Fault(Answer(206, CSV), FetchFailed, "le serveur a répondu 206"),
    "304 unasked": Fault(Answer(304), FetchFailed, "le serveur a répondu 304"),
    "500": Fault(Answer(500), FetchFailed, "le serveur a répondu 500"),
    "429 for ever": Fault(Answer(429, headers={"Retry-After": "1"}), FetchFailed, "a répondu 429", 4),
    "502 for ever": Fault(Answer(502), FetchFailed, "le serveur a répondu 502", 4),
    "503 for ever": Fault(Answer(503), FetchFailed, "le serveur a répondu 503", 4),
    "504 for ever": Fault(Answer(504), FetchFailed, "le serveur a répondu 504", 4),
    # network
    "reset at once": Fault(Answer(reset=True), FetchFailed, "connexion a échoué ou s'est coupée", 4),
    "silence": Fault(Answer(hang=True), FetchFailed, "ne répond pas à temps", 2, {"attempts": 2, "read_timeout": 0.3}),
    "headers dripped": Fault(
        Answer(body=CSV, drip_headers=0.1),
        FetchFailed,
        "ne répond pas à temps",
        2,
        {"attempts": 2, "connect_timeout": 0.05, "read_timeout": 0.3},
    ),
    "body stops": Fault(
        Answer(body=CSV * 2, drip=0.5), FetchFailed, "ne répond pas à temps", 2, {"attempts": 2, "read_timeout": 0.2}
    ),
    "reset midway": Fault(Answer(body=CSV * 100, cut_at=99, reset=True), DeliveryRefused, "tronqué", 4),
    "truncated": Fault(Answer(body=CSV, cut_at=20), DeliveryRefused, f"tronqué : 20 octets sur {len(CSV)} octets", 4),
    "truncated chunks": Fault(Answer(body=CSV, chunked=True, cut_at=25), DeliveryRefused, "tronqué", 4),
    "truncated gzip": Fault(
        Answer(body=b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b", headers={"Content-Encoding": "gzip"}),
        DeliveryRefused,
        "tronqué",
        4,
    ),
    "not http": Fault(
        Answer(headers={"Content-Length": "5, 6"}, body=b"12345"), FetchFailed, "n'est pas du HTTP valable"
    ),
    # redirections
    "no location": Fault(Answer(302), FetchFailed, "redirection sans adresse"),
    "loop on itself": Fault(redirect(URL), FetchFailed, "boucle de redirections"),
    "other scheme": Fault(redirect("ftp://www.producteur.fr/x.csv?cle=secret"), FetchFailed, "n'est pas http(s)"),
    "no host": Fault(redirect("https://:80/x.csv"), FetchFailed, "n'est pas http(s)"),
    "malformed": Fault(redirect("https://[::1/x.csv"), FetchFailed, "mal formée"),
    "not utf-8": Fault(redirect("https://www.producteur.fr/\xe9"), FetchFailed, "n'est pas du HTTP valable"),
    "downgrade": Fault(redirect("http://ailleurs.fr/x.csv"), FetchFailed, "de https vers http sur un autre serveur"),
    "none allowed": Fault(
        redirect("https://ailleurs.fr/x.csv"), FetchFailed, "plus de 0 redirections", options={"max_redirects": 0}
    ),
    # content
    "empty": Fault(Answer(body=b""), DeliveryRefused, "réponse vide"),
    "empty chunks": Fault(Answer(body=b"", chunked=True), DeliveryRefused, "réponse vide"),
    "html by type": Fault(Answer(body=CSV, headers={"Content-Type": "Text/HTML"}), DeliveryRefused, "page HTML"),
    "xhtml by type": Fault(html(media_type="application/xhtml+xml"), DeliveryRefused, "page HTML"),
    "html by bytes": Fault(
        Answer(body=b"\xef\xbb\xbf\n <!doctype HTML>\n<html>", headers={"Content-Type": "text/csv"}),
        DeliveryRefused,
        "page HTML",
    ),
    "html after a comment": Fault(
        Answer(body=b"<!-- v2,\nde mars -->\n<HTML lang='fr'>"), DeliveryRefused, "page HTML"
    ),
    "html after a prolog": Fault(
        Answer(body=b"<?xml version='1.0'?>\n<!DOCTYPE html><html/>"), DeliveryRefused, "page HTML"
    ),
    "too big, announced": Fault(
        Answer(body=CSV), DeliveryRefused, f"le serveur annonce {len(CSV)} octets", options={"max_bytes": 10}
    ),
    "too big, chunked": Fault(
        Answer(body=CSV, chunked=True), DeliveryRefused, "plus de 10 octets sont arrivés", options={"max_bytes": 10}
    ),
    "too big, inflated": Fault(
        Answer(body=b"\0" * 10_000_000, gzipped=True),
        DeliveryRefused,
        "octets sont arrivés",
        options={"max_bytes": 100_000},
    ),
    "gzip damaged": Fault(
        Answer(body=CSV, headers={"Content-Encoding": "gzip"}), DeliveryRefused, "compression du fichier est abîmée"
    ),
    "unknown encoding": Fault(
        Answer(body=CSV, headers={"Content-Encoding": "br"}), DeliveryRefused, "compressé en « br »"
    ),
    # zips
    "no zip": Fault(Answer(body=CSV), DeliveryRefused, "n'est pas un zip", options={"member": "communes.csv"}),
    "no workbook": Fault(Answer(body=CSV), DeliveryRefused, "pas un classeur xlsx", options={"format_": "xlsx"}),
    "zip cut by its server": Fault(Answer(body=ZIPPED[:-30]), DeliveryRefused, "le zip est illisible"),
    "zip damaged": Fault(Answer(body=damaged(stored(CSV))), DeliveryRefused, "« communes.csv » est abîmé"),
    "zip damaged inside": Fault(Answer(body=damaged(ZIPPED)), DeliveryRefused, "le zip est illisible"),
    "zip encrypted": Fault(Answer(body=encrypted(stored(CSV))), DeliveryRefused, "le zip est illisible"),
    "zip empty": Fault(Answer(body=zipped()), DeliveryRefused, "le zip est vide"),
    "workbook damaged": Fault(
        Answer(body=ZIPPED[:40]), DeliveryRefused, "le zip est illisible", options={"format_": "xlsx"}
    ),
    "member absent": Fault(
        Answer(body=ZIPPED),
        DeliveryRefused,
        "ne contient pas « autre.csv » mais « communes.csv », « lisez_moi.txt »",
        options={"member": "autre.csv"},
    ),
    "zip bomb": Fault(
        Answer(body=zipped(communes__csv=b"0" * 1_000_000)),
        DeliveryRefused,
        "une fois décompressé, au-delà de la limite de 100\u202f000 octets",
        options={"max_bytes": 100_000},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_french_line_and_leaves_nothing(name: str, bench: Bench, server: Server) -> None:
    fault = FAULTS[name]
    server.script(URL, fault.answer)
    with pytest.raises(fault.error) as caught:
        bench.fetch(bench.source(**fault.options))
    message = str(caught.value)
    assert fault.says in message
    assert message.startswith("cog_communes : ") and message.endswith(".") and "\n" not in message
    assert KEPT in message and URL in message and "observatoire/sources/cog_communes.yml" in message
    assert "secret" not in message
    assert len(server.requests(URL)) == fault.calls
    assert len(bench.time.slept) == fault.calls - 1
    assert bench.left == []


ONCE: dict[str, Answer] = {
    "429": Answer(429),
    "502": Answer(502),
    "503": Answer(503, headers={"Retry-After": "soon"}),
    "504": Answer(504),
    "reset": Answer(reset=True),
    "reset midway": Answer(body=CSV * 100, cut_at=99, reset=True),
    "truncated": Answer(body=CSV * 2, cut_at=len(CSV)),
    "silence": Answer(hang=True),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_may_pass_is_tried_again(name: str, bench: Bench, server: Server) -> None:
    server.script(URL, ONCE[name], Answer(body=CSV))
    source = bench.source(read_timeout=1.0 if name == "silence" else 10.0)
    assert bench.fetched(source).path.read_bytes() == CSV
    assert len(server.requests(URL)) == 2
    assert bench.time.slept == [1.0]


def test_waits_double_and_the_message_is_that_of_the_last_fault(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(503), Answer(reset=True), Answer(502), Answer(429), Answer(504))
    with pytest.raises(FetchFailed, match="a répondu 504"):
        bench.fetch(bench.source(attempts=5))
    assert bench.time.slept == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 120.0),
        ("Sun, 09 Sep 2001 01:46:55 GMT", 15.0),  # the tests' now is 01:46:40
        ("Sun, 09 Sep 2001 01:00:00 GMT", 0.0),
        ("Mon, 10 Sep 2001 01:00:00 GMT", 120.0),
    ],
)
def test_the_servers_wait_is_honoured(asked: str, waited: float, bench: Bench, server: Server) -> None:
    server.script(URL, Answer(429, headers={"Retry-After": asked}), Answer(body=CSV))
    bench.fetched()
    assert bench.time.slept == [waited]


def test_no_try_begins_beyond_the_time_allowed(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(503, headers={"Retry-After": "120"}))
    with pytest.raises(FetchFailed, match="a répondu 503"):
        bench.fetch(bench.source(attempts=10, max_bytes=1000))
    assert bench.time.slept == [120.0] * 2  # 300 s are allowed


def test_a_body_that_drips_is_given_up(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=CSV * 50, drip=0.01))
    bench.time.tick = 40.0
    with pytest.raises(FetchFailed, match="trop lent"):
        bench.fetch()
    assert len(server.requests(URL)) == 1
    assert bench.left == []


def test_the_time_allowed_counts_what_came_before_the_body(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(503, headers={"Retry-After": "100"}), Answer(body=CSV * 50, drip=0.01))
    bench.time.tick = 20.0
    with pytest.raises(FetchFailed, match="trop lent"):
        bench.fetch(bench.source(max_bytes=10_000))
    assert 300 < bench.time.elapsed <= 340  # 300 s are allowed in all, not for each try


def test_what_inflates_without_end_never_fills_the_memory(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=b"0" * 20_000_000, gzipped=True))
    source = bench.source(max_bytes=10_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(DeliveryRefused, match="sont arrivés"):
            bench.fetch(source)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_nothing_listens(bench: Bench) -> None:
    bench.settings = bench.settings.__class__(**{**vars(bench.settings), "mirror_url": "http://127.0.0.1:9"})
    with pytest.raises(FetchFailed, match="connexion a échoué") as caught:
        bench.fetch()
    assert URL in str(caught.value) and "127.0.0.1" not in str(caught.value)
    assert len(bench.time.slept) == 3


@pytest.mark.parametrize(
    ("reason", "says", "tries"),
    [("CERTIFICATE_VERIFY_FAILED", "certificat du serveur n'est pas valable", 1), ("EOF", "chiffrée a échoué", 4)],
)
def test_only_a_bad_certificate_is_final(
    reason: str, says: str, tries: int, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def request(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        asked.append(url)
        raise requests.exceptions.SSLError(reason)

    monkeypatch.setattr(requests.Session, "request", request)
    with pytest.raises(FetchFailed, match=says):
        bench.fetch()
    assert len(asked) == tries


def test_an_interruption_leaves_nothing(bench: Bench, server: Server) -> None:
    def interrupt(received: int, total: int | None) -> None:
        raise KeyboardInterrupt

    server.script(URL, Answer(body=CSV))
    with pytest.raises(KeyboardInterrupt):
        bench.fetch(progress=interrupt)
    assert bench.left == []


@pytest.mark.parametrize("hops", [2, 3, 4])
def test_a_long_loop_is_seen(hops: int, bench: Bench, server: Server) -> None:
    addresses = [URL, *(f"https://hote{i}.fr/x.csv" for i in range(1, hops))]
    for here, there in zip(addresses, [*addresses[1:], URL], strict=True):
        server.script(here, redirect(there))
    with pytest.raises(FetchFailed, match="boucle"):
        bench.fetch()
    assert len(server.seen) == hops


def test_more_redirections_than_allowed(bench: Bench, server: Server) -> None:
    server.script(URL, redirect("https://hote.fr/1"))
    count: Callable[[int], str] = "https://hote.fr/{}".format
    for i in range(1, 8):
        server.script(count(i), redirect(count(i + 1)))
    with pytest.raises(FetchFailed, match="plus de 5 redirections"):
        bench.fetch()
    assert len(server.seen) == 6
