"""Large workbooks, read row by row, give exactly what python-calamine gives."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.formats import FormatRefused, xlsx, xlsx_stream

XLSX = {"name": "xlsx"}
COLUMNS = ["code", {"name": "nom", "optional": True}, {"name": "autre", "optional": True}]
CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=12).filter(
        lambda text: not text.startswith("=") and "_x" not in text
    ),
    st.integers(-(10**15), 10**15),
    st.floats(-1e9, 1e9).map(lambda value: round(value, 4)),
    st.booleans(),
    st.dates(dt.date(1950, 1, 1), dt.date(2099, 12, 31)),
    st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2099, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),
)
HEADERS = st.permutations(["code", "nom", "autre", "de trop", "encore"])


def by_openpyxl(rows: Sequence[Sequence[Any]]) -> bytes:
    """Shared texts: as openpyxl writes them."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(list(row))
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def by_xlsxwriter(rows: Sequence[Sequence[Any]]) -> bytes:
    """Inline texts: as large exports write them."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "default_date_format": "dd/mm/yyyy hh:mm:ss"}) as book:
        sheet = book.add_worksheet("a")
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if cell is not None:
                    write = sheet.write_string if isinstance(cell, str) else sheet.write
                    write(number, place, cell)
    return buffer.getvalue()


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sheet counts as large."""
    monkeypatch.setattr(xlsx, "LARGE", 0)


@pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=HEADERS, body=st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=6))
def test_both_readers_agree(
    write: Callable[..., bytes], read: Callable[..., Any], header: list[str], body: list[list[Any]]
) -> None:
    content = write([header, *body])
    with pytest.MonkeyPatch.context() as patch:
        expected = read(content, XLSX, COLUMNS)
        patch.setattr(xlsx, "LARGE", 0)
        patch.setattr(xlsx, "_calamine_rows", None)
        found = read(content, XLSX, COLUMNS)
    assert (found.rows, found.loaded) == (expected.rows, expected.loaded)


def sheet_xml(body: str, **parts: str) -> bytes:
    """A workbook whose sheet is written by hand."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    files = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": body,
        **{name.replace("__", "/") + ".xml": content for name, content in parts.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


HEADER = (
    "<row><c t='inlineStr'><is><t>code</t></is></c><c t='inlineStr'><is><r><t>no</t></r><r><t>m</t></r></is></c></row>"
)


@pytest.mark.usefixtures("streamed")
def test_cells_without_references_prefixes_rich_texts_and_gaps(read: Callable[..., Any]) -> None:
    body = (
        f"<worksheet><sheetData>{HEADER}<row r='4'><c r='B4' t='s'><v>0</v></c></row>"
        "<row><c t='str'><f>1&amp;2</f><v>12</v></c><c t='e'><v>#N/A</v></c></row>"
        "<row r='9'><c r='A9' s='0'/></row></sheetData></worksheet>"
    )
    shared = "<sst><si><r><t>é</t></r><r><t xml:space='preserve'> b</t></r><rPh><t>phon</t></rPh></si></sst>"
    found = read(sheet_xml(body, xl__sharedStrings=shared), XLSX)
    assert found.rows == [(1, None, None), (2, None, None), (3, None, "é b"), (4, "12", None)]
    prefixed = body.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:worksheet>", "<x:worksheet xmlns:x='u'>")
    assert read(sheet_xml(prefixed, xl__sharedStrings=shared), XLSX).rows == found.rows


@pytest.mark.usefixtures("streamed")
def test_a_row_whose_only_value_is_in_a_column_nobody_wants_is_a_row(read: Callable[..., Any]) -> None:
    rows = [("code", "nom", "de trop"), ("01", "a", None), (None, None, "z"), (None, None, None)]
    assert read(by_openpyxl(rows), XLSX).rows == [(1, "01", "a"), (2, None, None)]


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize(
    "body",
    [
        "<worksheet><sheetData><row><c><v>1</v></c>",
        "<!DOCTYPE worksheet [<!ENTITY a 'b'>]><worksheet><sheetData><row><c t='str'><v>&a;</v></c></row></sheetData></worksheet>",
        f"<worksheet><sheetData>{HEADER}<row><c t='s'><v>7</v></c></row></sheetData></worksheet>",
        f"<worksheet><sheetData>{HEADER}<row><c><v>douze</v></c></row></sheetData></worksheet>",
    ],
    ids=["cut", "entity", "no such text", "no number"],
)
def test_a_damaged_sheet_is_refused(refusal: Callable[..., FormatRefused], body: str) -> None:
    assert "classeur lisible" in str(refusal(sheet_xml(body), XLSX))


@pytest.mark.usefixtures("streamed")
def test_the_named_sheet_and_header_row(read: Callable[..., Any], refusal: Callable[..., FormatRefused]) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "note"
    sheet = workbook.create_sheet("données")
    for row in [("Source",), (None,), ("nom", "code"), ("a", 1)]:
        sheet.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    form = {"name": "xlsx", "sheet": "données", "header_row": 3}
    assert read(buffer.getvalue(), form).rows == [(1, "1", "a")]
    assert "feuille « autre » absente" in str(refusal(buffer.getvalue(), {**form, "sheet": "autre"}))
    assert "feuille vide" in str(refusal(buffer.getvalue(), {**form, "header_row": 9}))


def test_batches_follow_one_another(read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    content = by_openpyxl([("code", "nom"), *((f"{n:02d}", None) for n in range(1, 8))])
    monkeypatch.setattr(xlsx, "BATCH", 3)
    for large in (0, 10**9):
        monkeypatch.setattr(xlsx, "LARGE", large)
        assert read(content, XLSX).rows == [(n, f"{n:02d}", None) for n in range(1, 8)]


def test_passing_over_what_nobody_wants_keeps_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, read: Callable[..., Any]
) -> None:
    seen: list[int] = []
    build = xlsx_stream._Reader._value

    def counted(self: Any, text: str) -> Any:
        seen.append(self.column)
        return build(self, text)

    monkeypatch.setattr(xlsx, "LARGE", 0)
    monkeypatch.setattr(xlsx_stream, "BLOCK", 64)
    monkeypatch.setattr(xlsx_stream._Reader, "_value", counted)
    wide = [["code", "nom", *(f"c{n}" for n in range(40))], *([f"{n}", "x", *["OUI"] * 40] for n in range(50))]
    assert read(by_xlsxwriter(wide), XLSX).rows == [(n + 1, f"{n}", "x") for n in range(50)]
    assert len([column for column in seen if column > 1]) < 100  # the header, and what the parser had already begun
