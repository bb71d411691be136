"""One source, several formats: the bytes tell which declared one they are in."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observatoire.formats import FormatRefused
from observatoire.ingest import ingest_source
from observatoire.settings import Settings
from tests.helpers import make_source

CSV = {"name": "csv", "delimiter": ","}
PARQUET = {"name": "parquet"}
JSON = {"name": "json", "records": ""}
XML = {"name": "xml", "records": "r.m"}


def one_of(*forms: dict[str, Any]) -> dict[str, Any]:
    return {"name": "one_of", "formats": list(forms)}


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"code": ["01"], "nom": ["a"]}), out)
    return out.getvalue()


@pytest.mark.parametrize(
    "text", ['[{"code": "01", "nom": "a"}]', "\ufeff\n<r><m><code>01</code><nom>a</nom></m></r>", "code,nom\n01,a\n"]
)
def test_a_text_is_read_in_its_own_format(read: Callable[..., Any], text: str) -> None:
    assert read(text, one_of(JSON, XML, CSV)).rows == [(1, "01", "a")]


def test_a_csv_may_begin_like_another_format_that_is_not_declared(read: Callable[..., Any]) -> None:
    assert read("code,nom\n{01,<a\n", one_of(PARQUET, CSV)).rows == [(1, "{01", "<a")]


def test_a_parquet_delivery_is_read_in_place_though_csv_is_declared_too(read: Callable[..., Any]) -> None:
    found = read(parquet(), one_of(CSV, PARQUET))
    assert found.loaded.in_place is not None and found.rows == [(1, "01", "a")]


@pytest.mark.parametrize(
    ("content", "forms", "said"),
    [
        (b"code,nom\n01,a\n", (PARQUET, JSON), "texte reçu, Parquet ou JSON attendu"),
        (parquet(), (JSON, XML), "Parquet reçu, JSON ou XML attendu"),
        (b"<r/>", (PARQUET, JSON), "XML reçu, Parquet ou JSON attendu"),
    ],
)
def test_what_was_not_announced_is_refused(
    refusal: Callable[..., FormatRefused], content: bytes, forms: tuple[dict[str, Any], ...], said: str
) -> None:
    assert said in str(refusal(content, one_of(*forms)))


def test_a_delivery_may_follow_in_the_other_format(project: Settings, tmp_path: Any) -> None:
    """The Parquet file is a tenth of the CSV that it replaces, which is no loss of records."""
    arrival = {"bytes_drop_max": 1, "rows_drop_max": 0.1}
    source = make_source(
        one_of(PARQUET, CSV), arrival=arrival, protocol={"name": "http_file", "url": "https://producteur.fr/x"}
    )
    (tmp_path / "a.csv").write_text("code,nom\n" + "".join(f"{n},{'x' * 200}\n" for n in range(100)))
    pq.write_table(pa.table({"code": [str(n) for n in range(95)], "nom": ["x"] * 95}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"code": ["1"], "nom": ["x"]}), tmp_path / "b.parquet")
    outcomes = [ingest_source(project, source, tmp_path / name)[0] for name in ("a.csv", "a.parquet", "b.parquet")]
    assert [result.outcome for result in outcomes] == ["nouvelle", "nouvelle", "refusée"]
    assert "1 enregistrements au lieu de 95" in str(outcomes[2].message)
