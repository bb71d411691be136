"""Workbooks, read with python-calamine (it reads what openpyxl crashes on); large sheets are read row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from observatoire.formats import FormatRefused, Loaded, xlsx_stream
from observatoire.formats.header import match_header
from observatoire.settings import Settings
from observatoire.sources.spec import Source, XlsxFormat

EXACT = 2.0**53  # beyond, a spreadsheet no longer holds whole numbers exactly
LARGE = 100_000_000  # bytes of XML; calamine holds about twice as many
BATCH = 20_000


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one sheet into Parquet, batch by batch. `_ligne` counts records from 1, under the header.

    Raises FormatRefused on a file that is not a workbook, a missing sheet or a missing column.
    """
    form = source.format
    assert isinstance(form, XlsxFormat)
    large = xlsx_stream.find_sheet(path, form.sheet)
    if large is None or large.size < LARGE:
        rows: Iterator[Sequence[Any]] = _calamine_rows(path, form)
        positions, repairs = _header(source, form, rows)
    else:
        streamed = xlsx_stream.rows(large)
        found = ([row.get(place) for place in range(max(row, default=-1) + 1)] for row in streamed)
        positions, repairs = _header(source, form, found)
        large.wanted = frozenset(place for place in positions.values() if place is not None)
        width = max(large.wanted, default=-1) + 1
        rows = ([row.get(place) for place in range(width)] for row in streamed)
    return Loaded(_write(target, positions, rows), repairs=tuple(repairs), with_ordinal=True)


def _header(source: Source, form: XlsxFormat, rows: Iterator[Sequence[Any]]) -> tuple[dict[str, int | None], list[str]]:
    """The position of each column and the repairs; the rows up to the header are consumed."""
    first = list(islice(rows, form.header_row))
    if len(first) < form.header_row:
        raise FormatRefused("feuille vide", "fichier-vide")
    header = [cell_text(cell) or "" for cell in first[-1]]
    return match_header(source, header)


def _calamine_rows(path: Path, form: XlsxFormat) -> Iterator[Sequence[Any]]:
    """The rows of the sheet. They all start at the first column of the sheet that holds a value."""
    import python_calamine as calamine

    try:
        with path.open("rb") as handle:
            book = calamine.CalamineWorkbook.from_filelike(handle)
            if form.sheet is not None and form.sheet not in book.sheet_names:
                names = ", ".join(f"« {name} »" for name in book.sheet_names)
                raise FormatRefused(f"feuille « {form.sheet} » absente (trouvé {names})", "structure")
            sheet = book.get_sheet_by_name(form.sheet) if form.sheet else book.get_sheet_by_index(0)
            yield from sheet.iter_rows()
    except calamine.CalamineError as error:
        raise FormatRefused("le fichier n'est pas un classeur lisible", "structure") from error


def _write(target: Path, positions: dict[str, int | None], rows: Iterator[Sequence[Any]]) -> int:
    """Write the wanted cells as text, with the ordinal of each record, and return how many records there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([*((name, pa.string()) for name in positions), ("_ligne", pa.int64())])
    places = [place for place in positions.values() if place is not None]
    written = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        while batch := [[cell_text(row[place]) for place in places] for row in islice(rows, BATCH)]:
            cells = iter(zip(*batch, strict=True))
            columns = [[None] * len(batch) if place is None else next(cells) for place in positions.values()]
            ordinals = range(written + 1, written + len(batch) + 1)
            writer.write_table(pa.table([*columns, ordinals], schema=schema))
            written += len(batch)
    return written


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
