"""A source that changes format from one delivery to the next: the bytes tell which declared format they are in.

Nothing is guessed beyond the declared list: a zip is a workbook, and the separator is the declared one under which the
first line holds the most expected columns (the first declared on a tie).
"""

from __future__ import annotations

import csv
from pathlib import Path

from observatoire.formats import FormatRefused, Loaded
from observatoire.protocols.content import HEAD, is_zip
from observatoire.settings import Settings
from observatoire.sources.spec import CsvFormat, OneOfFormat, Source, XlsxFormat


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read the delivery with the declared format its bytes are in. Raises FormatRefused as that format does."""
    from observatoire.formats import csv as csv_format
    from observatoire.formats import xlsx

    form = chosen(source, path)
    readers = {"csv": csv_format.read, "xlsx": xlsx.read}
    return readers[form.name](source.model_copy(update={"format": form}), path, target, settings)


def chosen(source: Source, path: Path) -> CsvFormat | XlsxFormat:
    """The declared format of these bytes. Raises FormatRefused on a workbook or a text that none of them announces."""
    assert isinstance(source.format, OneOfFormat)
    with path.open("rb") as handle:
        workbook = is_zip(handle.read(HEAD))
    kind = XlsxFormat if workbook else CsvFormat
    forms = [form for form in source.format.formats if isinstance(form, kind)]
    if not forms:
        raise FormatRefused("classeur reçu, texte attendu" if workbook else "texte reçu, classeur attendu", "structure")
    return max(forms, key=lambda form: _columns_found(source, path, form) if isinstance(form, CsvFormat) else 0)


def _columns_found(source: Source, path: Path, form: CsvFormat) -> int:
    """How many expected columns the header holds when it is cut with the separator of `form`."""
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        for _ in range(form.skip_rows):
            handle.readline()
        header = next(csv.reader(handle, delimiter=form.delimiter, quotechar=form.quote), [])
    found = {name.strip().casefold() for name in header}
    return sum(
        any(name.strip().casefold() in found for name in (column.name, *column.aliases)) for column in source.columns
    )
