"""Changing a file of data/register: atomically, every other byte untouched, with its line in historique.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from observatoire.errors import UsageError
from observatoire.review.rules import HISTORY
from observatoire.settings import Settings
from observatoire.storage import write_atomically

Row = dict[str, str]


@dataclass(frozen=True)
class Change:
    """A line of historique.csv: the ids from `first` to `last` of a file, who changed them, when and why."""

    file: str
    first: str
    last: str
    nature: str
    author: str
    date: str
    reason: str

    def row(self) -> Row:
        return {"date": self.date, "auteur": self.author, "fichier": self.file, "premier": self.first,
                "dernier": self.last, "nature": self.nature, "motif": self.reason}  # fmt: skip


@dataclass(frozen=True)
class RegisterFile:
    """The text of a CSV file of the register, cut into records: changing one leaves the bytes of the others."""

    path: Path
    text: str
    columns: list[str]
    rows: list[Row]
    records: list[str]

    @property
    def end(self) -> str:
        return "\r\n" if self.records[0].endswith("\r\n") else "\n"

    def line(self, row: Mapping[str, str]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator=self.end).writerow([row.get(column, "") for column in self.columns])
        return out.getvalue()

    def with_rows(self, replaced: Mapping[int, Mapping[str, str]], added: Sequence[Mapping[str, str]]) -> str:
        """The text with records replaced (by position, from 0) and others added at the end."""
        kept = [self.line(replaced[n - 1]) if n - 1 in replaced else text for n, text in enumerate(self.records)]
        if not kept[-1].endswith("\n"):
            kept[-1] += self.end
        return "".join([*kept, *(self.line(row) for row in added)])


def read_register(settings: Settings, name: str) -> RegisterFile:
    """A file of the register as it is. Raises UsageError when it is missing, not UTF-8 or not readable as CSV."""
    path = settings.register / f"{name}.csv"
    try:
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise UsageError(
            f"data/register/{path.name} manque ou n'est pas en UTF-8. Le restaurer puis relancer."
        ) from error
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines)
    cells, records, before = [], [], 0
    for cell in reader:
        cells.append(cell)
        records.append("".join(lines[before : reader.line_num]))
        before = reader.line_num
    if not cells or any(len(cell) != len(cells[0]) for cell in cells):
        raise UsageError(
            f"data/register/{path.name} : un enregistrement n'a pas le bon nombre de champs. Le corriger puis relancer."
        )
    columns = [name.removeprefix("\ufeff") for name in cells[0]]
    rows = [dict(zip(columns, cell, strict=True)) for cell in cells[1:]]
    return RegisterFile(path, text, columns, rows, records)


def write_register(settings: Settings, file: RegisterFile, text: str, changes: Sequence[Change]) -> None:
    """Write the file, then its lines of history, each atomically. The writer's lock is held by the caller.

    Killed in between, the register is changed and its history silent: the next refresh says so.
    """
    history = read_register(settings, HISTORY)
    noted = history.with_rows({}, [change.row() for change in changes])
    write_atomically(file.path, text)
    write_atomically(history.path, noted)
