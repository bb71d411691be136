"""Reading back a filled-in sheet of doubts, and adding what it decides to data/register/decisions.csv."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from observatoire.clock import today
from observatoire.errors import UsageError
from observatoire.judgement.themes import guide_version
from observatoire.review.cases import NAME as CASES
from observatoire.review.decisions_file import (
    AUTHOR,
    DATE,
    DECISION,
    EXPECTED,
    GUIDE,
    KEY,
    NAME,
    NATURE,
    OBJECT,
    PROOF,
    REASON,
    flat,
    object_of,
    read_expected,
    read_key,
    read_value,
    readings,
)
from observatoire.review.register_file import Change, RegisterFile, read_register, write_register
from observatoire.review.rules import HISTORY, reasons
from observatoire.review.sheet import read_date, read_table, unguarded
from observatoire.review.signature import signed_day
from observatoire.settings import Settings
from observatoire.state import writer_lock

NEEDED = (OBJECT, KEY, EXPECTED, DECISION, REASON)
CODED = ("detection", "theme", "finalite", "statut")  # what docs/codebook.md says how to decide


@dataclass(frozen=True)
class Refused:
    """A line of the sheet that decides something and cannot be taken: its number as the spreadsheet shows it, and why.

    `objet` is the kind of object that the line is about: it bounds the codes of « décision » and « valeur attendue ».
    """

    ligne: int
    colonne: str
    motif: str
    objet: str = ""


@dataclass(frozen=True)
class Applied:
    """What a sheet gave: the decisions added, those already there, the lines left undecided, those refused."""

    added: list[dict[str, str]]
    known: int
    undecided: int
    refused: list[Refused]

    def as_dict(self) -> dict[str, Any]:
        return {
            "ajoutees": self.added,
            "deja_enregistrees": self.known,
            "sans_decision": self.undecided,
            "refusees": [asdict(item) for item in self.refused],
        }


def apply(
    settings: Settings,
    path: Path,
    author: str = "",
    date: str | None = None,
    who: str = "cli",
    wait_seconds: float = 0.0,
) -> Applied:
    """Add the decisions of a filled-in sheet to the register, with their line of history, holding the writer's lock.

    Lines without a decision are left out, those already recorded are not recorded twice, those that break a rule are
    said and the others are added all at once. `author` and `date` (the day's by default) stand for empty cells.
    Raises UsageError when the file is not such a sheet, LockHeld.
    """
    given = _lines(path)
    day = signed_day(date)
    known, guide = readings(settings.register), guide_version(settings.register)
    decided = {number: cells for number, cells in given.items() if _cell(cells, DECISION)}
    read = {number: _decision(cells, author, day, guide, known) for number, cells in decided.items()}
    done = record_decisions(settings, read, author, day, f"Revue : {path.name}", who, wait_seconds)
    return replace(done, undecided=len(given) - len(read))


def decide(
    settings: Settings, cells: Mapping[str, str], date: str | None = None, who: str = "cli", wait_seconds: float = 0.0
) -> Applied:
    """Add one decision given by the titles of a sheet (`cells`), as `apply` does a line of it."""
    day = signed_day(date)
    known, guide = readings(settings.register), guide_version(settings.register)
    row = _decision({flat(title): cell for title, cell in cells.items()}, "", day, guide, known)
    reason = f"{row['objet_type']} de {row['cle']}"
    return record_decisions(settings, {1: row}, row["auteur"], day, reason, who, wait_seconds)


def record_decisions(
    settings: Settings,
    read: Mapping[int, Mapping[str, str]],
    author: str,
    day: str,
    reason: str,
    who: str = "cli",
    wait_seconds: float = 0.0,
) -> Applied:
    """Add rows of decisions.csv by number of line: those that no rule refuses and that are not there, all at once."""
    with writer_lock(settings, who, wait_seconds):
        file = read_register(settings, NAME)
        refused = (
            _faults(settings, file, read)
            + _unknown_cases(settings, read)
            + _from_the_future(read)
            + _contradictions(read)
        )
        bad = {item.ligne for item in refused}
        there = {_identity(row) for row in file.rows}
        fresh = [row for number, row in read.items() if number not in bad and _identity(row) not in there]
        history = read_register(settings, HISTORY).rows
        added = _numbered(file.rows, history, list({_identity(row): row for row in fresh}.values()))
        if added:
            first, last = added[0]["decision_id"], added[-1]["decision_id"]
            change = Change(f"{NAME}.csv", first, last, "ajout", author or added[0]["auteur"], day, reason)
            write_register(settings, file, file.with_rows({}, added), [change])
    return Applied(added, len(read) - len(bad) - len(added), 0, sorted(refused, key=lambda item: item.ligne))


def _lines(path: Path) -> dict[int, dict[str, str]]:
    """The cells of each line that holds some, by flat title, under the line's number. Raises UsageError."""
    table = read_table(path)
    header = [flat(unguarded(cell)) for cell in table[0]] if table else []
    if missing := [title for title in NEEDED if flat(title) not in header]:
        raise UsageError(
            f"{path.name} : colonne « {missing[0]} » absente. Repartir d'un fichier de « observatoire review export »."
        )
    found = {}
    for number, row in enumerate(table[1:], 2):
        if any(cell.strip() for cell in row):
            cells = [*row, *[""] * (len(header) - len(row))]
            found[number] = {
                title: unguarded(cell).strip() for title, cell in zip(header, cells, strict=False) if title
            }
    return found


def _cell(cells: Mapping[str, str], title: str) -> str:
    return cells.get(flat(title), "")


def _decision(
    cells: Mapping[str, str], author: str, day: str, guide: str, known: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The row of decisions.csv that a line means; what cannot be read is kept as it is, for the rules to refuse.

    What the codebook rules is decided by the one in force (`guide`), unless the line names another.
    """
    kind = flat(_cell(cells, OBJECT)).replace(" ", "_")
    given = _cell(cells, DATE)
    return {
        "decision_id": "",
        "objet_type": kind,
        "cle": read_key(kind, _cell(cells, KEY)),
        "valeur_attendue": read_expected(kind, _cell(cells, EXPECTED), known),
        "valeur": read_value(kind, _cell(cells, DECISION), known),
        "nature": flat(_cell(cells, NATURE)) or "decision",
        "motif": " ".join(_cell(cells, REASON).split()),
        "auteur": _cell(cells, AUTHOR) or author,
        "date": (read_date(given) or given) if given else day,
        "guide": _cell(cells, GUIDE) or (guide if kind in CODED else ""),
        "preuve_url": _cell(cells, PROOF),
    }


def _faults(settings: Settings, file: RegisterFile, read: Mapping[int, Mapping[str, str]]) -> list[Refused]:
    """What the rules of staging/decisions.sql reproach each line with."""
    if not read:
        return []
    rows = [{**row, "decision_id": f"ligne {number}"} for number, row in read.items()]
    found = reasons(settings, NAME, file.columns, rows, read_register(settings, HISTORY).rows)
    return [
        Refused(number, *_named(reason), read[number]["objet_type"])
        for number, motifs in zip(read, found, strict=True)
        for reason in motifs
    ]


TITLES = {
    "objet_type": OBJECT, "cle": KEY, "valeur_attendue": EXPECTED, "valeur": DECISION, "motif": REASON, "auteur": AUTHOR,
    "date": DATE, "nature": NATURE, "guide": GUIDE, "preuve_url": PROOF,
}  # fmt: skip


def _named(reason: str) -> tuple[str, str]:
    """« colonne : raison » with the title that the sheet gives the column."""
    column, _, why = reason.partition(" : ")
    return TITLES.get(column, column), why


def _unknown_cases(settings: Settings, read: Mapping[int, Mapping[str, str]]) -> list[Refused]:
    """Lines about a case that the register does not hold."""
    cases = {row["id"] for row in read_register(settings, CASES).rows}
    return [
        Refused(number, KEY, f"« {case} » n'est pas au registre")
        for number, row in read.items()
        for case in re.findall(rf"\b{CASES}\|(\S+)", row["cle"] if row["objet_type"] != "nom" else "")
        if case not in cases
    ]


def _from_the_future(read: Mapping[int, Mapping[str, str]]) -> list[Refused]:
    """Lines dated after today: the newest date of the register is that of the release."""
    day = today()
    return [
        Refused(number, DATE, f"« {row['date']} » est après aujourd'hui ({day})")
        for number, row in read.items()
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"]) and row["date"] > day
    ]


def _contradictions(read: Mapping[int, Mapping[str, str]]) -> list[Refused]:
    """Lines by which one author decides one object in two ways in one sheet: neither is taken."""
    seen: dict[tuple[Any, ...], list[int]] = {}
    for number, row in read.items():
        seen.setdefault((object_of(row["objet_type"], row["cle"]), row["auteur"], row["nature"]), []).append(number)
    return [
        Refused(
            number, DECISION, f"le même objet est décidé autrement à la ligne {next(n for n in numbers if n != number)}"
        )
        for numbers in seen.values()
        if len({read[number]["valeur"] for number in numbers}) > 1
        for number in numbers
    ]


def _identity(row: Mapping[str, str]) -> tuple[Any, ...]:
    """What makes two decisions the same: the object, what is expected and decided, by whom."""
    return (
        object_of(row["objet_type"], row["cle"]), row["valeur_attendue"], row["valeur"], row["nature"] or "decision",
        row["auteur"], row["motif"] if row["objet_type"] == "droit_de_reponse" else "",
    )  # fmt: skip


def _numbered(
    known: Sequence[Mapping[str, str]], history: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """The rows with the identifiers that follow all those ever given: one that was taken away is not given again."""
    given = [row["decision_id"] for row in known]
    given += [row["dernier"] for row in history if row["fichier"] == f"{NAME}.csv"]
    last = max((int(text[1:]) for text in given if text[1:].isdigit()), default=0)
    return [{**row, "decision_id": f"d{last + number:05d}"} for number, row in enumerate(rows, 1)]
