"""Sheets that analysts fill in with a spreadsheet: written so that nothing is run nor guessed, read back whatever it did.

A spreadsheet rewrites what it takes for a number, a date or a formula. So every key holds a « | », which none of them
does; no value is « true » or « 1 »; a text that would be run as a formula is written behind an apostrophe, which reading
takes off again; and dates come back in any of the forms that a French spreadsheet gives them.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import UsageError

BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
EPOCH = dt.date(1899, 12, 30)  # day 0 of the serial dates of spreadsheets, their leap year of 1900 included
SERIALS = range(20_000, 80_000)  # 1954 to 2119
Table = list[list[str]]


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its title, its width in characters, and whether the analyst fills it in."""

    title: str
    width: int = 20
    asked: bool = False


def guarded(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe before what could begin a formula, or before an apostrophe."""
    return "'" + text if text.startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """The text that `guarded` wrote."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def write_csv(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bytes:
    """A CSV that a French spreadsheet opens by a double click: semicolons, UTF-8 with its mark, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.title for column in columns])
    writer.writerows([[guarded(cell) for cell in row] for row in rows])
    return (BOM + out.getvalue()).encode()


def write_workbook(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    choices: Sequence[Sequence[str]],
    help_lines: Sequence[str],
    target: io.BytesIO,
) -> None:
    """A workbook of two sheets: what is to be decided, with a list of choices beside each row that has one, and help.

    Cells are texts, never formulas. The same content gives the same bytes.
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(target, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"created": dt.datetime(2026, 1, 1), "title": "À décider"})
    plain = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    asked = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@", "bg_color": "#FFF8DC"})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    sheet = book.add_worksheet("À décider")
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width, asked if column.asked else plain)
        sheet.write_string(0, place, column.title, bold)
    for line, (row, allowed) in enumerate(zip(rows, choices, strict=True), 1):
        for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
            if cell:
                sheet.write_string(line, place, guarded(cell), asked if column.asked else plain)
        if allowed and len(",".join(allowed)) < 255:  # what the format of workbooks admits
            place = next(n for n, column in enumerate(columns) if column.asked)
            sheet.data_validation(line, place, line, place, {"validate": "list", "source": list(allowed)})
    sheet.freeze_panes(1, 2)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)
    helped = book.add_worksheet("Mode d'emploi")
    helped.set_column(0, 0, 110, plain)
    for line, text in enumerate(help_lines):
        helped.write_string(line, 0, text, plain)
    book.close()


def read_table(path: Path) -> Table:
    """The cells of a CSV or of the first sheet of a workbook, as texts; lines wholly empty are kept as such.

    Raises UsageError when the file is missing or is neither.
    """
    if not path.is_file():
        raise UsageError(f"Fichier « {path} » introuvable. Vérifier le chemin donné.")
    content = path.read_bytes()
    if content.startswith(b"PK"):
        return _workbook(path)
    return _csv(path, content)


def _csv(path: Path, content: bytes) -> Table:
    """A CSV as a spreadsheet saves it: UTF-8 (with its mark or not) or Windows-1252; semicolons, tabs or commas."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{path.name} n'est ni un CSV ni un classeur lisible. L'enregistrer en CSV UTF-8."
            ) from error
    if text.startswith("sep="):
        text = text.split("\n", 1)[-1]
    header = text.split("\n", 1)[0]
    delimiter = max(";\t,", key=header.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except csv.Error as error:
        raise UsageError(
            f"{path.name} : CSV mal formé ({error}). L'enregistrer de nouveau depuis le tableur."
        ) from error


def _workbook(path: Path) -> Table:
    import python_calamine as calamine

    try:
        rows = calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # the reader has no common error
        raise UsageError(
            f"{path.name} n'est pas un classeur lisible. L'enregistrer de nouveau depuis le tableur."
        ) from error
    return [[cell_text(cell) for cell in row] for row in rows]


def cell_text(value: Any) -> str:
    """A cell as its analyst reads it: whole numbers without decimals, dates as AAAA-MM-JJ."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value).replace(".", ",")
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def read_date(text: str) -> str | None:
    """AAAA-MM-JJ of a date as a French spreadsheet may write it (ISO, JJ/MM/AAAA, JJ/MM/AA, serial); None otherwise."""
    clean = text.strip().split(" ")[0].split("T")[0]
    if re.fullmatch(r"\d{5}(?:[.,]0+)?", clean) and int(clean[:5]) in SERIALS:
        return (EPOCH + dt.timedelta(days=int(clean[:5]))).isoformat()
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", clean):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})", clean):
        day, month, year = (int(part) for part in match.groups())
        year += 2000 if year < 100 else 0
    else:
        return None
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def read_siren(text: str) -> str | None:
    """Nine digits of a SIREN whose spaces, leading zeros or number format a spreadsheet changed; None otherwise."""
    clean = re.sub(r"[\s\u00a0\u202f]", "", text)
    clean = re.sub(r"[.,]0+$", "", clean)
    return clean.zfill(9) if re.fullmatch(r"\d{6,9}", clean) else None
