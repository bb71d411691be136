"""Building the warehouse and running its checks: from the deliveries in use to tables ready to be released."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.archive import Archive
from observatoire.errors import BuildFailed
from observatoire.figures.definitions import load_definitions
from observatoire.formats import FormatRefused
from observatoire.ingest import deliveries_in_use
from observatoire.quality.checks import ROW_COLUMNS, ROW_TYPES, CheckResult, run_checks
from observatoire.quality.spec import TableSpec, checks_of, load_table_specs
from observatoire.release.write import Contents
from observatoire.settings import Settings, register_inputs
from observatoire.sources.spec import Source
from observatoire.storage import canonical_json
from observatoire.vocabularies import codes_by_list, load_vocabularies
from observatoire.warehouse import BuildReport, Model, build_models, load_models, open_warehouse
from observatoire.warehouse.context import BuildContext, load_used
from observatoire.warehouse.models import load_macros
from observatoire.warehouse.python_models import fact_model, python_models, values_query
from observatoire.warehouse.raw import raw_models

if TYPE_CHECKING:
    import duckdb

Tell = Callable[[str, int, int], None]
INVENTED = re.compile(rb"^fictitious:\s*true\b", re.MULTILINE)  # an invented survey is no input of a real release
AFTER_CHECKS = frozenset({"core.controles", "curated.controles"})


@dataclass(frozen=True)
class Built:
    """The warehouse as built (still open), what was run, the result of every check and what a release needs."""

    con: duckdb.DuckDBPyConnection
    report: BuildReport
    results: list[CheckResult]
    contents: Contents
    said: list[str]


def all_models(context: BuildContext, specs: Mapping[str, TableSpec]) -> list[Model]:
    """Every model but the table of check results: raw tables, the SQL files, the Python models."""
    settings = context.settings
    texts = {f"curated.{name}": canonical_json(spec.types) for name, spec in specs.items()}
    types = {f"curated.{name}": spec.types for name, spec in specs.items()}
    sql = load_models(settings.sql, texts, types)
    staging = [model for model in sql if model.layer == "staging"]
    return [*raw_models(context), *sql, *python_models(context, staging), results_model([])]


def results_model(results: list[CheckResult]) -> Model:
    """core.controles, the table of check results."""
    rows = [result.row() for result in results]
    return fact_model("core.controles", [], lambda _: values_query(ROW_COLUMNS, rows, ROW_TYPES), rows)


def build_and_check(settings: Settings, sources: Mapping[str, Source], tell: Tell | None = None) -> Built:
    """Bring the warehouse up to date and run every check.

    The table of check results is built last, from the results, then checked itself. Raises BuildFailed,
    ArchiveCorrupted, SpecError, ChecksFailed (a check that was not executed).
    """
    specs = load_table_specs(settings.sql)
    codes = codes_by_list(settings.register)
    checks = {name: checks_of(spec, codes) for name, spec in specs.items()}
    con, warning = open_warehouse(settings)
    try:
        context = _context(settings, sources, con)
        macros = load_macros(settings.sql)
        models = all_models(context, specs)
        first = build_models(con, models, macros, context, _telling(tell), skip=AFTER_CHECKS)
        perimeter = _perimeter(con)
        if tell:
            tell("Contrôles", 1, 1)
        others = {name: found for name, found in checks.items() if name != "controles"}
        results = run_checks(con, others, full=perimeter == "complet")
        models = [results_model(results) if model.name == "core.controles" else model for model in models]
        second = build_models(con, models, macros, context)
        results += run_checks(con, {"controles": checks["controles"]}, full=perimeter == "complet")
        report = BuildReport(
            (*first.built, *second.built), first.skipped, (*first.unchanged, *second.unchanged), first.seconds
        )
        contents = Contents(
            specs, checks, list(sources.values()), load_definitions(settings.register),
            load_vocabularies(settings.register), perimeter, release_inputs(settings),
        )  # fmt: skip
        return Built(con, report, results, contents, [warning] if warning else [])
    except BaseException:
        con.close()
        raise


def release_inputs(settings: Settings) -> dict[str, bytes]:
    """What a release was built with, by name: SQL, table specifications and the register's own definitions."""
    files = [*settings.sql.rglob("*.sql"), *settings.sql.rglob("*.yml")]
    inputs = {path.relative_to(settings.project).as_posix(): path.read_bytes() for path in files}
    read = {
        f"data/register/{name}": (settings.register / name).read_bytes() for name in register_inputs(settings.register)
    }
    return {**inputs, **{name: content for name, content in read.items() if not INVENTED.search(content)}}


def _context(settings: Settings, sources: Mapping[str, Source], con: duckdb.DuckDBPyConnection) -> BuildContext:
    archive = Archive(settings.raw)
    used = {}
    for source in sources.values():
        try:
            used[source.id] = load_used(settings, archive, source, deliveries_in_use(settings, source))
        except FormatRefused as error:
            raise BuildFailed(
                f"{source.id} : la livraison en usage n'est plus lisible avec sa spécification ({error}). "
                f"Corriger observatoire/sources/{source.id}.yml, ou reprendre la source."
            ) from error
    return BuildContext(con, settings, sources, used)


def _perimeter(con: duckdb.DuckDBPyConnection) -> str:
    row = con.execute("select perimetre from core.perimetre").fetchone()
    assert row
    return str(row[0])


def _telling(tell: Tell | None) -> Callable[[str, int, int], None] | None:
    return (lambda name, position, total: tell(f"Construction de {name}", position, total)) if tell else None


def schema_of(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The columns of every table of the warehouse, by « layer.table »."""
    rows: list[tuple[Any, ...]] = con.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns order by ordinal_position"
    ).fetchall()
    schema: dict[str, dict[str, str]] = {}
    for layer, table, column, kind in rows:
        schema.setdefault(f"{layer}.{table}", {})[column] = kind
    return schema
