"""The one clock. An instant is in UTC; a day that people read or write is the day it was, or is, in Paris."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def now() -> str:
    """The current instant, ISO 8601, UTC, to the second."""
    return _written(datetime.now(UTC))


def day_of(instant: str) -> str:
    """The ISO date in Paris of an instant (ISO 8601; UTC when it names no zone)."""
    moment = datetime.fromisoformat(instant)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(PARIS).date().isoformat()


def today() -> str:
    """The ISO date of today in Paris."""
    return day_of(now())


def end_of(day: str) -> str:
    """The instant (as `now` writes it) at which an ISO date ends in Paris: midnight of the next day."""
    following = date.fromisoformat(day) + timedelta(days=1)
    return _written(datetime.combine(following, time(), PARIS).astimezone(UTC))


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
