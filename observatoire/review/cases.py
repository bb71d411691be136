"""Adding cases to the register, or editing one, after the rules that will judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import UsageError
from observatoire.review.decisions_file import flat
from observatoire.review.register_file import Change, RegisterFile, read_register, write_register
from observatoire.review.rules import HISTORY, reasons
from observatoire.review.sheet import read_table
from observatoire.review.signature import signed, signed_day
from observatoire.review.words import meant, register_words
from observatoire.settings import Settings
from observatoire.state import writer_lock

NAME = "cas_usage"
KEY = "id"


@dataclass(frozen=True)
class Fault:
    """What keeps a case out of the register: which case, which column, why."""

    cas: str
    colonne: str
    motif: str


@dataclass(frozen=True)
class Put:
    """What became of the cases: their identifiers when written, else what is to be corrected."""

    nature: str
    ids: list[str]
    faults: list[Fault]

    def as_dict(self) -> dict[str, Any]:
        return {"nature": self.nature, "cas": self.ids, "a_corriger": [asdict(item) for item in self.faults]}


def add_cases(
    settings: Settings,
    cases: Sequence[Mapping[str, str]],
    author: str,
    reason: str,
    date: str | None = None,
    who: str = "cli",
    wait_seconds: float = 0.0,
) -> Put:
    """Append cases to data/register/cas_usage.csv with new identifiers and their lines of history, all or none.

    `cases` are fields by column, without `id`, closed lists by code or French label; `date` is the day's by default. Raises
    UsageError on an unknown column, without an author or a reason or a date that can be published, LockHeld.
    """
    signed(author, reason)
    day = signed_day(date)
    with writer_lock(settings, who, wait_seconds):
        file = read_register(settings, NAME)
        last = max((int(row[KEY][1:]) for row in file.rows if row[KEY][1:].isdigit()), default=0)
        given = [{name: value for name, value in case.items() if name != KEY} for case in cases]
        added = [{**_fields(settings, file, case), KEY: f"v{last + n:03d}"} for n, case in enumerate(given, 1)]
        keys = [row[KEY] for row in added]
        change = _change(file, keys[0], keys[-1], "ajout", author, reason, day) if keys else None
        faults = _faults(settings, file, {}, added, change) + _known(file, added)
        if faults or change is None:
            return Put("ajout", [], faults)
        write_register(settings, file, file.with_rows({}, added), [change])
        return Put("ajout", keys, [])


def edit_case(
    settings: Settings,
    key: str,
    fields: Mapping[str, str],
    author: str,
    reason: str,
    date: str | None = None,
    who: str = "cli",
    wait_seconds: float = 0.0,
) -> Put:
    """Change fields of one case (an empty text takes a value away) with its line of history, or say what is wrong.

    Raises UsageError on an unknown case or column, when nothing changes, without an author or a reason or a
    date that can be published, LockHeld.
    """
    signed(author, reason)
    day = signed_day(date)
    with writer_lock(settings, who, wait_seconds):
        file = read_register(settings, NAME)
        place = next((n for n, row in enumerate(file.rows) if row[KEY] == key), None)
        if place is None:
            raise UsageError(
                f"« {key} » n'est pas au registre. Donner la clé d'un cas (v001…), ou l'ajouter sans --id."
            )
        row = {**file.rows[place], **_fields(settings, file, fields), KEY: key}
        if row == file.rows[place]:
            raise UsageError(f"{key} dit déjà cela : rien à changer.")
        change = _change(file, key, key, "modification", author, reason, day)
        faults = _faults(settings, file, {place: row}, [], change)
        if faults:
            return Put("modification", [], faults)
        write_register(settings, file, file.with_rows({place: row}, []), [change])
        return Put("modification", [key], [])


def read_cases(path: Path) -> list[dict[str, str]]:
    """The cases of a file with the register's columns (proposals, or a sheet). Raises UsageError."""
    table = read_table(path)
    if len(table) < 2:
        raise UsageError(f"{path.name} n'a pas de cas. Donner un fichier avec les colonnes du registre.")
    header = [cell.strip() for cell in table[0]]
    return [dict(zip(header, row, strict=False)) for row in table[1:] if any(cell.strip() for cell in row)]


def read_fields(given: Sequence[str]) -> dict[str, str]:
    """« colonne=valeur » texts as fields. Raises UsageError on another form."""
    fields = {}
    for text in given:
        name, equal, value = text.partition("=")
        if not equal:
            raise UsageError(f"« {text} » : écrire colonne=valeur (par exemple statut=deploye).")
        name = name.strip()
        if name == KEY:
            raise UsageError(
                "La clé d'un cas ne s'écrit pas en champ : --id pour le modifier ; un cas ajouté reçoit la sienne."
            )
        if name in fields:
            raise UsageError(f"« {name} » est donné deux fois. Garder une valeur.")
        fields[name] = value.strip()
    return fields


def _fields(settings: Settings, file: RegisterFile, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields as the register writes them: a label of a closed list becomes its code. Raises UsageError."""
    known = [column for column in file.columns if column != KEY]
    if unknown := [name for name in fields if name not in known]:
        raise UsageError(f"Colonne « {unknown[0]} » inconnue. Colonnes du registre : {', '.join(known)}.")
    words = register_words(settings.register)
    return {name: meant(words, name, value) for name, value in fields.items()}


def _change(file: RegisterFile, first: str, last: str, nature: str, author: str, reason: str, day: str) -> Change:
    return Change(file.path.name, first, last, nature, author.strip(), day, " ".join(reason.split()))


def _faults(
    settings: Settings,
    file: RegisterFile,
    replaced: Mapping[int, Mapping[str, str]],
    added: Sequence[Mapping[str, str]],
    change: Change | None,
) -> list[Fault]:
    """What the rules of staging/cas_usage.sql reproach the new rows with, the whole register and its history at hand."""
    rows: list[Mapping[str, str]] = [replaced.get(n, row) for n, row in enumerate(file.rows)]
    rows += added
    history = read_register(settings, HISTORY).rows + ([change.row()] if change else [])
    found = reasons(settings, NAME, file.columns, rows, history)
    touched = [*replaced, *range(len(file.rows), len(rows))]
    return [Fault(rows[n][KEY], *_parts(motif)) for n in touched for motif in found[n]]


def _parts(motif: str) -> tuple[str, str]:
    column, _, why = motif.partition(" : ")
    return column, why


def _known(file: RegisterFile, added: Sequence[Mapping[str, str]]) -> list[Fault]:
    """Cases that the register, or the same list, has already: same authority and same title."""
    seen = {(flat(row["collectivite"]), flat(row["titre"])): row[KEY] for row in reversed(file.rows)}
    faults = []
    for row in added:
        name = (flat(row.get("collectivite", "")), flat(row.get("titre", "")))
        if name in seen and all(name):
            faults.append(Fault(row[KEY], "titre", f"déjà au registre pour cette collectivité ({seen[name]})"))
        seen.setdefault(name, row[KEY])
    return faults
