"""Opening the warehouse, a disposable DuckDB file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from observatoire.errors import StorageError
from observatoire.settings import Settings
from observatoire.sql_text import literal
from observatoire.storage import private_folder, storage_errors

if TYPE_CHECKING:
    import duckdb


def configure(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Apply the settings of the machine, and those that make results the same everywhere."""
    con.execute(f"set threads = {settings.threads or 2}")
    if settings.memory_limit:
        con.execute(f"set memory_limit = {literal(settings.memory_limit)}")
    con.execute(f"set temp_directory = {literal(str(settings.work / 'tmp'))}")
    for option in ("autoinstall_known_extensions", "autoload_known_extensions"):
        con.execute(f"set {option} = false")
    con.execute("set TimeZone = 'UTC'")


def open_warehouse(settings: Settings) -> tuple[duckdb.DuckDBPyConnection, str | None]:
    """The warehouse and, when its file could not be read and was made anew, a French line saying so.

    Raises StorageError when another program holds the file, or when the folder cannot be written.
    """
    import duckdb

    private_folder(settings.work)
    said = None
    try:
        con = duckdb.connect(str(settings.warehouse))
    except duckdb.Error as error:
        if "lock on file" in str(error):
            holder = re.search(r"PID \d+", str(error))
            raise StorageError(
                f"{settings.warehouse} est ouvert par un autre programme{f' ({holder[0]})' if holder else ''}. "
                "Le fermer puis relancer."
            ) from error
        with storage_errors(settings.warehouse):
            for path in settings.work.glob("warehouse.duckdb*"):
                path.unlink()
        con = duckdb.connect(str(settings.warehouse))
        said = "Entrepôt illisible : il est reconstruit depuis data/raw (rien n'est perdu)."
    configure(con, settings)
    return con, said
