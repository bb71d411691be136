"""The replay server itself: a fault that it did not play would be a test that cannot fail."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Answer, Seen, Server

CONTENT = b"0123456789"


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "hote.fr" / "a").mkdir(parents=True)
    (tmp_path / "hote.fr" / "a" / "x.csv").write_bytes(CONTENT)
    (tmp_path.parent / "secret").write_text("dehors")
    with Server(tmp_path) as server:
        yield server


def ask(server: Server, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    result = answer.status, answer.read()
    connection.close()
    return result


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=10-", 416, b""),
        ("bytes=-", 200, CONTENT),
        ("lignes=1-2", 200, CONTENT),
    ],
)
def test_ranges(asked: str, status: int, body: bytes, replay: Server) -> None:
    assert ask(replay, "/hote.fr/a/x.csv?v=1", Range=asked) == (status, body)


def test_a_range_of_another_version_gives_the_whole(replay: Server) -> None:
    assert ask(replay, "/hote.fr/a/x.csv", Range="bytes=0-1", If_Range='"autre"') == (200, CONTENT)


def test_head_and_missing_files(replay: Server) -> None:
    assert ask(replay, "/hote.fr/a/x.csv", "HEAD") == (200, b"")
    for path in ["/hote.fr/a", "/hote.fr/b", "/../secret", "/hote.fr/../../secret"]:
        assert ask(replay, path)[0] == 404


def test_conditions(replay: Server) -> None:
    assert ask(replay, "/hote.fr/a/x.csv", If_None_Match="*") == (304, b"")
    assert ask(replay, "/hote.fr/a/x.csv", If_None_Match='"autre"')[0] == 200
    assert ask(replay, "/hote.fr/a/x.csv", If_Modified_Since="Thu, 01 Jan 2099 00:00:00 GMT")[0] == 304
    assert ask(replay, "/hote.fr/a/x.csv", If_Modified_Since="Thu, 01 Jan 1998 00:00:00 GMT")[0] == 200
    assert ask(replay, "/hote.fr/a/x.csv", If_Modified_Since="hier")[0] == 200


def test_a_route_sees_the_request_and_the_query_wins(replay: Server) -> None:
    def echo(seen: Seen) -> Answer:
        return Answer(body=f"{seen.method} {seen.path} {seen.headers['x-page']} {seen.body.decode()}".encode())

    replay.route("https://api.fr/search", echo)
    replay.script("https://api.fr/search?page=2", Answer(400))
    assert ask(replay, "/api.fr/search?page=1", "POST", b"{}", X_Page="un") == (
        200,
        b"POST /api.fr/search?page=1 un {}",
    )
    assert ask(replay, "/api.fr/search?page=2")[0] == 400
    assert [len(replay.requests(f"https://api.fr/search{query}")) for query in ("", "?page=2")] == [2, 1]


def test_answers_in_turn_the_last_one_stays(replay: Server) -> None:
    replay.script("/x", Answer(503), Answer(body=b"1"), Answer(body=b"2", chunked=True))
    assert [ask(replay, "/x") for _ in range(4)] == [(503, b""), (200, b"1"), (200, b"2"), (200, b"2")]


def test_faults_of_the_body(replay: Server) -> None:
    replay.script("/x", Answer(body=CONTENT, cut_at=3), Answer(body=CONTENT, headers={"Content-Length": "4"}))
    with pytest.raises(http.client.IncompleteRead):
        ask(replay, "/x")
    assert ask(replay, "/x") == (200, b"0123")
    replay.script("/x", Answer(body=CONTENT, gzipped=True))
    assert gzip.decompress(ask(replay, "/x")[1]) == CONTENT


def test_faults_of_the_connection(replay: Server) -> None:
    replay.script("/x", Answer(reset=True), Answer(body=CONTENT, cut_at=3, reset=True), Answer(hang=True))
    for _ in range(2):
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            ask(replay, "/x")
