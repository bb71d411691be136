"""Rows proposed to the register from a list handed over as a file. Nothing is ever written into the register itself."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.archive import Archive, Delivery
from observatoire.errors import UsageError
from observatoire.formats import load_delivery, raw_path
from observatoire.formats.place import Place, place_of
from observatoire.review.register_file import read_register
from observatoire.review.rules import HISTORY, prepare, staging_text
from observatoire.review.words import meant, register_words
from observatoire.settings import Settings
from observatoire.sources.imports import Mapped, RegisterImport
from observatoire.sql_text import identifier, literal
from observatoire.storage import storage_errors, write_atomically

if TYPE_CHECKING:
    import duckdb

REGISTER = "cas_usage"
FOLDER = "propositions"


@dataclass(frozen=True)
class SetAside:
    """A record of the list that is not proposed: its row and the column at fault, as the file has them, and why."""

    ligne: int
    colonne: str
    motif: str


@dataclass(frozen=True)
class Proposals:
    """What an import gives: the file of proposed rows (None when there is none), their number, and the others."""

    file: Path | None
    proposed: int
    known: int
    set_aside: tuple[SetAside, ...]

    def as_dict(self) -> dict[str, Any]:
        """What --json shows."""
        return {
            "fichier": str(self.file) if self.file else None,
            "proposees": self.proposed,
            "deja_au_registre": self.known,
            "ecartees": [asdict(item) for item in self.set_aside],
        }


def propose(settings: Settings, chosen: RegisterImport, delivery: Delivery) -> Proposals:
    """Map an archived list to rows of the register, in its words, judged by the rules of its staging.

    A row whose authority and address, or authority and title, the register already holds is not proposed again. The
    file is data/propositions/NAME-HASH.csv, with the register's columns and new identifiers; an existing file that
    someone changed is never overwritten (UsageError). Raises FormatRefused, ArchiveCorrupted, SpecError.
    """
    import duckdb

    archive = Archive(settings.raw)
    load_delivery(settings, chosen.source, delivery, archive)
    place = place_of(chosen.source, archive.object_path(delivery.sha256))
    columns = register_columns(settings.register)
    with closing(duckdb.connect()) as con:
        prepare(con, settings, REGISTER, read_register(settings, HISTORY).rows, "texte_net( nom_plat(")
        con.execute(f"create table register as {_as_text(settings.register, REGISTER)}")
        _map(con, chosen, raw_path(settings, chosen.source, delivery), columns)
        _put_in_words(con, settings)
        _set_known_apart(con, columns)
        con.execute(f"create table judged as {staging_text(settings, REGISTER)}")
        rows = con.execute(
            f"select {', '.join(f'r.{identifier(name)}' for name in columns)} from raw.{REGISTER} as r "
            "inner join judged as j using (_ligne) where len(j._motifs) = 0 order by _ligne"
        ).fetchall()
        faults = con.execute(
            "select _ligne, m.motif from judged, unnest(_motifs) as m(motif) "
            "union all select _ligne, motif from known order by 1, 2"
        ).fetchall()
        counted = con.execute("select count(*) from known").fetchone()
    aside = tuple(_set_aside(chosen, place, ordinal, *reason.split(" : ", 1)) for ordinal, reason in faults)
    file = _write(settings, chosen, delivery, columns, rows) if rows else None
    return Proposals(file, len(rows), int(counted[0]) if counted else 0, aside)


def _set_aside(chosen: RegisterImport, place: Place, ordinal: int, column: str, why: str) -> SetAside:
    """A fault where the analyst reads it; a constant has no column in the file and keeps the register's name."""
    read = chosen.mapping[column].read if column in chosen.mapping else ()
    names = [place.names.get(name, name) for name in read]
    return SetAside(place.row(ordinal), ", ".join(names) or column, why)


def register_columns(register: Path, name: str = REGISTER) -> list[str]:
    """The columns of a file of the register, that of documented uses when none is named, in order."""
    with (register / f"{name}.csv").open(encoding="utf-8-sig", newline="") as handle:
        return next(csv.reader(handle))


