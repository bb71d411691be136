"""Parquet: read in place, every column as text."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observatoire.formats import FormatRefused, raw_path, read_bytes
from observatoire.ingest import deliveries_in_use, ingest_source
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.warehouse.context import UsedDelivery
from observatoire.warehouse.raw import as_received
from tests.helpers import make_delivery, make_source

TABLE = pa.table(
    {
        "code": pa.array([1, None, 3], pa.int64()),
        "Nom ": ["Évreux", "", None],
        "date": pa.array([dt.date(2026, 1, 2), None, None]),
        "moment": pa.array([dt.datetime(2026, 1, 2, 3, 4, 5), None, None], pa.timestamp("us")),
        "montant": pa.array([Decimal("10.50"), None, Decimal("-1.00")], pa.decimal128(20, 2)),
        "double": [47600.87, None, 1e300],
        "vrai": [True, False, None],
        "octets": pa.array(["é".encode(), b"\xff", None], pa.binary()),
        "liste": pa.array([["a", "é"], [], None]),
        "objet": pa.array([{"x": 1.5, "y": None}, None, None]),
        "secret": ["x", "y", "z"],
    }
)
NAMES = ("code", "nom", "date", "moment", "montant", "double", "vrai", "octets", "liste", "objet")
COLUMNS = (*NAMES, {"name": "absente", "optional": True})


def written(path: Path, table: pa.Table = TABLE) -> Path:
    pq.write_table(table, path)
    return path


def rows(source: Source, loaded: Any, target: Path) -> list[tuple[Any, ...]]:
    item = UsedDelivery(make_delivery(b"x"), loaded, target)
    with duckdb.connect() as con:
        return con.execute(
            f"select * exclude (_livraison) from ({as_received(source, [item])}) order by _ligne"
        ).fetchall()


@pytest.fixture
def known(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "data", tmp_path / "register")


def test_every_type_is_text_and_nothing_is_copied(known: Settings, tmp_path: Path) -> None:
    path, target = written(tmp_path / "recu"), tmp_path / "out.parquet"
    source = make_source({"name": "parquet"}, COLUMNS)
    loaded = read_bytes(known, source, path, target)
    assert loaded.rows == 3 and loaded.repairs == ("en-tête « Nom  » lu comme « nom »",)
    assert rows(source, loaded, target) == [
        ("1", "Évreux", "2026-01-02", "2026-01-02 03:04:05", "10.50", "47600.87", "true", "é", '["a","é"]', '{"x":1.5,"y":null}', None, 1),
        (None, None, None, None, None, None, "false", "\\xFF", "[]", None, None, 2),
        ("3", None, None, None, "-1.00", "1e+300", None, None, None, None, None, 3),
    ]  # fmt: skip
    assert target.stat().st_ino == path.stat().st_ino


def test_the_ordinal_is_that_of_the_file_across_groups(known: Settings, tmp_path: Path) -> None:
    path, target = tmp_path / "recu", tmp_path / "out.parquet"
    pq.write_table(pa.table({"code": [str(n) for n in range(5000)]}), path, row_group_size=100)
    source = make_source({"name": "parquet"}, ("code",))
    loaded = read_bytes(known, source, path, target)
    assert rows(source, loaded, target) == [(str(n), n + 1) for n in range(5000)]


def test_across_file_systems_it_is_copied(known: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("observatoire.formats.parquet.os.link", refused)
    path, target = written(tmp_path / "recu"), tmp_path / "out.parquet"
    read_bytes(known, make_source({"name": "parquet"}, COLUMNS), path, target)
    assert target.read_bytes() == path.read_bytes() and target.stat().st_ino != path.stat().st_ino


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "n'est pas un Parquet lisible"),
        (b"code;nom\n", "n'est pas un Parquet lisible"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "n'est pas un Parquet lisible"),
        (None, "n'est pas un Parquet lisible"),
    ],
)
def test_what_is_refused(content: bytes | None, says: str, known: Settings, tmp_path: Path) -> None:
    whole = written(tmp_path / "entier").read_bytes()
    path = tmp_path / "recu"
    path.write_bytes(whole[:-50] if content is None else content)
    with pytest.raises(FormatRefused, match=says):
        read_bytes(known, make_source({"name": "parquet"}, COLUMNS), path, tmp_path / "out.parquet")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["entier", "recu"]


def test_a_renamed_column_is_refused(known: Settings, tmp_path: Path) -> None:
    path = written(tmp_path / "recu", TABLE.rename_columns(["codes", *TABLE.column_names[1:]]))
    with pytest.raises(FormatRefused, match=r"colonne « code » absente .trouvé « codes »"):
        read_bytes(known, make_source({"name": "parquet"}, COLUMNS), path, tmp_path / "out.parquet")


def test_in_a_zip(known: Settings, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(written(tmp_path / "recu"), "dossier/a_2026.parquet")
    path, target = tmp_path / "zip", tmp_path / "out.parquet"
    path.write_bytes(buffer.getvalue())
    protocol = {"name": "http_file", "url": "https://a.fr/x.zip", "member": "*/a_????.parquet"}
    source = make_source({"name": "parquet"}, ("code",), protocol=protocol)
    loaded = read_bytes(known, source, path, target)
    assert rows(source, loaded, target) == [("1", 1), (None, 2), ("3", 3)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.json", "out.parquet", "recu", "zip"]


def test_from_ingest_to_the_archived_object(known: Settings, tmp_path: Path) -> None:
    """The raw rows are the archived file itself, also when data/work was lost."""
    source = make_source({"name": "parquet"}, ("code",))
    (known.register).mkdir()
    written(known.register / "essai.csv")
    assert [result.outcome for result in ingest_source(known, source)] == ["nouvelle"]
    (delivery,) = deliveries_in_use(known, source)
    from observatoire.archive import Archive
    from observatoire.formats import load_delivery

    archived = Archive(known.raw).object_path(delivery.sha256)
    target = raw_path(known, source, delivery)
    assert target.stat().st_ino == archived.stat().st_ino
    target.unlink()
    assert load_delivery(known, source, delivery, Archive(known.raw)).rows == 3
    assert target.stat().st_ino == archived.stat().st_ino
