"""No row of a source that may not be republished reaches a published table, whatever the table and whatever the source."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path

import pytest

from observatoire.ingest import ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.quality.spec import load_table_specs
from observatoire.settings import Settings
from observatoire.sources.spec import Arrival, Source
from observatoire.warehouse import open_warehouse
from tests.conftest import copy_project
from tests.helpers import Warehouse, ingest_register

MARK = "Zqxv"  # in every text of these deliveries, and in no other
# What a column must hold for its record to be used; the others hold the mark.
TYPED = {
    "montant_engage": "1 000,00 €", "code_departement": "59", "code_commune": "59350", "siren": "200093201",
    "publication-date": "2026-03-08+01:00", "Année": "2024", "CODE": "72000000-5", "code": "72000000-5",
}  # fmt: skip


def marked(source: Source, number: int) -> dict[str, str]:
    """A record of the source, marked; its typed columns hold what they should, but for record 0."""
    return {
        name: TYPED[name] if name in TYPED and number else f"{MARK} {name} {number or 1}"
        for name in source.column_names
    }


def delivery(source: Source, folder: Path) -> Path:
    """Four records: one that cannot be read, two good ones, and one of them again."""
    rows = [marked(source, number) for number in (0, 1, 2, 2)]
    form = getattr(source.format, "formats", (source.format,))[0]
    path = folder / f"{source.id}-{'-'.join(source.vintages)}.{form.name}"
    if form.name == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path
    assert form.name == "csv", f"{source.id}: write {form.name} here"
    with path.open("w", encoding=form.encoding, newline="") as handle:
        writer = csv.DictWriter(handle, source.column_names, delimiter=form.delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Everything built, with a marked delivery of every source that may not be republished."""
    folder = tmp_path_factory.mktemp("marque")
    made = copy_project(folder)
    ingest_register(made)
    for source in load_all_sources(made).values():
        if not source.republished:
            small = source.model_copy(update={"arrival": Arrival()})
            [result] = ingest_source(made, small, delivery(source, folder))
            assert result.outcome == "nouvelle", result.message
    warehouse = Warehouse(made)
    warehouse.build(*(f"curated.{name}" for name in load_table_specs(made.sql)), "core.candidats_bruts", "core.rejets")
    return made


def holding(settings: Settings, layer: str) -> set[str]:
    """The tables of a layer where the mark is."""
    con, _ = open_warehouse(settings)
    with closing(con):
        tables = con.execute(
            "select table_name from information_schema.tables where table_schema = ?", [layer]
        ).fetchall()
        return {
            name
            for (name,) in tables
            if con.execute(
                f"select count(*) from {layer}.\"{name}\" as t where contains(cast(t as varchar), '{MARK}')"
            ).fetchone()
            != (0,)
        }


def test_no_published_table_holds_anything_of_them(settings: Settings) -> None:
    assert holding(settings, "curated") == set()


def test_they_do_serve_to_judge(settings: Settings) -> None:
    """The mark is where it can be: else the test above could not fail."""
    assert {"candidats_bruts", "contexte_traces", "rejets"} <= holding(settings, "core")
    sources = {source.id for source in load_all_sources(settings).values() if not source.republished}
    assert sources <= holding(settings, "raw") and sources <= holding(settings, "staging")
    rows = Warehouse(settings).rows("select distinct source from core.candidats_bruts where not republiee order by 1")
    assert rows == [("fonds_vert",), ("odap",), ("ted",)]


def test_what_was_set_aside_is_counted_without_being_quoted(settings: Settings) -> None:
    found = Warehouse(settings).rows("select distinct source, cle, motif from curated.rejets where source = 'odap'")
    assert found == [("odap", None, "non reproduit : la source ne peut pas être republiée")]
