"""When a source is stale: not seen again for longer than its cadence allows, or seen but without anything new.

Computed from the journal of attempts and from the clock when it is shown; none of it ever enters a release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from observatoire.archive import Delivery
from observatoire.clock import day_of
from observatoire.sources.spec import Source
from observatoire.state import SourceState

# Days without news after which a source of that cadence is stale: about two periods, holidays included.
DAYS = {"quotidienne": 4, "hebdomadaire": 16, "mensuelle": 65, "trimestrielle": 190, "annuelle": 450}


@dataclass(frozen=True)
class Stale:
    """Since when a source is stale (ISO 8601, UTC), and why, in French."""

    since: str
    message: str


def staleness(source: Source, used: Sequence[Delivery], state: SourceState, moment: str) -> Stale | None:
    """Whether a source is stale at `moment`; None for a source of continuous cadence or never collected.

    Two cases: its deliveries were not seen again (nobody asked, or it does not answer); or it answers and has had
    nothing new since its newest delivery arrived.
    """
    days = DAYS.get(source.cadence)
    if days is None or not used:
        return None
    allowed = timedelta(days=days)
    newest = max(_instant(delivery.first_seen) for delivery in used)
    seen = max([newest, *(_instant(value) for value in state.last_seen.values())])
    if _instant(moment) - seen > allowed:
        return Stale(
            _text(seen + allowed),
            f"plus revue depuis le {day_of(_text(seen))}, cadence {source.cadence}. "
            f"Lancer « observatoire refresh --live --source {source.id} ».",
        )
    if seen - newest > allowed:
        return Stale(
            _text(newest + allowed),
            f"répond, mais rien de neuf depuis le {day_of(_text(newest))}, cadence {source.cadence}. "
            f"Vérifier si le producteur publie ailleurs ({source.homepage or source.producer}).",
        )
    return None


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
