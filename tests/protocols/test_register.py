"""The protocol of the hand-kept files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from observatoire.errors import DeliveryRefused, FetchFailed, StorageError
from observatoire.protocols import PROTOCOLS
from observatoire.sources.spec import Source
from tests.protocols.conftest import Bench


@pytest.fixture
def source(bench: Bench) -> Source:
    values = {**bench.source().model_dump(), "protocol": {"name": "register", "file": "cas_usage.csv"}}
    return Source(**{**values, "id": "cas_usage"})


def test_the_file_is_copied_as_it_stands(bench: Bench, source: Source) -> None:
    content = "id;titre\nv001;Capteurs\n".encode("cp1252")
    origin = bench.settings.register / "cas_usage.csv"
    origin.write_bytes(content)
    result = bench.fetched(source)
    assert result.path.read_bytes() == origin.read_bytes() == content
    assert (result.sha256, result.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (result.url, result.date, result.etag) == ("data/register/cas_usage.csv", None, None)
    assert result.path.stat().st_ino != origin.stat().st_ino


def test_a_missing_file(bench: Bench, source: Source) -> None:
    with pytest.raises(FetchFailed, match=r"^cas_usage : le fichier .*cas_usage\.csv n'existe pas\. .*git") as caught:
        bench.fetch(source)
    assert "reste utilisée" in str(caught.value)
    assert bench.left == []


def test_a_folder_in_its_place(bench: Bench, source: Source) -> None:
    (bench.settings.register / "cas_usage.csv").mkdir()
    with pytest.raises(FetchFailed, match="ne peut pas être lu"):
        bench.fetch(source)
    assert bench.left == []


def test_an_empty_file(bench: Bench, source: Source) -> None:
    (bench.settings.register / "cas_usage.csv").touch()
    with pytest.raises(DeliveryRefused, match="est vide"):
        bench.fetch(source)
    assert bench.left == []


def test_a_disk_that_is_full(bench: Bench, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    (bench.settings.register / "cas_usage.csv").write_text("id\n")
    monkeypatch.setattr("observatoire.protocols.register.fsync_file", full)
    with pytest.raises(StorageError, match="disque plein"):
        bench.fetch(source)
    assert bench.left == []


def test_every_protocol_of_the_specifications_has_its_module() -> None:
    definitions = Source.model_json_schema()["properties"]["protocol"]["discriminator"]["mapping"]
    assert set(definitions) == set(PROTOCOLS)
