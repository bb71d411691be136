"""A source goes stale by its cadence, from what the journal saw; the release never knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from observatoire import cli_output, pipeline, standing
from observatoire.freshness import DAYS, Stale, staleness
from observatoire.ingest import ingest_source
from observatoire.pipeline import Report
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.standing import source_rows, stale_sources
from observatoire.state import SourceState, read_source_state, write_source_state
from tests.helpers import make_delivery, make_source


def monthly(cadence: str = "mensuelle") -> Source:
    return make_source({"name": "csv", "delimiter": ";"}, cadence=cadence)


ARRIVED = make_delivery(first_seen="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("seen", "moment", "since", "said"),
    [
        ("2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", None, ""),
        ("2026-01-31T00:00:00Z", "2026-04-06T00:00:00Z", None, ""),
        ("2026-01-31T00:00:00Z", "2026-04-06T00:00:01Z", "2026-04-06T00:00:00Z", "plus revue depuis le 2026-01-31"),
        ("2026-03-07T00:00:00Z", "2026-03-07T00:00:00Z", None, ""),
        ("2026-03-08T00:00:00Z", "2026-03-08T00:00:00Z", "2026-03-07T00:00:00Z", "rien de neuf depuis le 2026-01-01"),
    ],
)
def test_a_monthly_source_is_stale_after_two_months(seen: str, moment: str, since: str | None, said: str) -> None:
    found = staleness(monthly(), [ARRIVED], SourceState("essai", last_seen={"": seen}), moment)
    assert (found.since if found else None) == since
    assert found is None or said in found.message


def test_what_was_never_collected_or_is_kept_by_hand_is_not_stale() -> None:
    state = SourceState("essai")
    assert staleness(monthly(), [], state, "2036-01-01T00:00:00Z") is None
    assert staleness(monthly("continue"), [ARRIVED], state, "2036-01-01T00:00:00Z") is None


def test_a_lost_state_leaves_the_arrival_of_the_delivery() -> None:
    found = staleness(monthly(), [ARRIVED], SourceState("essai"), "2026-06-01T00:00:00Z")
    assert found and "plus revue depuis le 2026-01-01" in found.message


def test_every_cadence_but_the_continuous_one_has_a_limit() -> None:
    cadences = set(Source.model_json_schema()["properties"]["cadence"]["enum"])
    assert cadences - {"continue"} == set(DAYS)


def test_sources_says_since_when_a_source_is_stale_and_the_failure_comes_first(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pipeline.load_all_sources(project)["pstw"]
    header = ",".join(f'"{name}"' for name in source.column_names)
    lines = [f"PSTW-{n},Case," + "," * (len(source.columns) - 3) for n in range(1001)]
    file = tmp_path / "pstw.csv"
    file.write_text("\n".join([header, *lines]), encoding="utf-8")
    loose = source.model_copy(update={"arrival": source.arrival.model_copy(update={"bytes_min": 1})})
    assert [result.outcome for result in ingest_source(project, loose, file)] == ["nouvelle"]

    def shown() -> dict[str, object]:
        return next(row for row in source_rows(project) if row["source"] == "pstw")

    assert (shown()["degradee_depuis"], shown()["perimee"]) == (None, False)
    monkeypatch.setattr(standing, "now", lambda: "2036-01-01T00:00:00Z")
    row = shown()
    assert row["perimee"] is True and str(row["degradee_depuis"]) < "2036"
    assert "cadence trimestrielle" in str(row["message"])
    state = read_source_state(project, "pstw")
    write_source_state(project, replace(state, degraded_since="2026-12-01T00:00:00Z", message="pstw : en-tête changé"))
    assert (shown()["degradee_depuis"], shown()["message"]) == ("2026-12-01T00:00:00Z", "pstw : en-tête changé")


def test_the_command_shows_since_when_and_what_was_never_seen(
    released: tuple[Settings, Report], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {str(row["source"]): row for row in source_rows(released[0])}
    failed = {"degradee_depuis": "2026-12-01T00:00:00Z", "message": "boamp : le serveur a répondu 503"}
    late = {"degradee_depuis": "2026-11-01T00:00:00Z", "message": "pstw : plus revue", "perimee": True}
    cli_output.sources([{**rows["boamp"], **failed}, {**rows["pstw"], **late}, rows["odap"], rows["hotes"]], False)
    words = " ".join(capsys.readouterr().out.split())
    assert "DÉGRADÉE depuis 2026-12-01T00:00:00Z" in words and "PÉRIMÉE depuis 2026-11-01T00:00:00Z" in words
    assert words.count("pas encore vue") == 3 and words.count("non republiée") == 1 and "à jour" in words
    assert not rows["boamp"]["verified"] and rows["hotes"]["verified"]


def test_a_refresh_says_which_sources_went_stale_and_exits_3(
    released: tuple[Settings, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, first = released
    assert (first.stale, first.exit_code) == ([], 0)
    late = replace(first, stale=["pstw : plus revue depuis le 2026-01-01"])
    assert late.exit_code == 3
    monkeypatch.setattr(
        standing, "staleness", lambda source, *_: Stale("x", "trop vieux") if source.id == "hotes" else None
    )
    assert stale_sources(settings) == ["hotes : trop vieux"]
