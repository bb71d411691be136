"""Real procurement and grant files over HTTP, as their servers give them: an address that redirects, an ETag, a broken line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from observatoire.ingest import Ingested, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.sources.spec import HttpFileProtocol
from tests.servers import Answer, Server, redirect

STATIC = "https://static.data.gouv.fr/resources/"


@dataclass(frozen=True)
class Real:
    """A source, the vintage asked, and the file that stands for what its server would give."""

    source: str
    vintage: str | None
    file: str


REALS = [
    Real("decp", None, "decp-consolide-2024/decp_2024H2_travaux_cpv4521_filtered.csv"),
    Real("decp_2019", "emar", "decp-2019/emar_2019-04-03.json"),
    Real("decp_2022", None, "decp-formats/marches_concessions.json"),
    Real("fonds_vert", "2023", "fonds-vert-2023/fonds-vert-2023-export.csv"),
]


@pytest.fixture
def served(project: Settings) -> Iterator[tuple[Settings, Server]]:
    with Server() as server:
        yield replace(project, mirror_url=server.url), server


def address(settings: Settings, server: Server, real: Real) -> str:
    """Serve what leads to the file, a catalogue or a redirection; the address of the file itself."""
    protocol = load_all_sources(settings)[real.source].protocol
    assert isinstance(protocol, HttpFileProtocol)
    file = STATIC + real.file
    if protocol.resolve:
        title = {"decp_2022": "decp-2026-01.json", "decp_2019": "emar 2019.json"}.get(real.source, real.vintage)
        resources = [
            {"id": "r0", "title": "Notice", "url": f"{STATIC}notice.pdf", "last_modified": "2026-06-01"},
            {"id": "r1", "title": title, "url": file, "last_modified": "2026-01-01"},
        ]
        listing = Answer(body=json.dumps({"resources": resources}).encode())
        server.script(f"https://www.data.gouv.fr/api/1/datasets/{protocol.resolve.dataset}/", listing)
    else:
        assert protocol.url
        server.script(protocol.url, redirect(file))
    return file


def take(settings: Settings, real: Real) -> Ingested:
    source = load_all_sources(settings)[real.source]
    [result] = ingest_source(settings, source, vintage=real.vintage)
    return result


@pytest.mark.parametrize("real", REALS, ids=lambda real: real.source)
def test_a_real_file_arrives_byte_for_byte_once_and_is_not_sent_again(
    served: tuple[Settings, Server], shared: Path, real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, server = served
    monkeypatch.setattr("observatoire.protocols.http_rules.BACKOFF", 0.0)
    path = shared / "deliveries" / real.file
    file = address(settings, server, real)
    server.script(file, Answer(body=path.read_bytes(), cut_at=path.stat().st_size // 2))
    broken = take(settings, real)
    assert broken.outcome == "refusée" and "tronqué" in str(broken.message)

    server.replay(file, path)
    first = take(settings, real)
    assert first.outcome == "nouvelle" and first.delivery, first.message
    with (shared / "deliveries" / "deliveries.csv").open(encoding="utf-8", newline="") as handle:
        known = {row["file"]: row["sha256"] for row in csv.DictReader(handle)}
    assert first.delivery.sha256 == known.get(real.file, first.delivery.sha256)
    assert first.delivery.bytes == path.stat().st_size

    again = take(settings, real)
    assert again.outcome == "inchangée"
    asked = server.requests(file)
    assert "if-none-match" not in asked[-2].headers and asked[-1].headers["if-none-match"]
