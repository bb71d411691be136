"""The texts judged are those of the deliveries, word for word."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

GOLD = Path(__file__).resolve().parents[1] / "gold" / "jugements.csv"


def judged(source: str) -> dict[str, str]:
    """The fingerprint of each text judged of a source, by the key of its record."""
    with GOLD.open(encoding="utf-8", newline="") as handle:
        return {row["cle"]: row["empreinte"] for row in csv.DictReader(handle) if row["source"] == source}


def fingerprint(text: str) -> str:
    """The sha256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_funded_projects_are_read_in_their_delivery(shared: Path) -> None:
    path = shared / "deliveries" / "fonds-vert-2023" / "fonds-vert-2023-export.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        found = {
            row["numero_dossier_ds"]: row["nom_du_projet"].strip() for row in csv.DictReader(handle, delimiter=";")
        }
    wanted = judged("fonds_vert")
    assert len(wanted) > 150
    assert {key: fingerprint(found[key]) for key in wanted} == wanted


def test_european_cases_are_read_in_their_delivery(shared: Path) -> None:
    path = shared / "deliveries" / "pstw" / "pstw_dataset_2026-03-04.csv"
    found: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            name, description = (re.sub(r"\s+", " ", row[key]).strip() for key in ("Name", "Description"))
            if name and description:
                found.setdefault(row["PSTW ID"].strip(), f"{name} — {description}")
    wanted = judged("pstw")
    assert len(wanted) > 200
    assert {key: fingerprint(found[key]) for key in wanted} == wanted
