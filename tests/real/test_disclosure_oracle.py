"""Given a suppression pattern, the audit gives the oracle's intervals; the rules find its confidential cells."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from observatoire.errors import DisclosureRisk
from observatoire.survey.disclosure.audit import Range, audit, exposures, require_protected
from observatoire.survey.disclosure.primary import primary
from observatoire.survey.disclosure.secondary import secondary
from observatoire.survey.disclosure.tables import TOTAL, Tables, additive_table, cell_key, cross_table

HAND_CASES, HAND_INTERVALS = 5, 19
CELLS, CONFIDENTIAL, SUPPRESSED = 98, 45, 57


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "oracles" / "disclosure"


def hand_table(case: dict[str, Any]) -> Tables:
    return additive_table(case["table"], [f"l{i}" for i in range(3)], [f"c{j}" for j in range(3)])


def key(position: str | list[int]) -> str:
    i, j = position.split(",") if isinstance(position, str) else position
    return cell_key("", f"l{i}", f"c{j}")


def test_hand_cases(folder: Path) -> None:
    cases = json.loads((folder / "hand_cases.json").read_text(encoding="utf-8"))
    compared = 0
    for name, case in cases.items():
        tables = hand_table(case)
        confidential = primary(tables)
        assert set(confidential) == {key(p) for p in case["primary"]}, name
        suppressed = {key(p) for p in case["suppressed_after_secondary"]}
        for hidden, field in ((set(confidential), "intervals_primary_only"), (suppressed, "intervals_after")):
            expected = {key(p): Range(*bounds) for p, bounds in case[field].items()}
            assert audit(tables, hidden) == expected, (name, field)
            compared += len(expected)
        assert set(secondary(tables, confidential)) | set(confidential) == suppressed, name
        if suppressed != set(confidential):
            with pytest.raises(DisclosureRisk, match=r"Publication refusée"):
                require_protected(tables, set(confidential), confidential)
        require_protected(tables, suppressed, confidential)
    assert (len(cases), compared) == (HAND_CASES, HAND_INTERVALS)


def oracle_key(row: dict[str, str]) -> str:
    region, size = (TOTAL if row[side] == "TOTAL" else row[side] for side in ("region", "size"))
    return cell_key("", region, size)


def test_region_by_size(folder: Path) -> None:
    with (folder / "sdc_oracle_region_x_size.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sizes = {row["size"] for row in rows}
    with (folder / "sdc_microdata.csv").open(encoding="utf-8", newline="") as file:
        units = [unit for unit in csv.DictReader(file) if unit["size"] in sizes]
    tables = cross_table([u["region"] for u in units], [u["size"] for u in units], [float(u["budget"]) for u in units])

    for row in rows:
        cell = tables.cells[oracle_key(row)]
        assert (cell.contributors, cell.value, cell.largest) == (int(row["n"]), float(row["total"]), float(row["top1"]))
    confidential = primary(tables)
    assert set(confidential) == {oracle_key(row) for row in rows if row["primary"] == "1"}

    suppressed = {oracle_key(row) for row in rows if row["suppressed"] == "1"}
    expected = {oracle_key(row): Range(float(row["lower"]), float(row["upper"])) for row in rows if row["lower"]}
    assert audit(tables, suppressed) == expected
    assert (len(rows), len(confidential), len(expected)) == (CELLS, CONFIDENTIAL, SUPPRESSED)

    assert exposures(tables, set(confidential), confidential)
    ours = secondary(tables, confidential)
    assert not exposures(tables, {*ours, *confidential}, confidential)
