"""Measuring the resolution of names on the warehouse as it stands, without changing it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import storage_errors
from observatoire.territories.evaluate import ADJUDICATIONS, Measure, evaluate, truth_of_decp, truth_of_fonds_vert
from observatoire.warehouse import connection

if TYPE_CHECKING:
    import duckdb

NOT_BUILT = "L'entrepôt n'est pas construit. Lancer « observatoire refresh »."


def measure_names(settings: Settings, fonds_vert: Path | None, decp: Sequence[Path]) -> list[Measure]:
    """Measures by source and type, from the SIREN declared in a Fonds vert export and in 2019 DECP files.

    Works on a copy of the warehouse, which must hold the whole reference. Raises UsageError when it does not, or when a
    file is missing or is of another kind.
    """
    for path in [*([fonds_vert] if fonds_vert else []), *decp]:
        if not path.is_file():
            raise UsageError(f"Fichier « {path} » introuvable. Vérifier le chemin donné à --fonds-vert ou --decp.")
    if fonds_vert is None and not decp:
        raise UsageError("Aucune vérité à comparer. Donner --fonds-vert FICHIER, --decp FICHIER, ou les deux.")
    if not settings.warehouse.is_file():
        raise UsageError(NOT_BUILT)
    import duckdb

    with tempfile.TemporaryDirectory(dir=settings.work) as folder:
        copy = Path(folder) / "entrepot.duckdb"
        with storage_errors(copy):
            shutil.copyfile(settings.warehouse, copy)
        with closing(duckdb.connect(str(copy))) as con:
            connection.configure(con, settings)
            try:
                row = con.execute("select perimetre from core.perimetre").fetchone()
            except duckdb.Error as error:
                raise UsageError(NOT_BUILT) from error
            if row != ("complet",):
                raise UsageError(
                    "La référence territoriale est embarquée : la mesure n'aurait pas de sens. Prendre d'abord la "
                    "référence complète (docs/territories.md), puis relancer « observatoire refresh »."
                )
            truths = []
            if fonds_vert:
                truths.append(_truth(con, "fonds_vert", "un export du Fonds vert", [fonds_vert],
                                     lambda table: truth_of_fonds_vert(con, fonds_vert, table)))  # fmt: skip
            if decp:
                truths.append(_truth(con, "decp", "du DECP 2019 en JSON", decp,
                                     lambda table: truth_of_decp(con, decp, table, hinted=True)))  # fmt: skip
                truths.append(_truth(con, "decp_nu", "du DECP 2019 en JSON", decp,
                                     lambda table: truth_of_decp(con, decp, table, hinted=False)))  # fmt: skip
            return evaluate(con, truths, adjudications=ADJUDICATIONS if ADJUDICATIONS.is_file() else None)


def _truth(
    con: duckdb.DuckDBPyConnection, name: str, kind: str, files: Sequence[Path], read: Callable[[str], None]
) -> str:
    """The table that `read` makes of the files. Raises UsageError when they are not of that kind or name nobody."""
    import duckdb

    table, given = f"main.verite_{name}", ", ".join(f"« {path} »" for path in files)
    try:
        read(table)
        row = con.execute(f"select count(*) from {table}").fetchone()
    except duckdb.Error as error:
        raise UsageError(f"{given} : ce n'est pas {kind}. Donner le fichier tel que reçu.") from error
    if row == (0,):
        raise UsageError(f"{given} : aucun nom à comparer ; ce n'est pas {kind}. Donner le fichier tel que reçu.")
    return table
