"""The archive: bytes under their own hash, never changed, refused ones beside their reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from observatoire.archive import Archive, Delivery
from observatoire.errors import ArchiveCorrupted
from tests.helpers import make_delivery


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "data" / "raw")


def store(archive: Archive, content: bytes, **facts: str) -> Delivery:
    received = archive.root / "received"
    received.parent.mkdir(parents=True, exist_ok=True)
    received.write_bytes(content)
    delivery = make_delivery(content, **facts)
    archive.store(received, delivery)
    assert not received.exists()
    return delivery


def test_what_is_stored_is_found_by_its_hash(archive: Archive) -> None:
    delivery = store(archive, b"abc", vintage="2025", date="2025-01-01")
    assert delivery.key == f"2025-{delivery.sha256}" and delivery.label == "2025"
    assert archive.deliveries("essai") == [delivery]
    assert archive.find(delivery.sha256) == delivery and archive.find("0" * 64) is None
    assert archive.verified(delivery).read_bytes() == b"abc"


def test_the_label_of_a_delivery() -> None:
    assert make_delivery(b"a", date="2026-01-02").label == "2026-01-02"
    assert make_delivery(b"a").label == make_delivery(b"a").sha256[:8]


def test_deliveries_come_oldest_first_whatever_their_hash(archive: Archive) -> None:
    contents = [bytes([n]) for n in range(9)]
    stored = [store(archive, c, first_seen=f"2026-01-0{n + 1}T00:00:00Z") for n, c in enumerate(contents)]
    assert archive.deliveries("essai") == stored
    assert archive.deliveries("autre") == []


def test_the_same_bytes_of_two_sources_are_kept_once(archive: Archive) -> None:
    one, two = store(archive, b"abc"), store(archive, b"abc", source="autre")
    assert archive.verified(one) == archive.verified(two)
    assert archive.find(one.sha256) == two, "the first by source"


def test_storing_again_mends_a_damaged_object(archive: Archive) -> None:
    delivery = store(archive, b"abc")
    path = archive.object_path(delivery.sha256)
    path.chmod(0o644)
    path.write_bytes(b"abd")
    assert archive.corrupted([delivery])
    store(archive, b"abc")
    assert archive.corrupted([delivery]) == []
    assert path.stat().st_mode & 0o222 == 0


def test_a_folder_in_place_of_an_object_is_corruption(archive: Archive) -> None:
    delivery = store(archive, b"abc")
    path = archive.object_path(delivery.sha256)
    path.unlink()
    path.mkdir()
    with pytest.raises(ArchiveCorrupted):
        archive.verified(delivery)


def test_refused_bytes_are_kept_out_of_the_way_with_their_reason(archive: Archive, tmp_path: Path) -> None:
    received = tmp_path / "received"
    received.write_bytes(b"<html>")
    delivery = make_delivery(b"<html>")
    archive.refuse(received, delivery, "une page web")
    assert archive.deliveries("essai") == [] and archive.find(delivery.sha256) is None
    assert archive.object_path(delivery.sha256).read_bytes() == b"<html>"
    kept = json.loads((archive.root / "refused" / "essai" / f"{delivery.key}.json").read_text())
    assert kept["reason"] == "une page web" and kept["url"] == delivery.url


def test_lost_bytes_are_asked_for_without_conditions(archive: Archive) -> None:
    delivery = store(archive, b"abc", etag='"x"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    archive.forget_validators(delivery)
    assert [(item.etag, item.last_modified) for item in archive.deliveries("essai")] == [(None, None)]
    assert archive.deliveries("essai")[0].sha256 == delivery.sha256
