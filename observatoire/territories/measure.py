"""Measuring the resolution of names on the warehouse as it stands, without changing it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import storage_errors
from observatoire.territories.evaluate import ADJUDICATIONS, Measure, evaluate, truth_of_decp, truth_of_fonds_vert
from observatoire.warehouse import connection


def measure_names(settings: Settings, fonds_vert: Path | None, decp: Sequence[Path]) -> list[Measure]:
    """Measures by source and type, from the SIREN declared in a Fonds vert export and in 2019 DECP files.

    Works on a copy of the warehouse, which must hold the whole reference. Raises UsageError when it does not, or when a
    file is missing.
    """
    for path in [*([fonds_vert] if fonds_vert else []), *decp]:
        if not path.is_file():
            raise UsageError(f"Fichier « {path} » introuvable. Vérifier le chemin donné à --fonds-vert ou --decp.")
    if fonds_vert is None and not decp:
        raise UsageError("Aucune vérité à comparer. Donner --fonds-vert FICHIER, --decp FICHIER, ou les deux.")
    if not settings.warehouse.is_file():
        raise UsageError("L'entrepôt n'est pas construit. Lancer « observatoire refresh ».")
    import duckdb

    with tempfile.TemporaryDirectory(dir=settings.work) as folder:
        copy = Path(folder) / "entrepot.duckdb"
        with storage_errors(copy):
            shutil.copyfile(settings.warehouse, copy)
        with closing(duckdb.connect(str(copy))) as con:
            connection.configure(con, settings)
            row = con.execute("select perimetre from core.perimetre").fetchone()
            if row != ("complet",):
                raise UsageError(
                    "La référence territoriale est embarquée : la mesure n'aurait pas de sens. Prendre d'abord la "
                    "référence complète (docs/territories.md), puis relancer « observatoire refresh »."
                )
            truths = []
            if fonds_vert:
                truth_of_fonds_vert(con, fonds_vert, "main.verite_fonds_vert")
                truths.append("main.verite_fonds_vert")
            for position, hinted in enumerate((True, False)) if decp else []:
                truth_of_decp(con, decp, f"main.verite_decp_{position}", hinted)
                truths.append(f"main.verite_decp_{position}")
            return evaluate(con, truths, adjudications=ADJUDICATIONS if ADJUDICATIONS.is_file() else None)
