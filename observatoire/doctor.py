"""What a machine needs to run the pipeline, what it has, and how to get what it lacks."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from observatoire.clock import today
from observatoire.settings import Settings

# Versions beyond which something silently stops working (docs/operate.md).
CEILINGS = {
    "duckdb": ("2.0", "2.1"),
    "prefect": ("3.8", "3.9"),
    "great-expectations": ("1.24", "1.25"),
    "fastapi": ("0.139", "0.151"),
    "sqlalchemy": ("2.0", "2.1"),
    "pandas": ("3", "4"),
    "pyarrow": ("26", None),
    "sqlglot": ("30", "31"),
}
GIB = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing examined. `needed`: the pipeline does not run without it."""

    what: str
    ok: bool
    found: str
    remedy: str
    needed: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Everything worth knowing before a run; nothing is changed on the machine."""
    return [
        _python(),
        *(_package(name, low, high) for name, (low, high) in CEILINGS.items()),
        _project(settings),
        _writable(settings.data),
        _space(settings.data),
        _memory(),
        _mirror(settings),
        *_surveys(settings),
    ]


def _surveys(settings: Settings) -> list[Finding]:
    """Answers kept beyond the date that their codebook says; nothing where no survey was taken in."""
    if not (settings.data / "restricted").is_dir():
        return []
    from observatoire.survey.intake.store import overdue

    late = overdue(settings, date.fromisoformat(today()))
    remedy = "lancer « observatoire survey purge NOM --edition ÉDITION » (docs/access.md)"
    return [
        Finding("Enquêtes", not late, ", ".join(late) or "aucune durée de conservation dépassée", remedy, needed=False)
    ]


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", sys.version_info >= (3, 11), found, "installer Python 3.11 ou plus récent")


def _package(name: str, low: str, high: str | None) -> Finding:
    wanted = f"{name} >= {low}" + (f", < {high}" if high else "")
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(name, False, "absent", "lancer « make install »")
    numbers = _numbers(found)
    ok = numbers >= _numbers(low) and (high is None or numbers < _numbers(high))
    return Finding(name, ok, found, f"{wanted} est attendu : lancer « make install »")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


def _project(settings: Settings) -> Finding:
    ok = settings.sql.is_dir() and settings.register.is_dir()
    found = "sql/ et data/register/ présents" if ok else "sql/ ou data/register/ absent"
    return Finding("Projet", ok, found, "se placer dans le dossier du projet, ou donner OBSERVATOIRE_PROJECT_DIR")


def _writable(data: Path) -> Finding:
    remedy = "donner le droit d'écrire, ou choisir un autre dossier avec OBSERVATOIRE_DATA_DIR"
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            return Finding("Dossier de données", True, "modifiable", remedy)
    except OSError as error:
        return Finding("Dossier de données", False, error.strerror or "non modifiable", remedy)


def _space(data: Path) -> Finding:
    place = data if data.exists() else data.parent
    free = shutil.disk_usage(place).free / GIB if place.exists() else 0.0
    return Finding(
        "Place libre", free >= 5, f"{free:.0f} Gio", "libérer au moins 5 Gio pour les sources complètes", False
    )


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return Finding(
        "Mémoire", total >= 4, f"{total:.0f} Gio", "limiter avec OBSERVATOIRE_MEMORY_LIMIT (par ex. 2GB)", False
    )


def _mirror(settings: Settings) -> Finding:
    found = "miroir configuré" if settings.mirror_url else "adresses d'origine"
    return Finding("Réseau (avec --live seulement)", True, found, "", False)