def _as_text(register: Path, name: str) -> str:
    """The query that reads a file of the register, every column as text."""
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in register_columns(register, name))
    return (
        f"from read_csv({literal(str(register / f'{name}.csv'))}, auto_detect = false, header = true, delim = ',', "
        f"quote = '\"', escape = '\"', columns = {{{types}}})"
    )


def _map(con: duckdb.DuckDBPyConnection, chosen: RegisterImport, path: Path, columns: list[str]) -> None:
    """mapped: the records of the list under the register's columns."""
    values = ", ".join(
        f"{_expression(chosen.mapping[name]) if name in chosen.mapping else 'NULL::VARCHAR'} as {identifier(name)}"
        for name in columns
        if name != "id"
    )
    filled = " or ".join(f"{identifier(name)} is not null" for name in chosen.source.column_names)
    con.execute(
        f"create table mapped as select {values}, _ligne from (select *, "
        f"{'' if _has_ordinal(con, path) else 'file_row_number + 1 as '}_ligne "
        f"from read_parquet({literal(str(path))}, file_row_number = true)) where {filled}"
    )


def _put_in_words(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Replace, in the closed columns of mapped, each word by the value that it means; one that means none stays."""
    words = register_words(settings.register)
    for column in words:
        found = con.execute(
            f"select distinct {identifier(column)} from mapped where {identifier(column)} is not null"
        ).fetchall()
        for (text,) in found:
            if (value := meant(words, column, text)) != text:
                con.execute(f"update mapped set {identifier(column)} = ? where {identifier(column)} = ?", [value, text])


def _set_known_apart(con: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    """raw.cas_usage: the mapped records not yet in the register, numbered after it; known: those it holds."""
    con.execute(
        "create table known as select m._ligne, 'collectivite : déjà au registre (' || min(r.id) || ')' as motif "
        "from mapped as m inner join register as r on nom_plat(r.collectivite) = nom_plat(m.collectivite) "
        "and (rtrim(r.source_url, '/') = rtrim(m.source_url, '/') or nom_plat(r.titre) = nom_plat(m.titre)) "
        "group by m._ligne"
    )
    others = ", ".join(identifier(name) for name in columns if name != "id")
    con.execute(
        "create table raw.cas_usage as select 'v' || lpad(((select coalesce(max(try_cast(substr(id, 2) as integer)), 0) "
        "from register) + row_number() over (order by _ligne))::varchar, 3, '0') as id, "
        f"{others}, '' as _livraison, _ligne from mapped where _ligne not in (select _ligne from known)"
    )


def _has_ordinal(con: duckdb.DuckDBPyConnection, path: Path) -> bool:
    found = con.execute(f"describe select * from read_parquet({literal(str(path))})").fetchall()
    return "_ligne" in {row[0] for row in found}


def _expression(mapped: Mapped) -> str:
    """The SQL of one column of the register."""
    if mapped.constant is not None:
        return literal(mapped.constant)
    read = [f"texte_net({identifier(name)})" for name in mapped.read]
    text = read[0] if len(read) == 1 else f"nullif(concat_ws({literal(mapped.join)}, {', '.join(read)}), '')"
    if mapped.values:
        cases = " ".join(f"when {literal(key.strip().lower())} then {literal(to)}" for key, to in mapped.values.items())
        text = f"case lower({text}) {cases} else {text} end"
    return f"coalesce({text}, {literal(mapped.default)})" if mapped.default is not None else text


def _write(
    settings: Settings,
    chosen: RegisterImport,
    delivery: Delivery,
    columns: list[str],
    rows: list[tuple[str | None, ...]],
) -> Path:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    target = settings.data / FOLDER / f"{chosen.source.id}-{delivery.sha256[:8]}.csv"
    if target.is_file() and target.read_text(encoding="utf-8") != out.getvalue():
        raise UsageError(
            f"{target} existe déjà avec un autre contenu : il n'est pas remplacé. Le renommer ou le supprimer, puis relancer."
        )
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, out.getvalue())
    return target
