"""A source that changes format from one delivery to the next: the bytes tell which declared format they are in.

Nothing is guessed beyond the declared list: a zip is a workbook, « PAR1 » a Parquet file, « < » begins a document in XML,
« { » or « [ » one in JSON, and any other text is CSV, whose separator is the declared one under which the first line
holds the most expected columns (the first declared on a tie).
"""

from __future__ import annotations

from pathlib import Path

from observatoire.formats import FormatRefused, Loaded
from observatoire.formats.separator import columns_found, refuse_other_separator
from observatoire.protocols.content import HEAD, is_zip
from observatoire.settings import Settings
from observatoire.sources.spec import CsvFormat, JsonFormat, OneOfFormat, ParquetFormat, Source, XlsxFormat, XmlFormat

Form = CsvFormat | JsonFormat | ParquetFormat | XlsxFormat | XmlFormat
NAMES = {"csv": "texte", "json": "JSON", "parquet": "Parquet", "xlsx": "classeur", "xml": "XML"}


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read the delivery with the declared format its bytes are in. Raises FormatRefused as that format does."""
    from observatoire.formats import csv as csv_format
    from observatoire.formats import json_records, parquet, xlsx, xml_records

    form = chosen(source, path)
    readers = {
        "csv": csv_format.read,
        "json": json_records.read,
        "parquet": parquet.read,
        "xlsx": xlsx.read,
        "xml": xml_records.read,
    }
    return readers[form.name](source.model_copy(update={"format": form}), path, target, settings)


def chosen(source: Source, path: Path) -> Form:
    """The declared format of these bytes. Raises FormatRefused on bytes, or on a separator, that none announces."""
    assert isinstance(source.format, OneOfFormat)
    declared = source.format.formats
    with path.open("rb") as handle:
        kind = _kind(handle.read(HEAD), {form.name for form in declared})
    forms = [form for form in declared if form.name == kind]
    if not forms:
        expected = " ou ".join(dict.fromkeys(NAMES[form.name] for form in declared))
        raise FormatRefused(f"{NAMES[kind]} reçu, {expected} attendu", "structure")
    texts = [form for form in forms if isinstance(form, CsvFormat)]
    if not texts:
        return forms[0]
    refuse_other_separator(source, path, texts)
    return max(texts, key=lambda form: columns_found(source, path, form))


def _kind(head: bytes, declared: set[str]) -> str:
    """The format that the first bytes show; a text is in XML or JSON only for a source that declares it."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if is_zip(head):
        return "xlsx"
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    kind = {b"<": "xml", b"{": "json", b"[": "json"}.get(first, "csv")
    return kind if kind in declared or "csv" not in declared else "csv"
