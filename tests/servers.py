"""A small HTTP server on loopback that replays files and plays faults, for tests.

Files: `Server(folder)` serves `folder/HOST/PATH` at /HOST/PATH, and `server.replay("https://HOST/PATH", file)` serves
one file there; with MIRROR_URL = `server.url` the real addresses of the sources are then answered from disk, with
ETag, Last-Modified, conditional requests and ranges.

Faults and APIs: `server.script("https://HOST/PATH", Answer(503), Answer(body=b"a;b"))` gives one answer a call (the
last one stays); `server.route(url, function)` computes the answer from the request. `server.seen` holds every request.
"""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import json
import mimetypes
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

BLOCK = 1 << 18


@dataclass(frozen=True)
class Answer:
    """One scripted answer. Without a Content-Length among `headers`, the true one is sent."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None  # close after that many bytes of the body, all of them having been announced
    reset: bool = False  # break the connection (RST), at once or where the body is cut
    drip: float | None = None  # seconds between two bytes of the body
    drip_headers: float | None = None  # seconds between two bytes of the status line and headers
    hang: bool = False  # accept, read the request, and say nothing
    chunked: bool = False  # no Content-Length: Transfer-Encoding: chunked
    gzipped: bool = False  # compress the body, whatever the client accepts


@dataclass(frozen=True)
class Seen:
    """A request as it came. `path` keeps its query; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Route = Callable[[Seen], Answer]


def redirect(location: str, status: int = 302) -> Answer:
    return Answer(status, headers={"Location": location})


def html(text: str = "<!DOCTYPE html><html><body>Maintenance</body></html>", media_type: str = "text/html") -> Answer:
    return Answer(body=text.encode(), headers={"Content-Type": f"{media_type}; charset=utf-8"})


def in_turn(answers: Iterable[Answer]) -> Route:
    """One answer a call, the last one for ever."""
    left, lock = list(answers), threading.Lock()

    def answer(_: Seen) -> Answer:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer


