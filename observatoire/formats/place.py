"""Where a record and a column are in the file as a person opens it: its row in the spreadsheet, its own column names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from observatoire.formats import one_of
from observatoire.formats.header import match_header
from observatoire.formats.separator import header_of
from observatoire.formats.xlsx import cell_text
from observatoire.sources.spec import CsvFormat, OneOfFormat, Source, XlsxFormat


@dataclass(frozen=True)
class Place:
    """The row of the header (from 1; 0 in a file without rows), and the file's name of each expected column it has."""

    header_row: int
    names: Mapping[str, str]

    def row(self, ordinal: int) -> int:
        """The row of a record in the file opened with a spreadsheet."""
        return self.header_row + ordinal


def place_of(source: Source, path: Path) -> Place:
    """The place of the records of a file that was read without refusal."""
    form = one_of.chosen(source, path) if isinstance(source.format, OneOfFormat) else source.format
    if isinstance(form, CsvFormat):
        row, header = form.skip_rows + 1, header_of(path, form)
    elif isinstance(form, XlsxFormat):
        row, header = form.header_row, _workbook_header(path, form)
    else:
        return Place(0, {})
    positions, _ = match_header(source, header)
    return Place(row, {name: header[at].strip() for name, at in positions.items() if at is not None})


def _workbook_header(path: Path, form: XlsxFormat) -> list[str]:
    """The cells of the header, from the first column that holds a value."""
    import python_calamine as calamine

    with path.open("rb") as handle:
        book = calamine.CalamineWorkbook.from_filelike(handle)
        sheet = book.get_sheet_by_name(form.sheet) if form.sheet else book.get_sheet_by_index(0)
        (*_, header) = islice(sheet.iter_rows(), form.header_row)
    return [cell_text(cell) or "" for cell in header]
