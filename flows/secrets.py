"""Secrets of a flow: from the worker's environment, else from a Secret block of Prefect; never a parameter, never logged."""

from __future__ import annotations

import os
from collections.abc import Mapping

from prefect.blocks.system import Secret


def secrets_of(*variables: str) -> Mapping[str, str]:
    """The variables that are known, each from the environment or from the block of its name.

    OBSERVATOIRE_SURVEY_KEY is the block « observatoire-survey-key ». One that is nowhere is left out: what needs it says so.
    """
    found = {name: os.environ.get(name) or _block(name) for name in variables}
    return {name: value for name, value in found.items() if value}


def _block(variable: str) -> str | None:
    try:
        return str(Secret.load(variable.casefold().replace("_", "-")).get())  # type: ignore[union-attr]
    except ValueError:  # no block of that name
        return None
