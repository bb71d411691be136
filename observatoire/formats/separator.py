"""Which mark separates the fields of a text: the one under which its header holds the most expected columns."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from observatoire.formats import FormatRefused
from observatoire.sources.spec import CsvFormat, Source

MARKS = ",;\t|"
NAMES = {"\t": "tabulation"}


def header_of(path: Path, form: CsvFormat) -> list[str]:
    """The cells of the header, cut with the separator of `form`; none when the file is empty."""
    csv.field_size_limit(sys.maxsize)
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        for _ in range(form.skip_rows):
            handle.readline()
        return next(csv.reader(handle, delimiter=form.delimiter, quotechar=form.quote), [])


def columns_found(source: Source, path: Path, form: CsvFormat) -> int:
    """How many expected columns the header holds when it is cut with the separator of `form`."""
    found = {name.strip().casefold() for name in header_of(path, form)}
    return sum(
        any(name.strip().casefold() in found for name in (column.name, *column.aliases)) for column in source.columns
    )


def refuse_other_separator(source: Source, path: Path, forms: Sequence[CsvFormat]) -> None:
    """Raise FormatRefused when a mark that none of `forms` declares gives more expected columns than all of them.

    A header that holds none of the expected columns is left to the matching of columns.
    """
    declared = tuple(form.delimiter for form in forms)
    held = max(columns_found(source, path, form) for form in forms)
    for mark in MARKS:
        if mark in declared or mark == forms[0].quote:
            continue
        if columns_found(source, path, forms[0].model_copy(update={"delimiter": mark})) > held:
            raise separator_refused(declared, mark)


def other_mark(text: str, declared: str) -> str | None:
    """The usual separator most present in a header that `declared` does not cut; None when there is none."""
    counts = {mark: text.count(mark) for mark in MARKS if mark != declared}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else None


def separator_refused(declared: Sequence[str], found: str) -> FormatRefused:
    """The refusal of a text separated by another mark than those declared."""
    expected = " ou ".join(f"« {NAMES.get(mark, mark)} »" for mark in declared)
    return FormatRefused(f"séparateur {expected} attendu, « {NAMES.get(found, found)} » trouvé", "separateur")
