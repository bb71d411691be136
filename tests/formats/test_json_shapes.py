"""JSON documents of several known shapes: the 2019 and the 2022 orders on public procurement data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observatoire.formats import FormatRefused

ORDERS = {"name": "json", "records": ["marches", "marches.marche", "marches.contrat-concession"]}
COLUMNS = ("id", {"name": "acheteur.id", "optional": True}, {"name": "autoriteConcedante.id", "optional": True})


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ({"marches": [{"id": 1, "acheteur": {"id": "2"}}]}, [(1, "1", "2", None)]),
        (
            {
                "marches": {
                    "contrat-concession": [{"id": "c", "autoriteConcedante": {"id": "4"}}],
                    "marche": [{"id": "m"}],
                }
            },
            [(1, "m", None, None), (2, "c", None, "4")],
        ),
        ({"marches": {"contrat-concession": [{"id": "c"}]}}, [(1, "c", None, None)]),
        ({"marches": {"marche": [], "contrat-concession": None}}, []),
    ],
)
def test_every_shape(read: Callable[..., Any], document: dict[str, Any], rows: list[Any]) -> None:
    assert read(json.dumps(document), ORDERS, COLUMNS).rows == rows


def test_no_shape(refusal: Callable[..., FormatRefused]) -> None:
    refused = refusal('{"marches": {"autre": []}}', ORDERS, COLUMNS)
    assert str(refused).startswith("liste d'enregistrements absente sous « marches » ni sous « marches.marche »")


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("decp-2019/emar_2019-04-03.json", 470),
        ("decp-2019/pes_2019-04-05.json", 1148),
        ("decp-formats/decp_test_2019.json", None),
        ("decp-formats/marches_avec_modifications.json", None),
        ("decp-formats/marches_concessions.json", None),
    ],
)
def test_real_documents_of_both_orders(read: Callable[..., Any], shared: Path, file: str, count: int | None) -> None:
    content = (shared / "deliveries" / file).read_bytes()
    marches = json.loads(content)["marches"]
    expected = marches if isinstance(marches, list) else [row for rows in marches.values() for row in rows]
    found = read(content, ORDERS, COLUMNS).rows
    assert sorted(str(row[1]) for row in found) == sorted(str(record.get("id")) for record in expected)
    assert count is None or len(found) == count
