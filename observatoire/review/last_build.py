"""Reading the warehouse as the last build left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from observatoire.errors import BuildFailed, StorageError
from observatoire.settings import Settings

if TYPE_CHECKING:
    import duckdb


@contextmanager
def last_build(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads the warehouse.

    Raises BuildFailed when there is none or when it has not what is read of it, StorageError when a build holds it.
    """
    import duckdb

    if not settings.warehouse.is_file():
        raise BuildFailed("Rien n'est construit : lancer « observatoire build » puis relancer.")
    try:
        con = duckdb.connect(str(settings.warehouse), read_only=True)
    except duckdb.Error as error:
        raise StorageError(
            f"{settings.warehouse} ne peut pas être lu (une construction est-elle en cours ?). Attendre puis relancer."
        ) from error
    with closing(con):
        try:
            yield con
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise BuildFailed(
                "L'entrepôt vient d'une version plus ancienne du programme : lancer « observatoire build » puis relancer."
            ) from error
