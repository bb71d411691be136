"""CSV deliveries. Arrow reads well-formed files; a file with a malformed record is read again record by record."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.formats import BadRecord, FormatRefused, Loaded
from observatoire.formats.header import match_header
from observatoire.formats.separator import other_mark, refuse_other_separator, separator_refused
from observatoire.formats.text_rows import write_rows
from observatoire.settings import Settings
from observatoire.sources.spec import CsvFormat, Source
from observatoire.sql_text import literal

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 22
ROW_GROUP = 122_880
ROW_GROUP_BYTES = 1 << 27
UTF8_BOM = b"\xef\xbb\xbf"


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one CSV delivery into Parquet.

    Raises FormatRefused on another encoding, a missing column, or a file without records.
    """
    form = source.format
    assert isinstance(form, CsvFormat)
    encoding, repairs = certain_encoding(path, form)
    as_it_is = encoding == "utf-8" and not form.skip_rows
    readable = path if as_it_is else _prepared(path, encoding, form.skip_rows, target.with_suffix(".utf8"))
    try:
        header = _header(readable, form)
        refuse_other_separator(source, path, (form,))
        positions, header_repairs = match_header(source, header)
        repairs += header_repairs
        rows = _read_fast(readable, form, header, positions, target)
        if rows is None:
            return _read_record_by_record(readable, form, header, positions, target, repairs)
        return Loaded(rows, repairs=tuple(repairs))
    finally:
        if readable != path:
            readable.unlink(missing_ok=True)


def certain_encoding(path: Path, form: CsvFormat) -> tuple[str, list[str]]:
    """The encoding to read the file with, and the repair made if it is not the announced one.

    Accented text is practically never valid UTF-8 by accident, so UTF-8 in place of cp1252 is certain and repaired;
    the opposite is not (cp1252 and other 8-bit encodings look alike) and raises FormatRefused.
    """
    first_bad = _first_invalid_utf8(path)
    if form.encoding == "utf-8":
        if first_bad is not None:
            raise FormatRefused(
                f"encodage UTF-8 attendu, octet à la ligne {first_bad} (enregistré par un tableur ?)",
                "encodage",
            )
        return "utf-8", []
    if first_bad is None:
        return "utf-8", [] if _is_ascii(path) else [f"encodage UTF-8 lu au lieu de {form.encoding}"]
    return form.encoding, []


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(BLOCK):
            yield block


