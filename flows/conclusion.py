"""How every flow ends: one French line as the message of its state, and the same line where analysts look first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import artifacts
from observatoire.errors import ObservatoireError
from observatoire.pipeline import Report
from observatoire.settings import Settings

DEGRADED = "Dégradée"


def concluded(work: Callable[[Settings], State[Any]]) -> State[Any]:
    """The state that `work` gives; an error of ours becomes a failed state whose message is its French line."""
    try:
        settings = Settings.from_env()
        return work(settings)
    except ObservatoireError as error:
        artifacts.show_failure(str(error))
        with suppress(ObservatoireError):
            artifacts.show_freshness(Settings.from_env())
        return Failed(message=str(error))
    except Exception as error:
        artifacts.show_failure(
            f"Erreur inattendue du programme ({type(error).__name__}). La version en service n'a pas changé. "
            "Transmettre le journal de cette exécution aux mainteneurs."
        )
        raise


def released(settings: Settings, report: Report) -> State[Any]:
    """The state of a refresh: « Completed », or « Dégradée » (also of type COMPLETED) when a source is degraded or stale,
    as the command then ends with the code 3."""
    artifacts.show_refresh(settings, report)
    name = DEGRADED if report.exit_code else None
    return Completed(name=name, message=artifacts.headline(report), data=report.as_dict())
