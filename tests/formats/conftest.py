"""Reading bytes with a specification, into rows one can compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from observatoire.formats import FormatRefused, Loaded, read_bytes
from observatoire.settings import Settings
from tests.helpers import make_source

CSV = {"name": "csv", "delimiter": ",", "encoding": "utf-8"}


@dataclass
class Read:
    """What reading gave: (ordinal, values) of each record, in order."""

    loaded: Loaded
    rows: list[tuple[Any, ...]]

    @property
    def bad(self) -> list[tuple[int, str]]:
        return [(record.ordinal, record.reason) for record in self.loaded.bad_records]


def rows_of(target: Path, loaded: Loaded) -> list[tuple[Any, ...]]:
    """The rows of a Parquet file of raw rows, each after its ordinal."""
    import pyarrow.parquet as pq

    columns = pq.read_table(target).to_pydict()
    ordinals = columns.pop("_ligne") if loaded.with_ordinal else range(1, loaded.rows + 1)
    return list(zip(ordinals, *columns.values(), strict=True))


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    settings = Settings(tmp_path, tmp_path / "data", tmp_path / "register")

    def reading(
        content: bytes | str, form: dict[str, Any] | None = None, columns: Sequence[Any] = ("code", "nom"), **more: Any
    ) -> Read:
        path = tmp_path / "bytes"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        target = tmp_path / "out.parquet"
        loaded = read_bytes(settings, make_source(form or CSV, columns, **more), path, target)
        left = sorted(file.name for file in tmp_path.iterdir())
        assert left == ["bytes", "out.json", "out.parquet"], left
        read = Read(loaded, rows_of(target, loaded))
        target.unlink()
        target.with_suffix(".json").unlink()
        return read

    return reading


@pytest.fixture
def refusal(read: Callable[..., Read], tmp_path: Path) -> Callable[..., FormatRefused]:
    """The refusal of bytes, which leaves nothing behind."""

    def refused(*args: Any, **options: Any) -> FormatRefused:
        with pytest.raises(FormatRefused) as caught:
            read(*args, **options)
        assert [file.name for file in tmp_path.iterdir()] == ["bytes"]
        return caught.value

    return refused
