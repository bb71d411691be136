"""The clock: instants in UTC, and the days of Paris that people read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from observatoire import clock
from observatoire.clock import day_of, end_of, today
from observatoire.errors import UsageError
from observatoire.review.signature import signed_day
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-07-14T21:59:59Z", "2026-07-14"),
        ("2026-07-14T22:00:00Z", "2026-07-15"),
        ("2026-12-31T22:59:59Z", "2026-12-31"),
        ("2026-12-31T23:00:00Z", "2027-01-01"),
        ("2026-12-31T23:30:00+02:00", "2026-12-31"),
    ],
)
def test_a_day_is_that_of_paris_in_summer_and_in_winter(instant: str, day: str) -> None:
    assert day_of(instant) == day


@pytest.mark.parametrize("day", ["2026-01-31", "2026-07-14", "2026-03-29", "2026-10-25"])
def test_a_day_ends_where_the_next_begins(day: str) -> None:
    end = datetime.fromisoformat(end_of(day))
    last = (end - timedelta(seconds=1)).isoformat()
    assert (day_of(last), day_of(end.isoformat())) == (day, str(date.fromisoformat(day) + timedelta(days=1)))


def test_a_decision_signed_after_midnight_in_paris_bears_the_day_of_paris(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-07-14T22:30:00Z")
    assert today() == signed_day(None) == signed_day("2026-07-15") == "2026-07-15"
    with pytest.raises(UsageError, match=r"après aujourd'hui \(2026-07-15\)"):
        signed_day("2026-07-16")


def python_files() -> Iterator[Path]:
    for folder in ("observatoire", "flows"):
        yield from (ROOT / folder).rglob("*.py")


def test_no_other_room_asks_the_machine_what_day_it_is() -> None:
    asked = [
        path.relative_to(ROOT).as_posix()
        for path in python_files()
        if any(call in path.read_text(encoding="utf-8") for call in (".today()", "datetime.now(", "now()[:10]"))
    ]
    assert asked == ["observatoire/clock.py"]
