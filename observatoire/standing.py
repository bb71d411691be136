"""Where things stand: what is in use, what is degraded or stale, what was released and when. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from observatoire.clock import day_of, now
from observatoire.freshness import staleness
from observatoire.ingest import deliveries_in_use
from observatoire.settings import Settings
from observatoire.sources.known import load_all_sources, load_lists
from observatoire.state import read_journal, read_source_state


@dataclass(frozen=True)
class Degraded:
    """A source whose last delivery was refused or could not be had, since when (ISO 8601, UTC), and why, in French."""

    source: str
    since: str
    message: str

    def told(self) -> str:
        """One French line, the source named by its message."""
        return f"depuis le {day_of(self.since)} : {self.message}"


def source_rows(settings: Settings) -> list[dict[str, Any]]:
    """What « observatoire sources » shows: one row per source or list, what is in use, since when it is degraded.

    A source that failed, shrank, changed its header or disappeared is degraded since its first refused attempt; one
    that went stale, since the day its cadence no longer explains its silence.
    """
    lists = {name: item.source for name, item in load_lists(settings).items()}
    moment = now()
    rows = []
    for source in [*load_all_sources(settings).values(), *lists.values()]:
        state = read_source_state(settings, source.id)
        used = deliveries_in_use(settings, source)
        stale = staleness(source, used, state, moment)
        rows.append(
            {
                "source": source.id,
                "titre": source.title,
                "protocole": "fichier remis" if source.id in lists else source.protocol.name,
                "requise": source.required,
                "verified": source.verified,
                "licence": source.licence,
                "livraisons": [delivery.label for delivery in used],
                "sha256": [delivery.sha256 for delivery in used],
                "dernier_essai": state.last_attempt,
                "degradee_depuis": state.degraded_since or (stale and stale.since),
                "message": state.message or (stale and f"{source.id} : {stale.message}"),
                "perimee": stale is not None,
                "republiee": source.republished,
            }
        )
    return rows


def degraded_sources(settings: Settings) -> list[Degraded]:
    """The sources that stand degraded, by whichever run, in the order of the sources."""
    states = [read_source_state(settings, name) for name in load_all_sources(settings)]
    return [Degraded(item.source, item.degraded_since, item.message or "") for item in states if item.degraded_since]


def stale_sources(settings: Settings) -> list[str]:
    """One French line per source in use that went stale (see `observatoire.freshness`)."""
    moment = now()
    lines = []
    for source in load_all_sources(settings).values():
        stale = staleness(source, deliveries_in_use(settings, source), read_source_state(settings, source.id), moment)
        if stale:
            lines.append(f"{source.id} : {stale.message}")
    return lines


def release_rows(settings: Settings) -> list[dict[str, Any]]:
    """The releases on disk, newest first: release.json, whether it is current, and each moment it became so.

    A release whose content comes back after another one becomes current again: it then has several such moments.
    """
    from observatoire.release.store import current_release, list_releases

    current = current_release(settings)
    moments: dict[str, list[str]] = {}
    for event in read_journal(settings):
        if event.get("event") == "release" and isinstance(event.get("id"), str):
            moments.setdefault(event["id"], []).append(str(event.get("at")))
    return [
        {
            **release.about(),
            "en_service": current is not None and release.id == current.id,
            "entrees_en_service": moments.get(release.id, []),
        }
        for release in reversed(list_releases(settings))
    ]
