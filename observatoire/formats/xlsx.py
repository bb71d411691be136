"""Workbooks, read with python-calamine (it reads what openpyxl crashes on)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from observatoire.formats import FormatRefused, Loaded
from observatoire.formats.header import match_header
from observatoire.formats.text_rows import write_rows
from observatoire.settings import Settings
from observatoire.sources.spec import Source, XlsxFormat

EXACT = 2.0**53  # beyond, a spreadsheet no longer holds whole numbers exactly


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one sheet into Parquet. `_ligne` counts records from 1, under the header.

    Raises FormatRefused on a file that is not a workbook, a missing sheet or a missing column.
    """
    import python_calamine as calamine

    form = source.format
    assert isinstance(form, XlsxFormat)
    try:
        with path.open("rb") as handle:
            book = calamine.CalamineWorkbook.from_filelike(handle)
            if form.sheet is not None and form.sheet not in book.sheet_names:
                names = ", ".join(f"« {name} »" for name in book.sheet_names)
                raise FormatRefused(f"feuille « {form.sheet} » absente (trouvé {names})", "structure")
            sheet = book.get_sheet_by_name(form.sheet) if form.sheet else book.get_sheet_by_index(0)
            rows = sheet.to_python(skip_empty_area=False)
    except calamine.CalamineError as error:
        raise FormatRefused("le fichier n'est pas un classeur lisible", "structure") from error
    if len(rows) < form.header_row:
        raise FormatRefused("feuille vide", "fichier-vide")
    header = [cell_text(cell) or "" for cell in rows[form.header_row - 1]]
    positions, repairs = match_header(source, header)
    records = rows[form.header_row :]
    columns = {
        name: [None if position is None else cell_text(row[position]) for row in records]
        for name, position in positions.items()
    }
    write_rows(target, columns, list(range(1, len(records) + 1)))
    return Loaded(len(records), repairs=tuple(repairs), with_ordinal=True)


def cell_text(cell: Any) -> str | None:
    """A cell as text: whole numbers without « .0 », dates in ISO 8601, empty cells as None."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= EXACT else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
