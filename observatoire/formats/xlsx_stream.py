"""Large worksheets, read row by row: python-calamine holds a whole sheet, about twice the size of its XML.

Only what a delivery of plain cells needs is read: texts (shared, inline or of formulas), numbers, booleans and dates.
The wanted columns are read once the header is known; the others are skipped as the parser meets them.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from observatoire.formats import FormatRefused

BLOCK = 1 << 18
SMALL = 50_000_000  # parts that are read whole: list of sheets, styles
DATE_FORMATS = {14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)}  # ECMA-376 part 1, 18.8.30; hours alone are numbers
NOT_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
EVERY = 1 << 20  # more than any column
Row = dict[int, str | float | bool | dt.datetime | None]


@dataclass
class Sheet:
    """One worksheet inside its zip: where it is, how many bytes of XML it holds, how its numbers are to be read."""

    path: Path
    member: str
    size: int
    date_styles: frozenset[str] = frozenset()
    epoch: dt.datetime = dt.datetime(1899, 12, 30)
    wanted: Collection[int] | None = None  # positions of columns; None: all of them


def find_sheet(path: Path, name: str | None) -> Sheet | None:
    """The worksheet called `name` (the first one when None), or None when it is not where workbooks usually keep it."""
    try:
        with zipfile.ZipFile(path) as book:
            workbook, links = (_small(book, f"xl/{part}") for part in ("workbook.xml", "_rels/workbook.xml.rels"))
            targets = {link.get("Id"): link.get("Target", "") for link in links}
            sheets = [(tag.get("name"), _relation(tag)) for tag in workbook.iter() if _local(tag.tag) == "sheet"]
            relation = next(relation for title, relation in sheets if name in (None, title))
            target = targets[relation]
            member = target[1:] if target.startswith("/") else f"xl/{target}"
            old = any(_local(t.tag) == "workbookPr" and t.get("date1904") in ("1", "true") for t in workbook.iter())
            epoch = dt.datetime(1904, 1, 1) if old else dt.datetime(1899, 12, 30)
            return Sheet(path, member, book.getinfo(member).file_size, _date_styles(book), epoch)
    except (zipfile.BadZipFile, KeyError, StopIteration, ElementTree.ParseError, EOFError, OSError, ValueError):
        return None


def rows(sheet: Sheet) -> Iterator[Row]:
    """Every row from the first to the last that holds a value, gaps included, as values by position of column.

    Setting `sheet.wanted` while reading narrows what the next rows hold.
    Raises FormatRefused on XML that is not well formed or declares entities, or on a truncated file.
    """
    try:
        with zipfile.ZipFile(sheet.path) as book:
            texts = list(_shared_texts(book))
            reader = _Reader(sheet, texts)
            number = blank = 0
            for at_row, has_value, row in _pull(book, sheet.member, reader):
                blank += max(0, at_row - number - 1)
                number = max(at_row, number + 1)
                if not has_value:
                    blank += 1
                    continue
                yield from ({} for _ in range(blank))
                blank = 0
                yield row
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, IndexError, ValueError) as error:
        raise FormatRefused("le fichier n'est pas un classeur lisible", "structure") from error


def _pull(book: zipfile.ZipFile, member: str, reader: _Reader | _Texts) -> Iterator[Any]:
    """What a reader makes of a member of the zip, as the parser goes."""
    with book.open(member) as handle:
        while block := handle.read(BLOCK):
            reader.parser.Parse(block, False)
            yield from reader.taken()
        reader.parser.Parse(b"", True)
        yield from reader.taken()


def _parser(start: Any, end: Any, text: Any) -> expat.XMLParserType:
    def refuse(*_: Any) -> None:
        raise ValueError("an entity is declared")

    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.EntityDeclHandler = refuse
    return parser


class _Reader:
    """Builds rows while expat reads a worksheet."""

    def __init__(self, sheet: Sheet, texts: list[str]) -> None:
        self.sheet, self.texts = sheet, texts
        self.done: list[tuple[int, bool, Row]] = []
        self.number, self.column, self.last, self.has_value = 0, -1, 0, False
        self.row: Row = {}
        self.kind, self.style, self.keep, self.inside, self.phonetic = "n", "", False, False, False
        self.parts: list[str] = []
        self.parser = _parser(self._start, self._end, None)

    def taken(self) -> list[tuple[int, bool, Row]]:
        """The rows finished since the last call: number, whether any of its cells has a value, wanted values."""
        done, self.done = self.done, []
        return done

    def _start(self, tag: str, attributes: list[str]) -> None:
        name = tag if ":" not in tag else _local(tag)
        if name == "c":
            self._start_cell(attributes)
        elif name in ("v", "t"):
            self.has_value = True
            if self.keep and not self.phonetic:
                self.parser.CharacterDataHandler = self.parts.append
        elif name == "row":
            given = attributes[attributes.index("r") + 1] if "r" in attributes[::2] else ""
            self.number = int(given) if given else self.number + 1
            self.column, self.has_value, self.row = -1, False, {}
            self.last = EVERY if self.sheet.wanted is None else max(self.sheet.wanted, default=-1)
        elif name == "rPh":
            self.phonetic = True

    def _start_cell(self, attributes: list[str]) -> None:
        self.kind, self.style, column = "n", "", self.column + 1
        for position in range(0, len(attributes), 2):
            name, value = attributes[position], attributes[position + 1]
            if name == "r":
                column = _column(value)
            elif name == "t":
                self.kind = value
            elif name == "s":
                self.style = value
        self.column = column
        if column > self.last:  # most of a wide sheet: its cells are passed over with as few calls as can be
            self.parser.StartElementHandler, self.parser.EndElementHandler = None, self._end_passed
            return
        self.keep = self.sheet.wanted is None or column in self.sheet.wanted
        self.parts.clear()

    def _end(self, tag: str) -> None:
        name = tag if ":" not in tag else _local(tag)
        if name in ("v", "t"):
            self.parser.CharacterDataHandler = None
        elif name == "c":
            if self.keep and self.parts:
                self.row[self.column] = self._value("".join(self.parts))
        elif name == "row":
            self.done.append((self.number, self.has_value, self.row))
        elif name == "rPh":
            self.phonetic = False

    def _end_passed(self, tag: str) -> None:
        name = tag if ":" not in tag else _local(tag)
        if name in ("v", "t"):
            self.has_value = True
        elif name == "row":
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
            self._end(tag)

    def _value(self, text: str) -> str | float | bool | dt.datetime | None:
        if self.kind == "s":
            return self.texts[int(text)]
        if self.kind == "b":
            return text.strip() in ("1", "true")
        if self.kind == "e":
            return None
        if self.kind != "n":
            return text
        value = float(text)
        if self.style in self.sheet.date_styles:
            return self.sheet.epoch + dt.timedelta(milliseconds=round(value * 86_400_000))
        return value


class _Texts:
    """Collects the shared texts of a workbook; phonetic guides are no part of them."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.parts: list[str] = []
        self.phonetic = False
        self.parser = _parser(self._start, self._end, None)

    def taken(self) -> list[str]:
        """The texts finished since the last call."""
        done, self.done = self.done, []
        return done

    def _start(self, tag: str, attributes: list[str]) -> None:
        name = _local(tag)
        if name == "si":
            self.parts.clear()
        elif name == "rPh":
            self.phonetic = True
        elif name == "t" and not self.phonetic:
            self.parser.CharacterDataHandler = self.parts.append

    def _end(self, tag: str) -> None:
        name = _local(tag)
        if name == "t":
            self.parser.CharacterDataHandler = None
        elif name == "rPh":
            self.phonetic = False
        elif name == "si":
            self.done.append("".join(self.parts))


