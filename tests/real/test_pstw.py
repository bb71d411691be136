"""The two real deliveries of the Public Sector Tech Watch, served over HTTP one after the other."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from observatoire import pipeline
from observatoire.release.diff import Change, Diff, diff_releases
from observatoire.release.store import Release, find_release
from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, ingest_register
from tests.servers import Server, html

HOST = "https://interoperable-europe.ec.europa.eu"
PAGE = f"{HOST}/collection/public-sector-tech-watch/pstw-cases-viewer-data-download"
FOLDER = "/sites/default/files/custom-page/attachment"
ADDRESSES = {
    "pstw_dataset_2025-09.xlsx": f"{FOLDER}/2025-09/pstw_dataset.xlsx",
    "pstw_dataset_2026-03-04.csv": f"{FOLDER}/2026-03/pstw_dataset.csv",
}


@dataclass(frozen=True)
class Taken:
    """The releases made of the first delivery, then of the second, and what changed."""

    settings: Settings
    before: Release
    after: Release
    diff: Diff

    def changes(self, kind: str, column: str | None = None) -> list[Change]:
        return [
            change
            for change in self.diff.changes
            if change.table == "contexte_europe" and change.kind == kind and column in (None, change.column)
        ]


@pytest.fixture(scope="module")
def taken(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    with Server() as server:
        settings = replace(copy_project(tmp_path_factory.mktemp("pstw")), mirror_url=server.url)
        ingest_register(settings)
        releases = []
        links = ""
        for name, address in ADDRESSES.items():
            links += f'<a href="{address}">Dataset</a> <a href="/collection/other.csv">Other</a>'
            server.script(PAGE, html(f"<!DOCTYPE html><html><body>{links}</body></html>"))
            server.replay(HOST + address, shared / "deliveries" / "pstw" / name)
            report = pipeline.refresh(settings, ["pstw"], live=True)
            assert report.exit_code == 0 and report.new and report.release
            releases.append(find_release(settings, report.release))
        yield Taken(settings, *releases, diff_releases(*releases))
    shutil.rmtree(settings.data, ignore_errors=True)


def rows(release: Release, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as con:
        return con.execute(query.replace("{", f"'{release.path}/").replace("}", ".parquet'")).fetchall()


def test_the_second_delivery_brings_330_cases_and_loses_3(taken: Taken) -> None:
    assert rows(taken.before, "select count(*) from {contexte_europe}") == [(1964,)]
    assert rows(taken.after, "select count(*) from {contexte_europe}") == [(2291,)]
    assert len(taken.changes("ajoutée")) == 330
    assert sorted(change.key for change in taken.changes("retirée")) == [
        "pstw|PSTW-1188", "pstw|PSTW-2216", "pstw|PSTW-295",
    ]  # fmt: skip


def test_73_cases_change_status_in_the_words_of_the_source(taken: Taken) -> None:
    moves = Counter((change.before, change.after) for change in taken.changes("modifiée", "statut_source"))
    assert moves.total() == 73
    assert moves["In development", "Pilot"] == 20 and moves["Implemented", "Not in use"] == 13
    # Two of the moves say the same thing in our codes: « Pilot phase » -> « Pilot », « Planned » -> « In development ».
    assert moves["Pilot phase", "Pilot"] == 1 and moves["Planned", "In development"] == 4
    assert len(taken.changes("modifiée", "statut")) == 73 - 1 - 4


def test_spaces_cases_and_date_formats_are_not_changes(taken: Taken) -> None:
    """An Excel date, dd/mm/yyyy, a trailing space and a capital are writings of the same value."""
    for column in ("pays", "niveau", "etendue", "fonction", "technologie", "date_maj"):
        for change in taken.changes("modifiée", column):
            assert change.before and change.after, change
            assert change.before.strip().casefold() != change.after.strip().casefold(), change
    assert rows(taken.after, "select count(*) from {contexte_europe} where date_maj is null") == [(0,)]
    assert rows(taken.after, "select count(*) from {contexte_europe} where pays <> trim(pays)") == [(0,)]
    written = rows(taken.after, "select cle_source, date_maj::text from {contexte_europe} where cle_source = 'PSTW-41'")
    assert written == [("PSTW-41", "2025-09-24")]


def test_nothing_is_rejected_and_cells_of_several_lines_hold(taken: Taken) -> None:
    assert rows(taken.after, "select count(*) from {rejets} where source = 'pstw'") == [(0,)]
    body = rows(taken.after, "select organisme from {contexte_europe} where cle_source = 'PSTW-287'")
    assert len(body) == 1 and "of the Ministry of Agri" in str(body[0][0]) and "\n" not in str(body[0][0])


def test_french_cases_stand_apart(taken: Taken) -> None:
    by_area = "select perimetre, count(*) from {contexte_europe} group by all order by all"
    assert rows(taken.before, by_area) == [("europe", 1884), ("france", 80)]
    assert rows(taken.after, by_area) == [("europe", 2199), ("france", 92)]
    candidates = "local_ou_regional and ia_declaree"
    found = rows(taken.after, f"select count(*) from {{contexte_europe}} where perimetre = 'france' and {candidates}")
    assert found == [(20,)]
    not_ai = "select count(*) from {contexte_europe} where technologie = 'blockchain' and not ia_declaree"
    assert rows(taken.after, not_ai)[0][0] == 343


def test_the_register_counts_the_same_with_this_source_in_the_archive(taken: Taken) -> None:
    counts = (
        "select count(*), count(*) filter (confirme), count(*) filter (confirme and finalite_environnementale) "
        "from {usages}"
    )
    assert rows(taken.after, counts) == [(158, 126, 85)]
    assert {change.table for change in taken.diff.changes} <= {
        "contexte_europe", "livraisons", "rejets", "controles", "sources", "candidats", "preuves", "extraits", "usages",
    }  # fmt: skip


def test_french_local_cases_wait_for_judgement_as_candidates(taken: Taken) -> None:
    found = Warehouse(taken.settings).rows(
        "select type_candidat, licence, count(*), count(distinct candidat_id) from core.candidats_bruts "
        "where source = 'pstw' group by all"
    )
    assert found == [("cas", "CC BY 4.0", 20, 20)]
    told_twice = "select cle_source from {preuves} where source = 'pstw'"  # the energy of buildings at Noisy-le-Grand
    assert rows(taken.after, told_twice) == [("PSTW-2232",)]


def test_the_licence_of_each_row_travels(taken: Taken) -> None:
    licences = rows(taken.after, "select distinct licence, attribution from {contexte_europe}")
    assert len(licences) == 1 and licences[0][0] == "CC BY 4.0" and "Union européenne" in str(licences[0][1])
    notice = (taken.after.path / "NOTICE.md").read_text(encoding="utf-8")
    assert "## CC BY 4.0" in notice and "`contexte_europe`" in notice
