"""The rules of a register file's staging, run over rows that are not in it yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from observatoire.settings import Settings
from observatoire.sql_text import identifier, literal
from observatoire.vocabularies import vocabulary_rows
from observatoire.warehouse.models import load_macros, used_macros

if TYPE_CHECKING:
    import duckdb

HISTORY = "historique"
Row = Mapping[str, str | None]


def staging_text(settings: Settings, name: str) -> str:
    """The SELECT that judges the rows of a source."""
    return (settings.sql / "staging" / f"{name}.sql").read_text(encoding="utf-8")


def prepare(
    con: duckdb.DuckDBPyConnection, settings: Settings, name: str, history: Sequence[Row], more: str = ""
) -> None:
    """The schemas, macros (those that `more` calls too), vocabularies and dated history that the rules read."""
    staging = staging_text(settings, name) + staging_text(settings, HISTORY) + more
    macros = {macro.name: macro for macro in load_macros(settings.sql)}
    for schema in ("raw", "staging", "core"):
        con.execute(f"create schema {schema}")
    for macro in used_macros(staging, macros):
        con.execute(macro.statement)
    con.execute("create table core.vocabulaires (liste varchar, valeur varchar, code varchar)")
    con.executemany(
        "insert into core.vocabulaires values (?, ?, ?)", [row[:3] for row in vocabulary_rows(settings.register)]
    )
    fill(
        con,
        HISTORY,
        list(history[0]) if history else ["date", "auteur", "fichier", "premier", "dernier", "nature", "motif"],
        history,
    )
    con.execute(f"create table staging.{HISTORY} as from ({staging_text(settings, HISTORY)}) where len(_motifs) = 0")


def fill(con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """raw.NAME with these rows, all text, an empty text being no value; `_ligne` counts them from 1."""
    listed = ", ".join(f"{identifier(column)} varchar" for column in columns)
    con.execute(f"create table raw.{identifier(name)} ({listed}, _livraison varchar, _ligne bigint)")
    values = [
        "(" + ", ".join(literal(row.get(column) or None) for column in columns) + f", '', {number})"
        for number, row in enumerate(rows, 1)
    ]
    if values:
        con.execute(f"insert into raw.{identifier(name)} values {', '.join(values)}")


def reasons(
    settings: Settings, name: str, columns: Sequence[str], rows: Sequence[Row], history: Sequence[Row]
) -> list[list[str]]:
    """For each row of a register file, why its staging would set it aside: « colonne : raison », none when it is good."""
    import duckdb

    with closing(duckdb.connect()) as con:
        prepare(con, settings, name, history)
        fill(con, name, columns, rows)
        found = con.execute(f"select _motifs from ({staging_text(settings, name)}) order by _ligne").fetchall()
    return [list(row[0]) for row in found]


def web_addresses(settings: Settings, texts: Iterable[str]) -> list[str]:
    """The distinct texts that the rules of the register take for web addresses, sorted."""
    import duckdb

    rule = "select distinct url from (select unnest(?) as url) where url_valide(url) order by url"
    with closing(duckdb.connect()) as con:
        for macro in used_macros(rule, {macro.name: macro for macro in load_macros(settings.sql)}):
            con.execute(macro.statement)
        return [url for (url,) in con.execute(rule, [list(texts)]).fetchall()]
