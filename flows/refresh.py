"""Take in the chosen sources, build, check and release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.conclusion import concluded, released
from flows.forms import RefreshOptions
from flows.steps import collect_all, publish, result_of
from observatoire import pipeline
from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.sources.spec import RegisterProtocol

DEFAULT = RefreshOptions()


@flow(name="refresh")
def refresh(options: RefreshOptions = DEFAULT) -> State[Any]:
    """Collecter, construire, contrôler et publier une version. Sans rien de neuf, la version en service reste.

    Args:
        options: Ce qu'il faut collecter et comment. Les valeurs proposées conviennent au travail courant.
    """
    return concluded(lambda settings: refreshed(settings, options))


def refreshed(settings: Settings, options: RefreshOptions) -> State[Any]:
    """Network sources one task each, then the register and the build in one task, holding the lock."""
    registers, online = chosen(settings, options.sources)
    if online and not registers and not options.live:
        raise UsageError(f"{', '.join(online)} : source en ligne. Activer « Utiliser le réseau » puis relancer.")
    collected = collect_all(settings, online, options.wait_minutes) if options.live else []
    report: pipeline.Report = result_of(publish(settings, registers or None, options.force, options.wait_minutes))
    return released(settings, replace(report, ingested=collected + report.ingested))


def chosen(settings: Settings, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The chosen sources (none named: all), those of the register then those of the network. Raises UsageError."""
    known = pipeline.load_all_sources(settings)
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"Source « {unknown[0]} » inconnue. Sources connues : {', '.join(known)}.")
    kept = [source for source in known.values() if not names or source.id in names]
    registers = [source.id for source in kept if isinstance(source.protocol, RegisterProtocol)]
    return registers, [source.id for source in kept if source.id not in registers]
