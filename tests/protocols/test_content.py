"""Taking a member out of a zip."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from observatoire.errors import DeliveryRefused
from observatoire.protocols import open_member


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "populations.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("ensemble/donnees_communes.csv", "COM;PTOT\n" * 1000)
        for number in range(12):
            content.writestr(f"autre{number}.csv", "x")
    return path


def test_the_member_comes_out(archive: Path, tmp_path: Path) -> None:
    into = tmp_path / "travail"
    out = open_member(archive, "ensemble/donnees_communes.csv", into)
    assert out == into / "populations.donnees_communes.csv"
    assert out.read_text() == "COM;PTOT\n" * 1000
    assert list(into.iterdir()) == [out]
    assert open_member(archive, "ensemble/donnees_communes.csv", into) == out


def test_a_member_that_climbs_stays_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("../../dehors.csv", "x")
    assert open_member(path, "../../dehors.csv", tmp_path / "ici") == tmp_path / "ici" / "a.dehors.csv"


@pytest.mark.parametrize(
    ("member", "limit", "says"),
    [
        ("donnees_communes.csv", 10**6, "ne contient pas « donnees_communes.csv » mais .* et 5 autres"),
        ("ensemble/donnees_communes.csv", 9000, "au-delà de la limite de 9\u202f000 octets"),
    ],
)
def test_what_cannot_come_out(member: str, limit: int, says: str, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused, match=says):
        open_member(archive, member, tmp_path / "travail", limit)
    assert list((tmp_path / "travail").iterdir()) == []


def test_a_damaged_zip(archive: Path, tmp_path: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[75] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(DeliveryRefused, match=r"^populations\.zip : le zip est illisible"):
        open_member(archive, "ensemble/donnees_communes.csv", tmp_path / "travail")
    assert list((tmp_path / "travail").iterdir()) == []


def test_a_member_longer_than_it_declares(tmp_path: Path) -> None:
    """A bomb that lies about its size is never inflated beyond what it declares."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("a.csv", b"0" * 5_000_000)
    data = path.read_bytes()
    path.write_bytes(data.replace((5_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(DeliveryRefused, match="illisible"):
        open_member(path, "a.csv", tmp_path / "travail", 10_000)


@pytest.mark.parametrize("pattern", ["ensemble/*.csv", "*/donnees_communes.csv", "*donnees_?ommunes.csv"])
def test_a_pattern_that_one_member_matches(pattern: str, archive: Path, tmp_path: Path) -> None:
    out = open_member(archive, pattern, tmp_path / "travail")
    assert out.parent == tmp_path / "travail" and out.read_text().startswith("COM;PTOT")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [("*.csv", "contient plusieurs « [*].csv » : .* et 5 autres"), ("*.xml", "ne contient pas « [*].xml » mais")],
)
def test_a_pattern_that_does_not_choose(pattern: str, says: str, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused, match=says):
        open_member(archive, pattern, tmp_path / "travail")