def _shared_texts(book: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" in book.namelist():
        yield from _pull(book, "xl/sharedStrings.xml", _Texts())


def _column(reference: str) -> int:
    """Position of a cell from its reference: « AB12 » is 27."""
    position = 0
    for letter in reference:
        if letter.isdigit():
            break
        position = position * 26 + ord(letter.upper()) - 64
    return position - 1


def _date_styles(book: zipfile.ZipFile) -> frozenset[str]:
    """The styles of cells whose numbers are dates."""
    if "xl/styles.xml" not in book.namelist():
        return frozenset()
    styles = _small(book, "xl/styles.xml")
    custom = {tag.get("numFmtId"): tag.get("formatCode", "") for tag in styles.iter() if _local(tag.tag) == "numFmt"}
    formats = [tag for parent in styles.iter() if _local(parent.tag) == "cellXfs" for tag in parent]
    return frozenset(
        str(number)
        for number, tag in enumerate(formats)
        if (code := tag.get("numFmtId", "0")) and _is_date(int(code), custom.get(code, ""))
    )


def _is_date(number: int, code: str) -> bool:
    if code:
        return re.search("[dy]", NOT_DATE.sub("", code), re.IGNORECASE) is not None
    return number in DATE_FORMATS


def _small(book: zipfile.ZipFile, member: str) -> ElementTree.Element:
    if book.getinfo(member).file_size > SMALL:
        raise ValueError(f"{member} is too large")
    content = book.read(member)
    if b"<!ENTITY" in content:
        raise ValueError(f"{member} declares an entity")
    return ElementTree.fromstring(content)


def _relation(tag: ElementTree.Element) -> str | None:
    return next((value for name, value in tag.attrib.items() if name.endswith("}id")), None)


def _local(tag: str) -> str:
    """The name of an element without its namespace or prefix."""
    return tag.rpartition("}")[2].rpartition(":")[2]
