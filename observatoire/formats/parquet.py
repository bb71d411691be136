"""Parquet deliveries, read in place: nothing is copied, the raw view reads the archived file itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from observatoire.formats import FormatRefused, Loaded
from observatoire.formats.header import match_header
from observatoire.settings import Settings
from observatoire.sources.spec import ParquetFormat, Source
from observatoire.sql_text import identifier


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Check one delivery and give its file a second name, `target` (a hard link; a copy across file systems).

    Only the schema and the number of rows are read. Raises FormatRefused on a file that is not Parquet, or on a
    missing column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert isinstance(source.format, ParquetFormat)
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, int(file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise FormatRefused("le fichier n'est pas un Parquet lisible", "structure") from error
    names = list(schema.names)
    positions, repairs = match_header(source, names)
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)
    kinds = {field.name: field.type for field in schema}
    found = {
        name: "NULL::VARCHAR" if position is None else _as_text(names[position], kinds[names[position]])
        for name, position in positions.items()
    }
    return Loaded(rows, repairs=tuple(repairs), in_place=found)


def _as_text(name: str, kind: Any) -> str:
    """The SQL of a column as text; lists and structures as JSON, texts that are not declared as such in UTF-8."""
    import pyarrow as pa

    column = identifier(name)
    if pa.types.is_nested(kind):
        return f"to_json({column})::VARCHAR"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return f"nullif(coalesce(try(decode({column})), cast({column} as varchar)), '')"
    return f"nullif(cast({column} as varchar), '')"
