"""Prove that the current release is what its archived inputs give, byte for byte."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import artifacts
from flows.conclusion import concluded
from flows.forms import AuditOptions
from flows.steps import rebuild_and_compare, result_of
from observatoire.french import count
from observatoire.settings import Settings

DEFAULT = AuditOptions()


@flow(name="audit")
def audit(options: AuditOptions = DEFAULT) -> State[Any]:
    """Vérifier l'archive et reconstruire à part la version en service, octet pour octet. Rien n'est modifié.

    Args:
        options: Combien de temps attendre si une écriture est en cours.
    """
    return concluded(lambda settings: audited(settings, options))


def audited(settings: Settings, options: AuditOptions) -> State[Any]:
    """A difference fails the run: a release that cannot be rebuilt must not go unseen."""
    found: list[str] = result_of(rebuild_and_compare(settings, options.wait_minutes))
    if not found:
        title = "Conforme : l'archive est intacte et la reconstruction est identique octet pour octet."
        artifacts.show_audit([], title)
        return Completed(message=title)
    title = f"{count(len(found), 'différence')} : {found[0]}"
    artifacts.show_audit(found, title)
    return Failed(message=title)
