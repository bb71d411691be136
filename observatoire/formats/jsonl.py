"""JSON lines: one object a line, set by set in DuckDB, each value kept as its exact text.

DuckDB rewrites the numbers that it parses (1.10 becomes 1.1). So numbers are first made texts behind a mark, by one
regular expression that steps over the strings, and the mark is taken off what comes out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.formats import BadRecord, FormatRefused, Loaded
from observatoire.formats.header import match_header
from observatoire.settings import Settings
from observatoire.sources.spec import JsonLinesFormat, Source
from observatoire.sql_text import identifier, literal

if TYPE_CHECKING:
    import duckdb

LINE_MAX = 20_000_000
MARK = "\ufdd0"  # U+FDD0 is reserved: no text holds it
# Every string and every other character up to the next number, then that number (or the end of the line): a match
# always begins where the last one ended, hence never inside a string.
NUMBERS = r"""((?:"(?:[^"\\]|\\.)*"|[^"0-9-]|-[^"0-9-])*)(-?[0-9][0-9.eE+-]*|$)"""
TEXTS = rf'\1"{MARK}\2"'
MARKED = f'"{MARK}([0-9.eE+-]+)"'


def read(source: Source, path: Path, target: Path, settings: Settings) -> Loaded:
    """Read one delivery of JSON lines into Parquet. A line that is not an object is set aside with its ordinal.

    Raises FormatRefused on another encoding, a missing column, or when most lines are not objects.
    """
    import duckdb

    assert isinstance(source.format, JsonLinesFormat)
    with duckdb.connect() as con:
        con.execute(f"set threads = {settings.threads or 2}")
        con.execute("set preserve_insertion_order = true")
        try:
            good, bad = _load(con, path)
        except duckdb.Error as error:
            raise FormatRefused("lignes de texte UTF-8 attendues", "encodage") from error
        if len(bad) > good:
            raise FormatRefused(f"{len(bad)} lignes sur {len(bad) + good} ne sont pas des objets JSON", "structure")
        repairs: list[str] = []
        positions: dict[str, int | None] = dict.fromkeys(source.column_names)
        found = _names(con, source)
        if good:
            positions, repairs = match_header(source, found)
        chosen = {name: None if place is None else found[place] for name, place in positions.items()}
        try:
            con.execute(f"copy ({_values(chosen)}) to {literal(str(target))} (format parquet, compression zstd)")
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise FormatRefused("JSON illisible dans une des lignes", "structure") from error
    return Loaded(good, tuple(bad), tuple(repairs), with_ordinal=True)


def _load(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, list[BadRecord]]:
    """Make the table of good lines, numbered from 1; how many there are, and the others."""
    # No JSON holds a raw U+0001, so each line is one field, whatever it is.
    con.execute(
        "create table lines as select row_number() over () as n, coalesce(line, '') as line, "
        "json_valid(coalesce(line, '')) and line like '{%' as good "
        f"from read_csv({literal(str(path))}, auto_detect = false, header = false, delim = '\x01', quote = '', "
        f"escape = '', columns = {{'line': 'VARCHAR'}}, max_line_size = {LINE_MAX})"
    )
    bad = con.execute("select n from lines where not good and line <> '' order by n").fetchall()
    count = con.execute("select count(*) from lines where good").fetchone()
    con.execute(
        "create view records as select n, left(regexp_replace(line, "
        f"{literal(NUMBERS)}, {literal(TEXTS)}, 'g'), -{len(MARK) + 2}) as record from lines where good"
    )
    assert count
    return count[0], [BadRecord(n, "la ligne n'est pas un objet JSON") for (n,) in bad]


def _names(con: duckdb.DuckDBPyConnection, source: Source) -> list[str]:
    """Dotted names of what the records hold: the first level, and the objects that declared columns look into."""
    names = {name for column in source.columns for name in (column.name, *column.aliases)}
    prefixes = sorted({".".join(name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 1)})
    queries = ["select distinct unnest(json_keys(line)) as name from lines where good"]
    queries += [
        f"select distinct {literal(prefix + '.')} || unnest(json_keys(line, {literal(_path(prefix))})) "
        f"from lines where good and json_type(line, {literal(_path(prefix))}) = 'OBJECT'"
        for prefix in prefixes
    ]
    return [
        row[0] for row in con.execute(f"select distinct name from ({' union '.join(queries)}) order by 1").fetchall()
    ]


def _values(chosen: dict[str, str | None]) -> str:
    """The query of the declared columns: text as it was written, nothing for an empty text."""
    paths: list[str] = []
    columns = []
    for name, found in chosen.items():
        if found is None:
            columns.append(f"NULL::VARCHAR as {identifier(name)}")
            continue
        options = [_literal_path(found)] + ([_path(found)] if "." in found else [])
        places = []
        for option in options:
            paths.append(option)
            places.append(f"v[{len(paths)}]")
        value = f"coalesce({', '.join(places)})"
        clean = (
            f"case when not contains({value}, {literal(MARK)}) then {value} "
            f"when starts_with({value}, {literal(MARK)}) then substr({value}, {len(MARK) + 1}) "
            f"else regexp_replace({value}, {literal(MARKED)}, '\\1', 'g') end"
        )
        columns.append(f"nullif({clean}, '') as {identifier(name)}")
    listed = ", ".join(literal(path) for path in paths)
    extracted = f"select n, json_extract_string(record, [{listed}]::VARCHAR[]) as v from records"
    return f"select {', '.join(columns)}, n as _ligne from ({extracted}) order by n"


def _literal_path(name: str) -> str:
    """The path of a first-level key, dots included."""
    return "$." + _quoted(name)


def _path(name: str) -> str:
    """The path of a nested value."""
    return "$." + ".".join(_quoted(step) for step in name.split("."))


def _quoted(step: str) -> str:
    return '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
