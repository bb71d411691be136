"""Raw rows are read once, kept, and read again when the specification or the kept file changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from observatoire.archive import Archive
from observatoire.errors import ArchiveCorrupted
from observatoire.formats import Loaded, load_delivery, raw_path
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from tests.helpers import make_delivery, make_source

CONTENT = b"code,nom\n01,a\n02\n03,c\n"
SOURCE = make_source({"name": "csv", "delimiter": ","})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(tmp_path, tmp_path / "data", tmp_path / "register")
    received = tmp_path / "received"
    received.write_bytes(CONTENT)
    Archive(settings.raw).store(received, make_delivery(CONTENT))
    return settings


def load(settings: Settings, source: Source = SOURCE) -> Loaded:
    return load_delivery(settings, source, make_delivery(CONTENT), Archive(settings.raw))


def test_a_delivery_is_read_once(settings: Settings) -> None:
    first = load(settings)
    assert first.rows == 2 and [record.ordinal for record in first.bad_records] == [2]
    Archive(settings.raw).object_path(make_delivery(CONTENT).sha256).unlink()
    assert load(settings) == first
    raw_path(settings, SOURCE, make_delivery(CONTENT)).unlink()
    with pytest.raises(ArchiveCorrupted):
        load(settings)


@pytest.mark.parametrize("spoilt", ["", "{", "\x00\x00"])
def test_a_spoilt_companion_is_made_again(settings: Settings, spoilt: str) -> None:
    first = load(settings)
    raw_path(settings, SOURCE, make_delivery(CONTENT)).with_suffix(".json").write_text(spoilt)
    assert load(settings) == first


def test_another_specification_reads_the_bytes_again(settings: Settings) -> None:
    load(settings)
    fewer = make_source({"name": "csv", "delimiter": ","}, ("code",))
    quoted = make_source({"name": "csv", "delimiter": ",", "quote": "'"})
    paths = {raw_path(settings, source, make_delivery(CONTENT)) for source in (SOURCE, fewer, quoted)}
    assert len(paths) == 3
    load(settings, fewer)
    assert sum(path.is_file() for path in paths) == 2


def test_a_mended_reader_reads_again_what_a_faulty_one_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(settings)
    before = raw_path(settings, SOURCE, make_delivery(CONTENT))
    monkeypatch.setattr("observatoire.formats.room_code", lambda: "another")
    assert raw_path(settings, SOURCE, make_delivery(CONTENT)) != before
    assert load(settings).rows == 2
