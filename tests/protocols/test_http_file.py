"""What http_file gives when all goes well, and what it asks for."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from observatoire.errors import StorageError, UsageError
from observatoire.protocols import NotModified, Validators
from tests.protocols.conftest import URL, Bench
from tests.servers import Answer, Server, redirect

CSV = b"code;nom\n01001;L'Abergement\n"


def test_a_file_arrives_whole_with_its_facts(bench: Bench, server: Server, tmp_path: Path) -> None:
    content = os.urandom(1_500_000)
    (tmp_path / "communes.csv").write_bytes(content)
    os.utime(tmp_path / "communes.csv", (1_767_225_600, 1_767_225_600))
    server.replay(URL, tmp_path / "communes.csv")
    steps: list[tuple[int, int | None]] = []
    result = bench.fetched(progress=lambda received, total: steps.append((received, total)))
    assert result.path.read_bytes() == content
    assert (result.sha256, result.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (result.url, result.media_type, result.date) == (URL, "text/csv", "2026-01-01")
    assert result.last_modified == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert result.path.stat().st_mode & 0o777 == 0o644
    assert steps[-1] == (len(content), len(content)) and len(steps) > 3
    assert [received for received, _ in steps] == sorted(received for received, _ in steps)


def test_what_the_request_says(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=CSV))
    bench.fetched()
    headers = server.requests(URL)[0].headers
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith("observatoire-ia-territoires/") and "@" not in headers["user-agent"]
    assert "if-none-match" not in headers and "if-modified-since" not in headers and "cookie" not in headers


def test_without_facts_nothing_is_invented(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=CSV, headers={"Last-Modified": "hier"}))
    result = bench.fetched()
    assert (result.etag, result.last_modified, result.media_type, result.date) == (None, "hier", None, None)


def test_the_date_is_the_day_in_paris(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=CSV, headers={"Last-Modified": "Wed, 31 Dec 2025 23:30:00 GMT"}))
    assert bench.fetched().date == "2026-01-01"


@pytest.mark.parametrize("keep", ["etag", "last_modified", "both"])
def test_an_unchanged_file_is_not_sent_again(keep: str, bench: Bench, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "communes.csv"
    file.write_bytes(CSV)
    server.script(URL, redirect("https://cdn.fr/abc"))
    server.replay("https://cdn.fr/abc", file)
    first = bench.fetched()
    previous = Validators(
        etag=None if keep == "last_modified" else first.etag,
        last_modified=None if keep == "etag" else first.last_modified,
    )
    first.path.unlink()
    assert bench.fetch(previous=previous) == NotModified(URL)
    assert bench.left == []
    file.write_bytes(CSV + b"01002;L'Abergement-de-Varey\n")
    os.utime(file, (file.stat().st_mtime + 10, file.stat().st_mtime + 10))
    assert bench.fetched(previous=previous).bytes > len(CSV)


def test_each_vintage_has_its_address(bench: Bench, server: Server) -> None:
    source = bench.source(vintages={"2025": "https://insee.fr/2025.csv", "2026": "https://insee.fr/2026.csv"})
    server.script("https://insee.fr/2026.csv", Answer(body=CSV))
    server.script("https://insee.fr/2025.csv", Answer(404))
    assert bench.fetched(source, vintage="2026").url == "https://insee.fr/2026.csv"
    with pytest.raises(Exception, match=r"^cog_communes 2025 : le serveur a répondu 404"):
        bench.fetch(source, vintage="2025")
    for vintage, said in [("2031", "millésime « 2031 » inconnu"), (None, "un millésime est attendu")]:
        with pytest.raises(UsageError, match=f"{said}.*2025, 2026"):
            bench.fetch(source, vintage=vintage)
    with pytest.raises(UsageError, match="aucun"):
        bench.fetch(bench.source(), vintage="2026")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "https://cdn.fr/a/b.csv?cle=1",
        "//cdn.fr/a/b.csv?cle=1",
        "{mirror}/cdn.fr/a/b.csv?cle=1",
    ],
)
def test_redirections_go_through_the_mirror(status: int, location: str, bench: Bench, server: Server) -> None:
    server.script(URL, redirect(location.format(mirror=server.url), status))
    server.script("https://cdn.fr/a/b.csv?cle=1", Answer(body=CSV))
    assert bench.fetched().url == URL
    assert [seen.path for seen in server.seen] == ["/www.producteur.fr/fichiers/communes.csv", "/cdn.fr/a/b.csv?cle=1"]


@pytest.mark.parametrize("location", ["/autre.csv", "../autre.csv", "http://www.producteur.fr/autre.csv"])
def test_redirections_on_the_same_server(location: str, bench: Bench, server: Server) -> None:
    server.script(URL, redirect(location))
    server.script("https://www.producteur.fr/autre.csv", Answer(body=CSV))
    assert bench.fetched().path.read_bytes() == CSV


def test_an_accent_in_a_redirection(bench: Bench, server: Server) -> None:
    server.script(URL, redirect("/donn\u00c3\u00a9es.csv"))  # « é » in UTF-8, as servers send it
    server.script("https://www.producteur.fr/donn%C3%A9es.csv", Answer(body=CSV))
    assert bench.fetched().path.read_bytes() == CSV


def test_the_body_of_a_redirection_is_not_read(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(302, b"moved" * 100, {"Location": "/autre.csv"}, drip=10.0))
    server.script("https://www.producteur.fr/autre.csv", Answer(body=CSV))
    assert bench.fetched(bench.source(read_timeout=1.0)).path.read_bytes() == CSV
    assert len(server.requests(URL)) == 1


def test_without_a_mirror_the_address_is_asked_as_it_is(bench: Bench, server: Server) -> None:
    bench.settings = dataclasses.replace(bench.settings, mirror_url=None)
    server.script("/donnees/x.csv", redirect("y.csv"))
    server.script("/donnees/y.csv", Answer(body=CSV))
    assert bench.fetched(bench.source(url=f"{server.url}/donnees/x.csv")).path.read_bytes() == CSV


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=CSV * 1000, gzipped=True),
        Answer(body=CSV * 1000, chunked=True),
        Answer(body=CSV * 1000, gzipped=True, chunked=True),
    ],
    ids=["gzip", "chunks", "gzip in chunks"],
)
def test_transport_compression_is_undone(answer: Answer, bench: Bench, server: Server) -> None:
    server.script(URL, answer)
    result = bench.fetched()
    assert result.path.read_bytes() == CSV * 1000
    assert result.sha256 == hashlib.sha256(CSV * 1000).hexdigest()


def test_several_gzips_end_to_end(bench: Bench, server: Server) -> None:
    import gzip

    body = gzip.compress(CSV) + gzip.compress(CSV * 50_000)
    server.script(URL, Answer(body=body, headers={"Content-Encoding": "gzip"}))
    assert bench.fetched().path.read_bytes() == CSV * 50_001


def test_a_csv_whose_header_begins_like_a_zip(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=b"PK;nom\n1;a\n"))
    assert bench.fetched().bytes == 11


@pytest.mark.parametrize("body", [b"<records><row/></records>", b"<?xml version='1.0'?><htmlx/>", b'[{"a": "<html>"}]'])
def test_what_only_looks_like_html(body: bytes, bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=body))
    assert bench.fetched().path.read_bytes() == body


@pytest.mark.parametrize("options", [{"member": "dossier/communes.csv"}, {}, {"format_": "xlsx"}])
def test_a_zip_is_kept_as_received(options: dict[str, Any], bench: Bench, server: Server) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("dossier")
        archive.writestr("dossier/communes.csv", CSV)
    server.script(URL, Answer(body=buffer.getvalue()))
    assert bench.fetched(bench.source(**options)).path.read_bytes() == buffer.getvalue()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_a_full_disk_is_said_and_leaves_nothing(
    code: int, bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("observatoire.protocols.http_file.fsync_file", refuse)
    server.script(URL, Answer(body=CSV))
    with pytest.raises(StorageError):
        bench.fetch()
    assert len(server.seen) == 1
    assert bench.left == []


def test_a_folder_that_is_missing_is_made(bench: Bench, server: Server) -> None:
    bench.folder = bench.folder / "a" / "b"
    server.script(URL, Answer(body=CSV))
    assert bench.fetched().path.parent == bench.folder
