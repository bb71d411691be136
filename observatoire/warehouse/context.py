"""What a Python model may see while the warehouse is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.archive import Archive, Delivery
from observatoire.formats import Loaded, load_delivery, raw_path
from observatoire.settings import Settings
from observatoire.sources.spec import Source

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class UsedDelivery:
    """A delivery in use, what reading it gave, and the Parquet file of its raw rows."""

    delivery: Delivery
    loaded: Loaded
    path: Path


@dataclass(frozen=True)
class BuildContext:
    """The connection, the sources and the deliveries in use (by source, oldest vintage first)."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    sources: Mapping[str, Source]
    used: Mapping[str, tuple[UsedDelivery, ...]]

    def deliveries(self) -> list[UsedDelivery]:
        return [item for source in sorted(self.used) for item in self.used[source]]


def load_used(
    settings: Settings, archive: Archive, source: Source, deliveries: list[Delivery]
) -> tuple[UsedDelivery, ...]:
    """The raw rows of the deliveries in use of one source, read if they were not yet."""
    return tuple(
        UsedDelivery(delivery, load_delivery(settings, source, delivery, archive), raw_path(settings, source, delivery))
        for delivery in sorted(deliveries, key=lambda item: (item.vintage or "", item.sha256))
    )
