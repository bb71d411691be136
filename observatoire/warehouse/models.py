"""Finding the models of the warehouse and what each one reads."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from observatoire.errors import BuildFailed
from observatoire.storage import sha256_text
from observatoire.warehouse import by_row as by_row_model

LAYERS = ("raw", "staging", "core", "curated")
MACRO = re.compile(r"create\s+or\s+replace\s+macro\s+(\w+)\s*\(", re.IGNORECASE)
VIEW = re.compile(r"^-- A view\b", re.MULTILINE)
QUALIFIED = re.compile(r"\b(raw|staging|core|curated)\.(\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class Model:
    """One table of the warehouse. Exactly one of `sql` and `function` says how it is made.

    `definition` is everything but its inputs' content that decides the result: canonical SQL, spec, macros, code.
    """

    name: str
    inputs: frozenset[str]
    definition: str
    sql: str | None = None
    function: Callable[[Any], Any] | None = None
    path: Path | None = None
    view: bool = False
    by_row: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def layer(self) -> str:
        return self.name.split(".")[0]

    @property
    def table(self) -> str:
        return self.name.split(".")[1]


@dataclass(frozen=True)
class Macro:
    """One file of sql/macros may hold several; each is hashed by itself."""

    name: str
    statement: str


def load_models(
    sql_folder: Path, specs: Mapping[str, str], curated_types: Mapping[str, Mapping[str, str]]
) -> list[Model]:
    """The models of sql/staging, sql/core and sql/curated.

    `specs` holds the text of each curated table's specification, `curated_types` its column types. A staging or core
    model with a comment that begins with « A view » is not materialised: millions of rows are read where they are.
    One that begins with « Row by row » is typed record by record (see by_row).
    Raises BuildFailed naming the file when one cannot be parsed or breaks a rule of references.
    """
    macros = {macro.name: macro for macro in load_macros(sql_folder)}
    models = []
    for layer in LAYERS[1:]:
        for path in sorted((sql_folder / layer).glob("*.sql")):
            name = f"{layer}.{path.stem}"
            text = path.read_text(encoding="utf-8")
            parse(text, path)
            used = used_macros(text, macros)
            inputs = references(text, path).union(*(macro_references(macro) for macro in used))
            definition = canonical(text) + "".join(macro.statement for macro in used)
            by_row = layer == "staging" and by_row_model.MARK.search(text) is not None
            if by_row:
                by_row_model.check(parse(text, path), frozenset(inputs), f"sql/{layer}/{path.name}")
            view = layer in ("staging", "core") and VIEW.search(text) is not None
            models.append(
                Model(
                    name=name,
                    inputs=frozenset(inputs),
                    definition=sha256_text(
                        definition + specs.get(name, "") + ("view" if view else "by row" if by_row else "")
                    ),
                    sql=text.rstrip().rstrip(";"),
                    path=path,
                    view=view,
                    by_row=by_row,
                    columns=curated_types.get(name, {}),
                )
            )
    return models


def load_macros(sql_folder: Path) -> list[Macro]:
    """Every macro of sql/macros, in order of file then position."""
    macros = []
    for path in sorted((sql_folder / "macros").glob("*.sql")):
        text = re.sub(r"^\s*--.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        starts = [match.start() for match in MACRO.finditer(text)] + [len(text)]
        for start, end in itertools.pairwise(starts):
            statement = text[start:end].strip().rstrip(";")
            match = MACRO.match(statement)
            assert match
            macros.append(Macro(match.group(1).lower(), statement))
    return macros


def used_macros(text: str, macros: Mapping[str, Macro]) -> list[Macro]:
    """The macros a text calls, and those they call, each after those it calls (the order of `macros`)."""
    found: dict[str, Macro] = {}
    pending = [text]
    while pending:
        for name in _called(pending.pop()) & macros.keys() - found.keys():
            found[name] = macros[name]
            pending.append(macros[name].statement)
    return [macro for name, macro in macros.items() if name in found]


@cache
def _called(text: str) -> frozenset[str]:
    """The functions and macros that a text calls, and its words before a bracket."""
    return frozenset(word.lower() for word in re.findall(r"(\w+)\s*\(", text))


def macro_references(macro: Macro) -> set[str]:
    return {f"{layer}.{table}".lower() for layer, table in QUALIFIED.findall(macro.statement)}


@cache
def _statements(text: str) -> list[exp.Expr]:
    return [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]


def parse(text: str, path: Path) -> exp.Query:
    """The tree of a file that holds one SELECT, shared by those who read the same text. Raises BuildFailed otherwise."""
    try:
        statements = _statements(text)
    except SqlglotError as error:
        details = str(error).splitlines()[0]
        raise BuildFailed(
            f"{path.name} : SQL illisible ({details}). Corriger sql/{path.parent.name}/{path.name}."
        ) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise BuildFailed(f"sql/{path.parent.name}/{path.name} : un seul SELECT par fichier est attendu.")
    return statements[0]


@cache
def canonical(text: str) -> str:
    """The same text for the same query, whatever its layout and comments."""
    return ";".join(tree.sql(dialect="duckdb", comments=False, normalize=False) for tree in _statements(text))


@cache
def _named(text: str) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """The steps of a query, and the (layer, name) of what it reads by name, table functions left out."""
    [tree] = _statements(text)
    ctes = frozenset(cte.alias.lower() for cte in tree.find_all(exp.CTE))
    tables = (table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier))
    return ctes, tuple(dict.fromkeys((table.db.lower(), table.name.lower()) for table in tables))


def references(text: str, path: Path) -> set[str]:
    """The tables that one SELECT reads, as « layer.table ».

    Raises BuildFailed when a reference is not qualified and is no CTE in scope, or when a CTE hides a table read here.
    """
    place = f"sql/{path.parent.name}/{path.name}"
    ctes, tables = _named(text)
    found = set()
    for layer, name in tables:
        if layer:
            if layer not in LAYERS:
                raise BuildFailed(f"{place} : « {layer}.{name} » n'est pas d'un étage connu ({', '.join(LAYERS)}).")
            found.add(f"{layer}.{name}")
        elif name not in ctes:
            raise BuildFailed(f"{place} : la table « {name} » doit être qualifiée (raw., staging., core. ou curated.).")
    hidden = sorted(name for name in ctes if any(other.split(".")[1] == name for other in found))
    if hidden:
        raise BuildFailed(f"{place} : l'étape « {hidden[0]} » cache la table du même nom. La renommer.")
    return found


def in_order(models: Iterable[Model]) -> list[Model]:
    """Models so that each comes after what it reads, alphabetically where there is a choice.

    Raises BuildFailed on a reference to an unknown table or on a cycle.
    """
    from graphlib import CycleError, TopologicalSorter

    by_name = {model.name: model for model in models}
    for model in by_name.values():
        if unknown := sorted(model.inputs - by_name.keys()):
            raise BuildFailed(
                f"{model.name} lit « {unknown[0]} », qui n'existe pas. Corriger le nom ou ajouter le modèle."
            )
    sorter = TopologicalSorter({name: sorted(by_name[name].inputs) for name in sorted(by_name)})
    try:
        sorter.prepare()
    except CycleError as error:
        raise BuildFailed(f"Les modèles se lisent en rond : {' -> '.join(error.args[1])}.") from error
    ordered: list[Model] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [by_name[name] for name in ready]
        sorter.done(*ready)
    return ordered
