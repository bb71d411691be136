"""Handing protected figures to the register: from then on a release needs no answer, and git shows what was published."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence

from observatoire.delivery_date import HISTORY
from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import write_atomically
from observatoire.survey.production import compare, edition
from observatoire.survey.production.edition import Row, read_figures, table
from observatoire.survey.sampling.files import edition_folder

FIGURES_FILE = "enquetes_chiffres.csv"
CHANGES_FILE = "enquetes_evolutions.csv"


def publish_figures(settings: Settings, name: str, of: str, today: str) -> int:
    """Put the protected figures of an edition in the register, in the place of those it had; how many there are.

    `today` (ISO date) goes to the register's history. Raises UsageError when the edition was not estimated, or when it is
    invented and the register is the project's own.
    """
    rows = read_figures(edition_folder(settings, name, of))
    _refuse_invented(settings, rows)
    return _replace(
        settings, FIGURES_FILE, edition.COLUMNS, rows, lambda row: (row["enquete"], row["edition"]) == (name, of), today,
        f"Chiffres de l'enquête {name}, édition {of}",
    )  # fmt: skip


def publish_changes(settings: Settings, name: str, before: str, after: str, rows: Sequence[Row], today: str) -> int:
    """Put the changes between two editions in the register; as `publish_figures`."""
    _refuse_invented(settings, rows)
    return _replace(
        settings, CHANGES_FILE, compare.COLUMNS, rows,
        lambda row: (row["enquete"], row["edition_avant"], row["edition_apres"]) == (name, before, after),
        today,
        f"Évolutions de l'enquête {name}, de {before} à {after}",
    )  # fmt: skip


def _refuse_invented(settings: Settings, rows: Sequence[Row]) -> None:
    own = settings.project / "data" / "register"
    if any(row["fictif"] == "oui" for row in rows) and settings.register.resolve() == own.resolve():
        raise UsageError(
            "DONNÉES FICTIVES : elles n'entrent jamais dans le registre du projet. "
            "Travailler sur une copie, désignée par OBSERVATOIRE_REGISTER_DIR."
        )


def _replace(
    settings: Settings,
    file: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    replaced: Callable[[Row], bool],
    today: str,
    why: str,
) -> int:
    path = settings.register / file
    known: list[Row] = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as handle:
            known = list(csv.DictReader(handle))
    kept = [row for row in known if not replaced(row)]
    # Rows stay in the order of their edition's codebook; editions follow one another by name.
    order = sorted({(row["enquete"], row[_edition(columns)]) for row in [*kept, *rows]})
    everything = sorted([*kept, *rows], key=lambda row: order.index((row["enquete"], row[_edition(columns)])))
    text = table(columns, everything)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)
        _note(settings, file, today, why)
    return len(rows)


def _edition(columns: Sequence[str]) -> str:
    return "edition" if "edition" in columns else "edition_apres"


def _note(settings: Settings, file: str, today: str, why: str) -> None:
    """One line in the register's history: it gives the file its date."""
    path = settings.register / HISTORY
    line = f'{today},observatoire,{file},,,modification,"{why}"\n'
    text = path.read_text(encoding="utf-8")
    if not text.endswith(line):
        write_atomically(path, text + ("" if text.endswith("\n") else "\n") + line)
