"""What the measures are made against: the labelled texts and pairs of the project, and deliveries given as files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.sql_text import literal

if TYPE_CHECKING:
    import duckdb

GOLD = Path("tests") / "gold"


def checked_draw(con: duckdb.DuckDBPyConnection, labelled: Path, half: str, draw: int | None) -> str | None:
    """The draw as the column `vague` of a labelled file writes it; None for all of them.

    Raises UsageError, with the draws of that half, when it has no such one.
    """
    if draw is None:
        return None
    rows = con.execute(
        f"select distinct vague from read_csv({literal(str(labelled))}, all_varchar = true) where moitie = $1 order by vague",
        [half],
    ).fetchall()
    known = [str(row[0]) for row in rows]
    if str(draw) not in known:
        raise UsageError(
            f"--vague {draw} : tirage inconnu de la moitié « {half} » de {GOLD / labelled.name} (tirages : "
            f"{', '.join(known)}). Donner l'un d'eux, ou retirer --vague pour les prendre tous."
        )
    return str(draw)


def read_given(con: duckdb.DuckDBPyConnection, settings: Settings, option: str, source_id: str, path: Path) -> None:
    """Create the temporary table `source_id` (all text): the records of a file, read as a delivery of that source.

    Raises UsageError when the file is missing, or is not a delivery of that source.
    """
    from observatoire.formats import FormatRefused, read_bytes
    from observatoire.sources.spec import load_sources

    source = load_sources(settings.extra_sources)[source_id]
    remedy = f"Donner une livraison de « {source.title} » telle que reçue."
    if not path.is_file():
        reason = "c'est un dossier, un fichier est attendu" if path.is_dir() else "ce fichier n'existe pas"
        raise UsageError(f"{option} {path} : {reason}. {remedy}")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{source_id}.parquet"
        try:
            loaded = read_bytes(settings, source, path, target)
        except FormatRefused as error:
            raise UsageError(f"{option} {path} : {error}. {remedy}") from error
        if not loaded.rows:
            raise UsageError(f"{option} {path} : aucun enregistrement. {remedy}")
        con.execute(f"create temp table {source_id} as from read_parquet({literal(str(target))})")
