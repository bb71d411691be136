"""A file of the register that changed without a new line in historique.csv: said at each refresh until it is noted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from observatoire.delivery_date import HISTORY
from observatoire.errors import UsageError
from observatoire.ingest import deliveries_in_use
from observatoire.review.register_file import read_register
from observatoire.settings import Settings
from observatoire.sources.spec import RegisterProtocol, Source
from observatoire.storage import canonical_json, write_atomically

STATE = "register.json"
# The commands that change a file of the register and note it by themselves.
COMMANDS = {
    "cas_usage.csv": ("observatoire register add",),
    "decisions.csv": ("observatoire review decide", "observatoire review apply"),
    "liens.csv": ("observatoire register check --live",),
    "enquetes_chiffres.csv": ("observatoire survey estimate --publier",),
    "enquetes_evolutions.csv": ("observatoire survey compare --publier",),
}


def unrecorded_changes(settings: Settings, sources: Mapping[str, Source]) -> list[str]:
    """One French line per file of the register whose bytes in use changed while its history did not.

    data/state/register.json keeps, for each file, the bytes last known to be recorded and how many lines of history
    spoke of it then; without it, what is there now is taken as recorded. The writer's lock is held by the caller.
    """
    path = settings.state / STATE
    known = _read(path)
    try:
        lines = Counter(row["fichier"] for row in read_register(settings, HISTORY.removesuffix(".csv")).rows)
    except (UsageError, KeyError):  # a history that cannot be read is refused as a source, in its own name
        return []
    recorded, said = {}, []
    for source in sources.values():
        file = source.protocol.file if isinstance(source.protocol, RegisterProtocol) else HISTORY
        used = deliveries_in_use(settings, source) if file != HISTORY else []
        if not used:
            continue
        fact, before = {"sha256": used[-1].sha256, "lignes": lines[file]}, known.get(file)
        if before and before["sha256"] != fact["sha256"] and lines[file] <= before["lignes"]:
            said.append(
                f"data/register/{file} a changé sans ligne nouvelle dans historique.csv : y noter la date, l'auteur, les "
                f"clés, la nature et le motif du changement{_instead(file)}."
            )
            fact = before
        recorded[file] = before if before and before["sha256"] == fact["sha256"] else fact
    if recorded != known:
        write_atomically(path, canonical_json(recorded, indent=1) + "\n")
    return said


def _instead(file: str) -> str:
    """Which command would have noted the change; nothing for a file that is only edited by hand."""
    commands = " ou ".join(f"« {command} »" for command in COMMANDS.get(file, ()))
    return f" (la prochaine fois, passer par {commands}, qui le note)" if commands else ""


def _read(path: Any) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