def _first_invalid_utf8(path: Path) -> int | None:
    """Line (from 1) of the first byte that is not UTF-8, or None."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = 0
    try:
        for block in _blocks(path):
            seen += len(block)
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:  # its bytes end where the reading stopped
        return 1 + _line_ends(path, seen - len(error.object) + error.start)
    return None


def _line_ends(path: Path, size: int) -> int:
    """How many lines end in the first `size` bytes; read again, as nearly no file is faulty."""
    found = 0
    for block in _blocks(path):
        found += block[:size].count(b"\n")
        size -= len(block)
        if size <= 0:
            break
    return found


def _is_ascii(path: Path) -> bool:
    return all(block.isascii() for block in _blocks(path))


def _prepared(path: Path, encoding: str, skip_rows: int, target: Path) -> Path:
    """A UTF-8 copy without the lines before the header. Raises FormatRefused on an impossible byte."""
    try:
        with (
            path.open(encoding=encoding, newline="") as reader,
            target.open("w", encoding="utf-8", newline="") as writer,
        ):
            for _ in range(skip_rows):
                reader.readline()
            while block := reader.read(BLOCK):
                writer.write(block)
    except UnicodeDecodeError as error:
        target.unlink(missing_ok=True)
        raise FormatRefused(
            f"encodage {encoding} attendu, octet 0x{error.object[error.start]:02x} invalide", "encodage"
        ) from error
    return target


def _records(path: Path, form: CsvFormat) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        yield from csv.reader(handle, delimiter=form.delimiter, quotechar=form.quote, strict=True)


def _header(path: Path, form: CsvFormat) -> list[str]:
    try:
        header = next(iter(_records(path, form)), None)
    except csv.Error as error:
        raise FormatRefused(f"en-tête illisible ({error})", "structure") from error
    if not header:
        raise FormatRefused("fichier vide", "fichier-vide")
    if len(header) == 1 and (other := other_mark(header[0], form.delimiter)):
        raise separator_refused((form.delimiter,), other)
    return header


def _read_fast(
    path: Path, form: CsvFormat, header: list[str], positions: dict[str, int | None], target: Path
) -> int | None:
    """The number of records read, or None when the file is not well formed.

    Two strict readers must agree on the number of records: Arrow refuses a record of another width (DuckDB accepts
    empty fields in excess), DuckDB refuses a misplaced quote (Arrow closes one at the end of the file). They read at the
    same time, and only the expected columns become texts.
    """
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow as pa
    import pyarrow.csv as arrow_csv
    import pyarrow.parquet as pq

    names = [f"c{position}" for position in range(len(header))]
    read = arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=1, block_size=BLOCK, use_threads=False)
    dialect = arrow_csv.ParseOptions(
        delimiter=form.delimiter, quote_char=form.quote, newlines_in_values=True, ignore_empty_lines=False
    )
    wanted = list(dict.fromkeys(names[position] for position in positions.values() if position is not None))
    as_text = arrow_csv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        null_values=[""],
        strings_can_be_null=True,
        include_columns=wanted or names,
    )
    schema = pa.schema({name: pa.string() for name in positions})
    rows = 0
    with ThreadPoolExecutor(1) as aside:
        counted = aside.submit(_count_strictly, path, form, names)
        try:
            with (
                arrow_csv.open_csv(path, read, dialect, as_text) as batches,
                pq.ParquetWriter(target, schema, compression="zstd") as writer,
            ):
                for table in _row_groups(batches):
                    empty = pa.nulls(len(table), pa.string())
                    chosen = [empty if at is None else table.column(names[at]) for at in positions.values()]
                    writer.write_table(pa.table(dict(zip(positions, chosen, strict=True)), schema=schema))
                    rows += len(table)
        except pa.ArrowInvalid:
            return None
        return rows if rows == counted.result() else None


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches put together: a dictionary of values and a header for each thousand rows would cost more than the texts."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if sum(map(len, held)) >= ROW_GROUP or size >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _count_strictly(path: Path, form: CsvFormat, names: list[str]) -> int | None:
    """The number of records according to DuckDB, or None when a quote is misplaced. One thread: Arrow has the other."""
    import duckdb

    columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"
    with duckdb.connect() as con:
        con.execute("set threads = 1")
        try:
            found = con.execute(
                f"select count(*) from read_csv({literal(str(path))}, auto_detect = false, header = true, "
                f"delim = {literal(form.delimiter)}, quote = {literal(form.quote)}, escape = {literal(form.quote)}, "
                f"columns = {columns}, null_padding = false, strict_mode = true, max_line_size = 20000000)"
            ).fetchone()
        except duckdb.Error:
            return None
    return int(found[0]) if found else None


def _read_record_by_record(
    path: Path, form: CsvFormat, header: list[str], positions: dict[str, int | None], target: Path, repairs: list[str]
) -> Loaded:
    """The exact reading of a faulty file: each record of the wrong width is set aside with its ordinal."""
    good: list[tuple[int, list[str]]] = []
    bad: list[BadRecord] = []
    ordinal = 0
    try:
        for ordinal, record in enumerate(_records(path, form)):
            if ordinal == 0 or not record:
                continue
            if len(record) == len(header):
                good.append((ordinal, record))
            else:
                bad.append(BadRecord(ordinal, f"{len(record)} champs au lieu de {len(header)}"))
    except csv.Error as error:
        raise FormatRefused(f"enregistrement {ordinal + 1} illisible ({error})", "structure") from error
    if len(bad) > len(good):
        raise FormatRefused(
            f"{len(bad)} enregistrements sur {len(bad) + len(good)} n'ont pas {len(header)} champs", "structure"
        )
    columns = {
        name: [None if position is None else record[position] or None for _, record in good]
        for name, position in positions.items()
    }
    write_rows(target, columns, [ordinal for ordinal, _ in good])
    return Loaded(len(good), tuple(bad), tuple(repairs), with_ordinal=True)
