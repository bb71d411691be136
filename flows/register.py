"""Add a case to the register or edit one from a form, then release if asked."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import artifacts
from flows.conclusion import concluded, released
from flows.forms import RegisterOptions
from flows.steps import publish, put_case, result_of
from observatoire import pipeline
from observatoire.review.cases import Put
from observatoire.settings import Settings


@flow(name="register")
def register(options: RegisterOptions) -> State[Any]:
    """Ajouter un cas au registre ou en modifier un, après les contrôles, puis publier si on le demande.

    Args:
        options: Le cas, qui le change et pourquoi, et ce qu'il faut faire ensuite.
    """
    return concluded(lambda settings: written(settings, options))


def written(settings: Settings, options: RegisterOptions) -> State[Any]:
    """One task for the case; when it is in the register and publishing is asked, one for the build."""
    put: Put = result_of(
        put_case(settings, options.case_id, options.fields, options.author, options.reason, options.wait_minutes)
    )
    if put.faults:
        lines = [f"{fault.cas}, colonne « {fault.colonne} » : {fault.motif}" for fault in put.faults]
        artifacts.show_ingested([f"{line}." for line in lines], "Cas à corriger : le registre n'a pas changé")
        return Failed(message=f"{' ; '.join(lines)}. Corriger et relancer : le registre n'a pas été modifié.")
    title = f"{', '.join(put.ids)} au registre ({put.nature}), noté dans historique.csv."
    if options.publish:
        report: pipeline.Report = result_of(publish(settings, ["cas_usage", "historique"], False, options.wait_minutes))
        return released(settings, report)
    artifacts.show_ingested([title], "Registre")
    return Completed(message=title)
