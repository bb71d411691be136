"""Workbooks, as Excel and LibreOffice would save them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from observatoire.formats import FormatRefused

XLSX = {"name": "xlsx"}


def book(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> bytes:
    """A workbook written by openpyxl."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets:
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_cells_become_the_text_one_reads(read: Callable[..., Any]) -> None:
    rows = [
        ("code", "nom"),
        (1, 12.5),
        (True, False),
        (dt.datetime(2025, 1, 2), dt.datetime(2025, 1, 2, 3, 4, 5)),
        ("01", None),
        (1234567890123456, 0.1),
        ("  texte ", 0),
    ]
    assert read(book(("a", rows)), XLSX).rows == [
        (1, "1", "12.5"),
        (2, "true", "false"),
        (3, "2025-01-02", "2025-01-02 03:04:05"),
        (4, "01", None),
        (5, "1234567890123456", "0.1"),
        (6, "  texte ", "0"),
    ]


def test_a_siren_typed_as_a_number_keeps_its_digits(read: Callable[..., Any]) -> None:
    assert read(book(("a", [("code", "nom"), (217800001, 3.0)])), XLSX).rows == [(1, "217800001", "3")]


def test_a_workbook_of_another_library(read: Callable[..., Any]) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("a")
        for row, values in enumerate([("code", "nom"), ("01", 3), ("02", "é")]):
            for column, value in enumerate(values):
                sheet.write(row, column, value)
        sheet.write_formula(3, 0, '="0"&"3"', None, "03")
        sheet.write_datetime(3, 1, dt.datetime(2024, 2, 29), workbook.add_format({"num_format": "dd/mm/yyyy"}))
    assert read(buffer.getvalue(), XLSX).rows == [(1, "01", "3"), (2, "02", "é"), (3, "03", "2024-02-29")]


def test_the_named_sheet_and_header_row(read: Callable[..., Any]) -> None:
    content = book(
        ("note", [("rien",)]), ("données", [("Source",), (None,), ("code", "nom"), ("01", "a"), ("02", "b")])
    )
    form = {"name": "xlsx", "sheet": "données", "header_row": 3}
    assert read(content, form).rows == [(1, "01", "a"), (2, "02", "b")]


def test_a_sheet_that_does_not_start_in_its_first_cell(read: Callable[..., Any]) -> None:
    content = book(("a", [(None, None, None), (None, "code", "nom"), (None, "01", "a")]))
    assert read(content, {"name": "xlsx", "header_row": 2}).rows == [(1, "01", "a")]


def test_an_empty_row_keeps_the_ordinals(read: Callable[..., Any]) -> None:
    found = read(book(("a", [("code", "nom"), ("01", "a"), (None, None), ("03", "c")])), XLSX)
    assert [row for row in found.rows if row[1]] == [(1, "01", "a"), (3, "03", "c")]


def test_a_repaired_header(read: Callable[..., Any]) -> None:
    found = read(book(("a", [("Code ", "nom"), ("01", "a")])), XLSX)
    assert found.rows == [(1, "01", "a")]
    assert found.loaded.repairs == ("en-tête « Code  » lu comme « code »",)


@pytest.mark.parametrize(
    ("content", "form", "said"),
    [
        (
            book(("Feuil1", [("code", "nom")])),
            {"name": "xlsx", "sheet": "a"},
            "feuille « a » absente (trouvé « Feuil1 »)",
        ),
        (book(("a", [("code", "noms"), ("01", "a")])), XLSX, "colonne « nom » absente (trouvé « noms »)"),
        (book(("a", [("code", "nom", "nom"), ("01", "a", "b")])), XLSX, "deux fois"),
        (book(("a", [])), XLSX, "feuille vide"),
        (book(("a", [("code", "nom")])), {"name": "xlsx", "header_row": 4}, "feuille vide"),
        (b"code,nom\n01,a\n", XLSX, "classeur"),
        (b"PK\x03\x04 truncated", XLSX, "classeur"),
        (book(("a", [("code", "nom"), ("01", "a")]))[:-200], XLSX, "classeur"),
    ],
    ids=["sheet", "renamed", "twice", "empty", "header-row", "csv", "bad zip", "truncated"],
)
def test_what_is_refused(
    refusal: Callable[..., FormatRefused], content: bytes, form: dict[str, Any], said: str
) -> None:
    assert said in str(refusal(content, form))


def test_a_header_alone_is_no_record(read: Callable[..., Any]) -> None:
    assert read(book(("a", [("code", "nom")])), XLSX).rows == []
