"""Running the models: what has not changed is skipped, and a result that comes out equal stops there."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.errors import BuildFailed, ObservatoireError, StorageError
from observatoire.sql_text import identifier, literal
from observatoire.storage import sha256_text
from observatoire.warehouse import by_row
from observatoire.warehouse.models import LAYERS, Macro, Model, in_order

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class BuildReport:
    """Names of the models run, of those left as they were, and of those run whose content came out equal."""

    built: tuple[str, ...]
    skipped: tuple[str, ...]
    unchanged: tuple[str, ...]
    seconds: dict[str, float]


def build_models(
    con: duckdb.DuckDBPyConnection,
    models: Sequence[Model],
    macros: Sequence[Macro],
    context: Any,
    progress: Callable[[str, int, int], None] | None = None,
    skip: frozenset[str] = frozenset(),
) -> BuildReport:
    """Bring every model but those of `skip` up to date, each in a transaction of its own.

    A model's key is its definition, its inputs' content hashes and DuckDB's version; a kill at any moment leaves
    every table consistent with its recorded key. Raises BuildFailed naming the model and its file.
    """
    import duckdb

    _prepare(con, macros)
    kept: dict[str, tuple[str, str]] = {
        name: (key, content)
        for name, key, content in con.execute("select name, key, content from meta.models").fetchall()
    }
    _forget(con, kept.keys() - {model.name for model in models})
    ordered = [model for model in in_order(models) if model.name not in skip]
    contents: dict[str, str] = {}
    built, skipped, unchanged = [], [], []
    seconds: dict[str, float] = {}
    for position, model in enumerate(ordered, 1):
        inputs = "".join(f"{name}={contents[name]};" for name in sorted(model.inputs))
        key = sha256_text(f"{duckdb.__version__}|{model.name}|{model.definition}|{inputs}")
        if model.name in kept and kept[model.name][0] == key:
            contents[model.name] = kept[model.name][1]
            skipped.append(model.name)
            continue
        if progress:
            progress(model.name, position, len(ordered))
        start = time.perf_counter()
        contents[model.name] = _build(con, model, key, context)
        seconds[model.name] = time.perf_counter() - start
        built.append(model.name)
        if model.name in kept and kept[model.name][1] == contents[model.name]:
            unchanged.append(model.name)
    return BuildReport(tuple(built), tuple(skipped), tuple(unchanged), seconds)


def _prepare(con: duckdb.DuckDBPyConnection, macros: Sequence[Macro]) -> None:
    for schema in (*LAYERS, "meta"):
        con.execute(f"create schema if not exists {schema}")
    con.execute("create table if not exists meta.models (name varchar primary key, key varchar, content varchar)")
    con.execute("create table if not exists meta.macros (content varchar)")
    content = sha256_text("".join(macro.statement for macro in macros))
    if con.execute("from meta.macros").fetchall() == [(content,)]:
        return
    con.execute("delete from meta.macros")  # a kill before the end leaves nothing said of them
    for (gone,) in con.execute(
        "select distinct function_name from duckdb_functions() where function_type like '%macro' and not internal"
    ).fetchall():
        if gone not in {macro.name for macro in macros}:
            con.execute(f"drop macro {identifier(gone)}")
    pending, attempts = list(macros), 0
    while pending:  # a macro may call one defined in a later file
        macro = pending.pop(0)
        try:
            con.execute(macro.statement)
            attempts = 0
        except Exception as error:
            pending.append(macro)
            attempts += 1
            if attempts > len(pending):
                raise BuildFailed(f"Macro {macro.name} : {_first_line(error)}. Corriger sql/macros.") from error
    con.execute("insert into meta.macros values (?)", [content])


def _forget(con: duckdb.DuckDBPyConnection, gone: set[str]) -> None:
    for name in sorted(gone):
        layer, table = name.split(".")
        drop(con, layer, table)
        drop(con, layer, "_" + table)
        _drop_by_row(con, layer, table)
        con.execute("delete from meta.models where name = ?", [name])


def _build(con: duckdb.DuckDBPyConnection, model: Model, key: str, context: Any) -> str:
    import duckdb

    con.execute("begin")
    try:
        physical = f"_{model.table}" if model.layer == "staging" else model.table
        if model.layer != "raw":
            drop(con, model.layer, physical)
            if not model.by_row:
                _drop_by_row(con, model.layer, model.table)
                _create(con, model, f"{model.layer}.{physical}", context)
        if model.layer == "raw":
            assert model.function
            drop(con, "raw", model.table)
            content = sha256_text(model.function(context))
        else:
            if model.by_row:
                _ends_with_its_place(con, model, f"({model.sql}\n)")
                content = by_row.build(con, model)
            if model.layer == "staging":
                _good_rows(con, model.name, f"staging.{physical}")
            if not model.by_row:
                content = key if model.view else content_hash(con, f"{model.layer}.{physical}")
        con.execute("insert or replace into meta.models values (?, ?, ?)", [model.name, key, content])
        con.execute("commit")
    except Exception as error:
        with contextlib.suppress(duckdb.Error):  # a damaged file may have closed the transaction
            con.execute("rollback")
        if isinstance(error, ObservatoireError):
            raise
        raise _explained(model, error) from error
    return content


def _good_rows(con: duckdb.DuckDBPyConnection, name: str, physical: str) -> None:
    """The view of the rows that no reason sets aside. Asking whether the first reason is null rather than how many there
    are: DuckDB would expect the latter to keep a fifth of the rows, and hold in memory millions of them in a join where
    it would hold the few of the other table (docs/decisions/012)."""
    con.execute(
        f"create or replace view {name} as select * exclude (_motifs) from {physical} "
        "where _motifs is not null and _motifs[1] is null"
    )


def _explained(model: Model, error: Exception) -> ObservatoireError:
    """The error to show: a full disk or a damaged warehouse is no fault of the model."""
    import duckdb

    place = f"sql/{model.layer}/{model.path.name}" if model.path else model.name
    text = _first_line(error)
    if "No space left on device" in str(error):
        return StorageError(f"{place} : disque plein. Libérer de la place puis relancer : rien n'a été modifié.")
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StorageError(f"{place} : dossier en lecture seule ({text}). Donner le droit d'écrire dans data/work.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return BuildFailed(f"{place} : mémoire insuffisante ({text}). Augmenter OBSERVATOIRE_MEMORY_LIMIT.")
    if isinstance(error, OSError | duckdb.IOException | duckdb.InternalException | duckdb.FatalException):
        return BuildFailed(f"{place} : {text}. Supprimer data/work puis relancer : tout y est refait depuis data/raw.")
    return BuildFailed(f"{place} : {text}. Corriger ce modèle.")


def _create(con: duckdb.DuckDBPyConnection, model: Model, target: str, context: Any) -> None:
    kind = "view" if model.view else "table"
    if model.function:
        result = model.function(context)
        if isinstance(result, str):
            con.execute(f"create table {target} as {result}")
        else:
            con.register("_result", result)
            con.execute(f"create table {target} as select * from _result")
            con.unregister("_result")
        return
    query = f"({model.sql}\n)"
    if model.layer == "staging":
        _ends_with_its_place(con, model, query)
    if model.columns:
        _same_columns(con, model, query)
        chosen = ", ".join(
            f"cast({identifier(name)} as {kind_}) as {identifier(name)}" for name, kind_ in model.columns.items()
        )
        query = f"(select {chosen} from {query})"
    con.execute(f"create {kind} {target} as select * from {query}")


def _ends_with_its_place(con: duckdb.DuckDBPyConnection, model: Model, query: str) -> None:
    described = [row[0] for row in con.execute(f"describe select * from {query}").fetchall()]
    if described[-3:] != ["_livraison", "_ligne", "_motifs"]:
        raise BuildFailed(f"{model.name} doit finir par _livraison, _ligne, _motifs. Corriger sql/staging.")


def _same_columns(con: duckdb.DuckDBPyConnection, model: Model, query: str) -> None:
    found = {row[0] for row in con.execute(f"describe select * from {query}").fetchall()}
    spec = f"sql/curated/{model.table}.yml"
    if missing := sorted(model.columns.keys() - found):
        raise BuildFailed(
            f"{model.name} : la colonne « {missing[0]} » de {spec} n'est pas dans le SELECT. L'y ajouter."
        )
    if extra := sorted(found - model.columns.keys()):
        raise BuildFailed(f"{model.name} : la colonne « {extra[0]} » n'est pas décrite. L'ajouter à {spec}.")


def content_hash(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Schema, count and sum of row hashes: equal for the same rows in any order (a XOR would lose pairs)."""
    schema = con.execute(f"describe {table}").fetchall()
    counted = con.execute(f"select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar from {table} t").fetchone()
    return sha256_text(f"{[(row[0], row[1]) for row in schema]}{counted}")


def _drop_by_row(con: duckdb.DuckDBPyConnection, layer: str, table: str) -> None:
    """Forget what a model kept of each record, when it is no longer made row by row or no longer exists."""
    if layer == "staging":
        drop(con, layer, by_row.kept(table))


def drop(con: duckdb.DuckDBPyConnection, layer: str, table: str) -> None:
    """Remove a table or a view of that name, whichever exists."""
    found = con.execute(
        "select table_type from information_schema.tables where table_schema = ? and table_name = ?", [layer, table]
    ).fetchone()
    if found:
        kind = "view" if found[0] == "VIEW" else "table"
        con.execute(f"drop {kind} {layer}.{identifier(table)}")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


def raw_view(con: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Create the view raw.TABLE."""
    con.execute(f"create or replace view raw.{identifier(table)} as {query}")


def text_list(values: Sequence[str]) -> str:
    """A SQL list of texts."""
    return "[" + ", ".join(literal(value) for value in values) + "]::VARCHAR[]"
