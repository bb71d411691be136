"""Take in the delivery of one source, from its address or from a file, then release if asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import artifacts
from flows.conclusion import DEGRADED, concluded, released
from flows.forms import IngestOptions
from flows.steps import collect, propose_list, publish, result_of, take_file
from observatoire import pipeline
from observatoire.french import count
from observatoire.ingest import Ingested
from observatoire.settings import Settings
from observatoire.sources.spec import RegisterProtocol


@flow(name="ingest")
def ingest(options: IngestOptions) -> State[Any]:
    """Prendre la livraison d'une source, de son adresse ou d'un fichier, puis publier si on le demande.

    Args:
        options: La source, le fichier s'il y en a un, et ce qu'il faut faire ensuite.
    """
    return concluded(lambda settings: taken_in(settings, options))


def taken_in(settings: Settings, options: IngestOptions) -> State[Any]:
    """One task for the delivery; when it is usable and publishing is asked, one for the build. A list is only proposed."""
    if options.source in pipeline.load_lists(settings):
        return proposed(settings, options)
    source = pipeline.load_all_sources(settings).get(options.source)
    local = options.file or (source and isinstance(source.protocol, RegisterProtocol))
    results: list[Ingested] = result_of(
        take_file(
            settings, options.source, options.file, options.vintage, options.date, options.back, options.wait_minutes
        )
        if local
        else collect(settings, options.source, options.wait_minutes)
    )
    degraded = [item for item in results if item.degraded]
    if options.publish and len(degraded) < len(results):
        report: pipeline.Report = result_of(publish(settings, None, False, options.wait_minutes))
        return released(settings, replace(report, ingested=results))
    title = " ; ".join(item.told() for item in results)
    artifacts.show_ingested([item.told() for item in results], f"Livraison de {options.source}")
    artifacts.show_freshness(settings)
    if len(degraded) == len(results):
        return Failed(message=title)
    return Completed(name=DEGRADED if degraded else None, message=title)


def proposed(settings: Settings, options: IngestOptions) -> State[Any]:
    """The end of a list handed over as a file: where its proposed rows are, and why the others are not."""
    results, proposals = result_of(
        propose_list(settings, options.source, options.file, options.date, options.wait_minutes)
    )
    if proposals is None:
        title = " ; ".join(item.told() for item in results)
        artifacts.show_ingested([title], f"Liste {options.source}")
        return Failed(message=title)
    title = f"{options.source} : {count(proposals.proposed, 'ligne', 'proposée')} au registre"
    title += f", dans {proposals.file}." if proposals.file else "."
    aside = [f"Ligne {item.ligne}, colonne « {item.colonne} » : {item.motif}." for item in proposals.set_aside]
    artifacts.show_ingested([title, *aside], f"Liste {options.source}")
    return Completed(message=title)
