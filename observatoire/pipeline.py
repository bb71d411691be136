"""The steps that the command line and the flows share; whoever writes holds the writer's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.ingest import Ingested, ingest_source
from observatoire.publication import Report, Tell, differences, release
from observatoire.settings import Settings
from observatoire.sources.known import load_all_sources, load_lists
from observatoire.sources.spec import RegisterProtocol, Source
from observatoire.state import writer_lock

if TYPE_CHECKING:
    from observatoire.review.proposals import Proposals

__all__ = [
    "Report", "Tell", "audit", "build_only", "ingest", "ingest_one", "load_all_sources", "load_lists", "refresh",
    "release", "take_list",
]  # fmt: skip


def refresh(
    settings: Settings,
    only: Sequence[str] = (),
    live: bool = False,
    force: bool = False,
    who: str = "cli",
    wait_seconds: float = 0.0,
    tell: Tell | None = None,
) -> Report:
    """Ingest, build, check and release, holding the writer's lock.

    `live` decides only whether the network is used; `only` limits what is ingested; `force` rebuilds everything.
    Raises ObservatoireError when nothing could be released.
    """
    from observatoire.review.unrecorded import unrecorded_changes

    with writer_lock(settings, who, wait_seconds):
        _clear(settings)
        sources = load_all_sources(settings)
        ingested = ingest(settings, sources, only, live, tell)
        report = release(settings, sources, ingested, force, tell)
        unrecorded = unrecorded_changes(settings, sources)
    return replace(report, alerts=[*report.alerts, *unrecorded])


def ingest(
    settings: Settings, sources: dict[str, Source], only: Sequence[str], live: bool, tell: Tell | None = None
) -> list[Ingested]:
    """Take in what the chosen sources deliver: the register always, the network only when `live`.

    Raises UsageError on an unknown source, or when a network source is asked for by name without `live`.
    """
    if unknown := [name for name in only if name not in sources]:
        raise UsageError(f"Source « {unknown[0]} » inconnue. Sources connues : {', '.join(sources)}.")
    offline = [source for source in sources.values() if live or isinstance(source.protocol, RegisterProtocol)]
    chosen = [source for source in offline if not only or source.id in only]
    if online := sorted(set(only) - {source.id for source in chosen}):
        raise UsageError(f"{', '.join(online)} : source en ligne. Ajouter --live pour utiliser le réseau.")
    results = []
    for position, source in enumerate(chosen, 1):
        if tell:
            tell(f"Collecte de {source.id}", position, len(chosen))
        results += ingest_source(settings, source)
    return results


def ingest_one(
    settings: Settings,
    name: str,
    file: Path | None,
    vintage: str | None = None,
    who: str = "cli",
    wait_seconds: float = 0.0,
    date: str | None = None,
    back: bool = False,
) -> list[Ingested]:
    """Take in one source, from its address or from a file (and the date of the file, if told; `back` when it may be
    older than the delivery in use), holding the writer's lock. Raises UsageError if unknown."""
    sources = load_all_sources(settings)
    if name not in sources:
        raise UsageError(
            f"Source « {name} » inconnue. Sources connues : {', '.join([*sources, *load_lists(settings)])}."
        )
    with writer_lock(settings, who, wait_seconds):
        _clear(settings)
        return ingest_source(settings, sources[name], file, vintage, date=date, back=back)


def take_list(
    settings: Settings,
    name: str,
    file: Path | None,
    who: str = "cli",
    wait_seconds: float = 0.0,
    date: str | None = None,
) -> tuple[list[Ingested], Proposals | None]:
    """Archive a list handed over as a file and propose its rows to the register; no proposals when it is refused.

    Raises UsageError without a file, or when the file of proposals was changed by hand.
    """
    from observatoire.review.proposals import propose

    chosen = load_lists(settings)[name]
    if file is None:
        raise UsageError(
            f"{name} n'a pas d'adresse : la liste est remise par fichier. Lancer « observatoire ingest {name} --file CHEMIN »."
        )
    with writer_lock(settings, who, wait_seconds):
        _clear(settings)
        # A list replaces nothing, its rows are proposed: an older one is as good.
        results = ingest_source(settings, chosen.source, file, date=date, back=True)
        delivery = results[0].delivery
        if results[0].degraded or delivery is None:
            return results, None
        return results, propose(settings, chosen, delivery)


def build_only(
    settings: Settings, force: bool = False, who: str = "cli", wait_seconds: float = 0.0, tell: Tell | None = None
) -> Report:
    """Build, check and release what the archive holds, taking nothing in. Raises as `release`."""
    with writer_lock(settings, who, wait_seconds):
        _clear(settings)
        return release(settings, load_all_sources(settings), [], force, tell)


def audit(settings: Settings, who: str = "cli", wait_seconds: float = 0.0, tell: Tell | None = None) -> list[str]:
    """Verify the archive, rebuild the current release in a folder of its own and compare every byte.

    Holds the writer's lock, so that nothing changes meanwhile. Returns French lines, one per difference; empty when
    the current release is what its inputs give.
    """
    with writer_lock(settings, who, wait_seconds):
        return differences(settings, tell)


def _clear(settings: Settings) -> None:
    from observatoire.release.write import clear_unfinished

    clear_unfinished(settings)
