"""Protocols: how the bytes of a source are got. One module a protocol, one line in PROTOCOLS.

A module of this room has `fetch(ask: Ask) -> Fetched | NotModified`. It never archives, judges or journals: it leaves
one complete file in the folder it is given, or nothing and one clear French line.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from observatoire.protocols.content import open_member
from observatoire.protocols.contract import Ask, Fetched, NotModified, Pace, Progress, Validators
from observatoire.settings import Settings
from observatoire.sources.spec import Source

__all__ = ["PROTOCOLS", "Ask", "Fetched", "NotModified", "Pace", "Progress", "Validators", "fetch", "open_member"]

# Modules are named rather than imported: a build that fetches nothing does not load an HTTP client.
PROTOCOLS = {
    "register": "observatoire.protocols.register",
    "http_file": "observatoire.protocols.http_file",
    "paged_api": "observatoire.protocols.paged_api",
}


def fetch(
    source: Source,
    settings: Settings,
    *,
    vintage: str | None,
    previous: Validators | None,
    folder: Path,
    progress: Progress | None = None,
    pace: Pace | None = None,
    since: str | None = None,
) -> Fetched | NotModified:
    """The delivery of a source (of one of its vintages), as one file of `folder`, or NotModified.

    `previous` holds the validators of the delivery in use, or None to get the bytes whatever they are. `since` is the
    ISO date from which to ask a source that can be asked only for what is new (its `start` when None). `progress` is
    called with the bytes received so far and the bytes announced, if any; it starts again at 0 at each new try.

    Raises FetchFailed when the bytes could not be obtained, DeliveryRefused when what came cannot be used, UsageError
    for a vintage that the source does not have, StorageError when `folder` cannot be written. `folder` then holds
    nothing more than before.
    """
    module = import_module(PROTOCOLS[source.protocol.name])
    run = cast(Callable[[Ask], Fetched | NotModified], module.fetch)
    return run(Ask(source, settings, folder, vintage, previous, progress, pace or Pace(), since))