class Server:
    """The server, alive inside its `with` block."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.seen: list[Seen] = []
        self.routes: dict[str, Route | Path] = {}
        self.stopping = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The base address, to be used as MIRROR_URL."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def replay(self, url: str, file: Path) -> None:
        """Serve `file` at the canonical address `url`."""
        self.routes[_key(url)] = file

    def script(self, url: str, *answers: Answer) -> None:
        """Give `answers` in turn to the requests for `url`; the last one stays."""
        self.routes[_key(url)] = in_turn(answers)

    def route(self, url: str, answer: Route) -> None:
        """Compute the answers to the requests for `url` (whatever the query when `url` has none)."""
        self.routes[_key(url)] = answer

    def requests(self, url: str) -> list[Seen]:
        """The requests received for `url`, in order (whatever the query when `url` has none)."""
        key = _key(url)
        return [seen for seen in self.seen if key in (seen.path, seen.path.partition("?")[0])]

    def find(self, seen: Seen) -> Route | Path | None:
        bare = seen.path.partition("?")[0]
        if route := self.routes.get(seen.path) or self.routes.get(bare):
            return route
        file = self.folder / bare.lstrip("/") if self.folder and ".." not in bare else None
        return file if file and file.is_file() else None

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@dataclass
class PagedApi:
    """A route that cuts `records` into pages, as the APIs of the sources document it.

    « offset » and « page » refuse (400) what ends beyond `window`, all kinds a page larger than `size_max`; « cursor »
    and « next_link » take « after » in the address, « iteration_token » « token » in the body. With a `token`, a request
    without it gets 401. `faults` are answers given instead, by number of request (from 1).
    """

    records: list[dict[str, Any]]
    kind: str = "page"
    window: int = 10_000
    size_max: int = 100
    token: str | None = None
    faults: Mapping[int, Answer] = field(default_factory=dict)
    calls: int = 0

    def __call__(self, seen: Seen) -> Answer:
        self.calls += 1
        if self.calls in self.faults:
            return self.faults[self.calls]
        if self.token and seen.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401)
        bare, _, query = seen.path.partition("?")
        asked: dict[str, Any] = {**dict(parse_qsl(query)), **(json.loads(seen.body) if seen.body else {})}
        size = int(asked.get("limit", self.size_max))
        begin = self._begin(asked, size)
        if size > self.size_max or (self.kind in ("offset", "page") and begin + size > self.window):
            return Answer(400, b'{"error": "beyond the window"}')
        answer: dict[str, Any] = {"results": self.records[begin : begin + size], "total": len(self.records)}
        if begin + size < len(self.records):
            host, _, path = bare.lstrip("/").partition("/")
            link = f"https://{host}/{path}?limit={size}&after={begin + size}"
            answer["next"] = link if self.kind == "next_link" else f"c{begin + size}"
        return Answer(body=json.dumps(answer).encode(), headers={"Content-Type": "application/json"})

    def _begin(self, asked: Mapping[str, Any], size: int) -> int:
        if self.kind == "page":
            return (int(asked["page"]) - 1) * size
        if self.kind == "offset":
            return int(asked["offset"])
        return int(str(asked.get("token" if self.kind == "iteration_token" else "after", 0)).removeprefix("c"))


def _key(url: str) -> str:
    """« https://HOST/PATH » and « /HOST/PATH » are the same route."""
    return "/" + re.sub(r"^https?://", "", url).lstrip("/")


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, owner: Server) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is the subject of tests, not an event to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        seen = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.server.owner.seen.append(seen)
        found = self.server.owner.find(seen)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if found is None:
                self._play(Answer(404, b"absent"))
            elif isinstance(found, Path):
                self._file(found, seen)
            else:
                self._play(found(seen))

    do_POST = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def _play(self, answer: Answer) -> None:
        if answer.hang:
            self.server.owner.stopping.wait()
            self.close_connection = True
            return
        if answer.reset and answer.cut_at is None:
            self._reset()
            return
        body = gzip.compress(answer.body, mtime=0) if answer.gzipped else answer.body
        headers = dict(answer.headers)
        if answer.gzipped:
            headers["Content-Encoding"] = "gzip"
        if answer.chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif answer.status != 304:
            headers.setdefault("Content-Length", str(len(body)))
        sent = body if answer.cut_at is None else body[: answer.cut_at]
        if answer.cut_at is not None or headers.get("Content-Length") != str(len(body)):
            self.close_connection = True
        self._write(self._head(answer.status, headers), answer.drip_headers)
        if self.command != "HEAD":
            self._write(sent, answer.drip)
        if answer.reset:
            self._reset()

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('?',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _write(self, data: bytes, drip: float | None) -> None:
        if drip is None:
            self.wfile.write(data)
            return
        for position in range(len(data)):
            self.wfile.write(data[position : position + 1])
            if self.server.owner.stopping.wait(drip):
                self.close_connection = True
                return

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The two buffered readers hold the socket open: it is closed below them.
        socket.socket(fileno=self.connection.detach()).close()
        self.close_connection = True

    def _file(self, path: Path, seen: Seen) -> None:
        facts = path.stat()
        etag = f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'
        headers = {
            "ETag": etag,
            "Last-Modified": email.utils.formatdate(int(facts.st_mtime), usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        }
        wanted = _range(seen.headers, facts.st_size, etag)
        if _unchanged(seen.headers, etag, int(facts.st_mtime)):
            self._play(Answer(304, headers=headers))
        elif wanted == "unsatisfiable":
            self._play(Answer(416, headers={**headers, "Content-Range": f"bytes */{facts.st_size}"}))
        elif isinstance(wanted, tuple):
            headers["Content-Range"] = f"bytes {wanted[0]}-{wanted[1]}/{facts.st_size}"
            self._span(path, 206, headers, *wanted)
        else:
            self._span(path, 200, headers, 0, facts.st_size - 1)

    def _span(self, path: Path, status: int, headers: Mapping[str, str], first: int, last: int) -> None:
        left = last - first + 1
        self._write(self._head(status, {**headers, "Content-Length": str(left)}), None)
        with path.open("rb") as handle:
            handle.seek(first)
            while self.command != "HEAD" and left and (block := handle.read(min(BLOCK, left))):
                self.wfile.write(block)
                left -= len(block)


def _unchanged(headers: Mapping[str, str], etag: str, modified: int) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides when present, else If-Modified-Since."""
    if asked := headers.get("if-none-match"):
        tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
        return "*" in tags or etag in tags
    with contextlib.suppress(ValueError):
        return modified <= email.utils.parsedate_to_datetime(headers.get("if-modified-since", "")).timestamp()
    return False


def _range(headers: Mapping[str, str], size: int, etag: str) -> tuple[int, int] | str | None:
    """The first and last byte of a single range, « unsatisfiable », or None for the whole file."""
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", ""))
    if not asked or asked.group(0) == "bytes=-" or headers.get("if-range", etag) != etag:
        return None
    start, end = asked.groups()
    first = int(start) if start else max(size - int(end), 0)
    last = min(int(end), size - 1) if start and end else size - 1
    return (first, last) if first <= last else "unsatisfiable"
