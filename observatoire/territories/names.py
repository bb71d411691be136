"""Names resolved to SIREN: the models sql/core/noms_*.sql, run over any table of names.

The pipeline runs these models as they are, over core.noms_a_resoudre. `resolve` runs the very same files over another
table, for a measurement, a benchmark or a one-off list.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import BuildFailed, UsageError

if TYPE_CHECKING:
    import duckdb

SQL = Path(__file__).resolve().parents[2] / "sql"
INPUT = "core.noms_a_resoudre"
STEPS = ("noms_indices", "noms_plats", "noms_lectures", "noms_exacts", "noms_proches", "noms_resolus")
INPUT_COLUMNS = ("nom_id", "nom", "type_indice", "territoire_indice", "siret", "code_postal")


def resolve(
    con: duckdb.DuckDBPyConnection,
    source: str,
    target: str,
    sql: Path = SQL,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, float]:
    """Create the table `target`, one row for each row of `source`, with the columns of core.noms_resolus.

    `source` has the columns nom_id (unique), nom, type_indice, territoire_indice, siret and code_postal, all text.
    The macros of sql/macros, core.territoires, core.noms_territoires, core.noms_decisions and staging.noms_* must exist
    in `con`. Returns the seconds of each step; `progress` is told them as they end.
    Raises UsageError when a column is missing, BuildFailed when a model cannot be run.
    """
    import duckdb

    try:
        present = {str(row[0]) for row in con.execute(f"describe {source}").fetchall()}
    except duckdb.Error as error:
        raise UsageError(f"La table « {source} » ne peut pas être lue. Donner une table de noms existante.") from error
    if missing := [name for name in INPUT_COLUMNS if name not in present]:
        raise UsageError(f"La table « {source} » n'a pas la colonne « {missing[0]} ». L'ajouter, au besoin vide.")
    seconds: dict[str, float] = {}
    try:
        for step in STEPS:
            start = time.perf_counter()
            created = target if step == STEPS[-1] else f"temp.{step}"
            kind = "temp table" if created.startswith("temp.") else "table"
            con.execute(f"create or replace {kind} {created} as {rendered(step, source, sql)}")
            seconds[step] = time.perf_counter() - start
            if progress:
                progress(step, seconds[step])
    except duckdb.Error as error:
        raise BuildFailed(f"sql/core/{step}.sql : {str(error).splitlines()[0]}. Corriger ce modèle.") from error
    finally:
        for step in STEPS[:-1]:
            con.execute(f"drop table if exists temp.{step}")
    return seconds


def rendered(step: str, source: str, sql: Path = SQL) -> str:
    """The text of a model that reads `source` and the other steps' temporary tables."""
    text = (sql / "core" / f"{step}.sql").read_text(encoding="utf-8").rstrip().rstrip(";")
    others = "|".join(STEPS)
    text = re.sub(rf"\bcore\.({others})\b", r"temp.\1", text)
    return re.sub(rf"\b{re.escape(INPUT)}\b", source, text)
