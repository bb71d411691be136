"""A whole refresh met by bad input: what is good is released, what is wrong is said, the next run takes the fix in."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from observatoire.archive import Archive
from observatoire.ingest import deliveries_in_use
from observatoire.pipeline import Report, build_only, load_all_sources, refresh
from observatoire.release.store import current_release
from observatoire.settings import Settings
from observatoire.state import read_source_state, write_source_state
from tests.helpers import edit_csv


def rows(settings: Settings, query: str) -> list[tuple[object, ...]]:
    """Rows of the current release; {usages} is the table's file."""
    release = current_release(settings)
    assert release is not None
    with duckdb.connect() as con:
        return con.execute(query.replace("{", f"'{release.path}/").replace("}", ".parquet'")).fetchall()


def messages(report: Report) -> list[str]:
    return [source.message for source in report.degraded]


@pytest.fixture
def published(released: tuple[Settings, Report], tmp_path: Path) -> tuple[Settings, str]:
    """A copy of a project that has released, and its release."""
    settings, report = released
    shutil.copytree(settings.project.parent, tmp_path / "copie", symlinks=True)
    folder = tmp_path / "copie"
    project = folder / settings.project.name
    assert report.release
    return Settings(project, folder / "data", project / "data" / "register"), report.release


def test_bad_input_from_end_to_end(published: tuple[Settings, str]) -> None:
    project, first = published
    cases: Path = project.register / "cas_usage.csv"
    good = cases.read_text(encoding="utf-8")

    # A bad row: it alone is set aside, everything else is released, and the release says so.
    edit_csv(cases, lambda rows: rows[2].update(theme="magie"))
    second = refresh(project)
    assert second.new and second.exit_code == 0
    assert rows(project, "select source, ligne, cle, colonne, motif from {rejets}") == [
        ("cas_usage", 3, "v003", "theme", "« magie » inconnu")
    ]
    assert rows(project, "select count(*) from {usages}") == [(157,)]
    assert any(alert.startswith("LIV-01") for alert in second.alerts)

    # A wrong structure: the file is refused in one line, the previous delivery and release stay, exit code 3.
    cases.write_bytes(good.encode("cp1252", errors="replace"))
    third = refresh(project)
    assert (third.exit_code, third.new, third.release) == (3, False, second.release)
    assert len(messages(third)) == 1 and "encodage UTF-8 attendu, octet à la ligne" in messages(third)[0]
    assert "la précédente (2026-11-28) reste utilisée" in messages(third)[0]

    # The fix, while the state is lost and the archive damaged: both are mended on the way.
    shutil.rmtree(project.state)
    used = deliveries_in_use(project, load_all_sources(project)["hotes"])[0]
    path = Archive(project.raw).object_path(used.sha256)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-10])
    cases.write_text(good, encoding="utf-8")
    last = refresh(project)
    assert (last.exit_code, last.release) == (0, first), "the same content is the same release"
    assert Archive(project.raw).corrupted([used]) == []


def test_a_source_degraded_by_an_older_run_is_said_until_it_is_mended(published: tuple[Settings, str]) -> None:
    project, first = published
    state = read_source_state(project, "boamp")
    write_source_state(project, state.failed("boamp : le serveur a répondu 503", "2026-11-20T08:00:00Z"))
    for report in (refresh(project), refresh(project, only=["hotes"]), build_only(project)):
        assert (report.exit_code, report.release) == (3, first)
        assert [source.told() for source in report.degraded] == [
            "depuis le 2026-11-20 : boamp : le serveur a répondu 503"
        ]
    write_source_state(project, state.recovered())
    assert refresh(project).exit_code == 0
