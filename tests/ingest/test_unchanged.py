"""A delivery that did not change costs one conditional request, and its bytes are not read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from observatoire import archive as archive_room
from observatoire.ingest import ingest_source
from observatoire.publication import _fingerprint
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from tests.conftest import ROOT
from tests.helpers import make_source
from tests.ingest.conftest import FORM, Bench
from tests.servers import Server

URL = "https://producteur.fr/fichier.csv"


@pytest.fixture
def served(bench: Bench, tmp_path: Path) -> Iterator[tuple[Settings, Source, Server, Path]]:
    """A file of a producer, first given by hand, then served."""
    file = tmp_path / "fichier.csv"
    file.write_text("code,nom\n01,Évreux\n", encoding="utf-8")
    source = make_source(FORM, protocol={"name": "http_file", "url": URL})
    with Server() as server:
        server.replay(URL, file)
        yield replace(bench.settings, mirror_url=server.url), source, server, file


def test_bytes_first_given_by_hand_are_then_asked_for_conditionally(
    served: tuple[Settings, Source, Server, Path],
) -> None:
    settings, source, server, file = served
    assert ingest_source(settings, source, file)[0].outcome == "nouvelle"
    assert [ingest_source(settings, source)[0].outcome for _ in range(2)] == ["inchangée", "inchangée"]
    first, second = server.requests(URL)
    assert "if-none-match" not in {name.lower() for name in first.headers}
    assert "if-none-match" in {name.lower() for name in second.headers}


def test_an_address_that_takes_the_place_of_a_name_makes_a_release(
    served: tuple[Settings, Source, Server, Path],
) -> None:
    """The release says where bytes come from: audit would not find it again otherwise."""
    settings, source, _, file = served
    prints = []
    for given in (file, file, None):
        ingest_source(settings, source, given)
        prints.append(_fingerprint(replace(settings, register=ROOT / "data" / "register"), {source.id: source}))
    assert prints[0] == prints[1] != prints[2]


def test_sound_bytes_are_read_again_only_when_their_file_was_written(
    served: tuple[Settings, Source, Server, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, source, _, _ = served
    ingest_source(settings, source)
    read: list[Path] = []
    real = archive_room.sha256_file
    monkeypatch.setattr(archive_room, "sha256_file", lambda path: read.append(path) or real(path))
    assert ingest_source(settings, source)[0].outcome == "inchangée"
    assert read == []

    [item] = [path for path in (settings.raw / "objects").rglob("*") if path.is_file()]
    item.chmod(0o644)
    item.write_bytes(b"code,nom\n01,\xc3\x89vreuX\n")
    assert ingest_source(settings, source)[0].outcome == "inchangée"
    assert item.read_bytes() == b"code,nom\n01,\xc3\x89vreux\n", "the damaged object is mended from its source"
