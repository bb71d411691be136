"""Whether a delivery that arrived can be used: its format, then the arrival thresholds, against the one in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from observatoire.archive import Archive, Delivery
from observatoire.clock import day_of
from observatoire.errors import ArchiveCorrupted, DeliveryRefused
from observatoire.formats import FormatRefused, Loaded, load_delivery, raw_path, read_bytes
from observatoire.french import percent
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sql_text import identifier, literal
from observatoire.storage import storage_errors


def judge(
    settings: Settings, source: Source, path: Path, delivery: Delivery, current: Delivery | None, of_any_age: bool
) -> Loaded:
    """Read the delivery and hold it against the arrival thresholds, and first its date against that of the one in use,
    unless it may be `of_any_age`. Raises DeliveryRefused with the whole message."""
    kept = f"la précédente ({_named(current)}) reste utilisée" if current else "aucune autre n'est disponible"
    name = f"{source.id} {delivery.vintage or ('' if delivery.by_hand else delivery.date) or ''}".strip()
    if delivery.by_hand:
        name += f", fichier « {delivery.url} »"
    advice = "Voir docs/analysts.md#"
    if reason := None if of_any_age else _older(source, delivery, current):
        raise DeliveryRefused(f"{name} : {reason}. Livraison refusée, {kept}. {advice}livraison-plus-ancienne")
    target = raw_path(settings, source, delivery)
    try:
        with storage_errors(target):
            loaded = read_bytes(settings, source.of_vintage(delivery.vintage), path, target)
    except FormatRefused as error:
        raise DeliveryRefused(f"{name} : {error}. Livraison refusée, {kept}. {advice}{error.anchor}") from error
    anchor = "seuils-darrivee"
    reason = _shortfall(
        source, delivery, loaded, current, lambda d: load_delivery(settings, source, d, Archive(settings.raw))
    )
    if reason is None:
        anchor, reason = "date-future", _from_the_future(source, delivery, target)
    if reason:
        for made in (target, target.with_suffix(".json")):
            made.unlink(missing_ok=True)
        raise DeliveryRefused(f"{name} : {reason}. Livraison refusée, {kept}. {advice}{anchor}")
    return loaded


def _older(source: Source, delivery: Delivery, current: Delivery | None) -> str | None:
    """Why a delivery does not replace a newer one, in French. Only dates that something states compare; increments add up."""
    if current is None or source.mode == "increment":
        return None
    if not (delivery.date_stated and current.date_stated) or (delivery.date or "") >= (current.date or ""):
        return None
    return (
        f"livraison du {delivery.date}, plus ancienne que celle utilisée ({current.date}) ; "
        "pour l'utiliser tout de même, la redonner avec « --revenir »"
    )


def _from_the_future(source: Source, delivery: Delivery, read: Path) -> str | None:
    """Which record is dated after the day of arrival, in French; None when no column is watched or none is.

    The newest date of the register is that of a release: a slip would date every figure.
    """
    import duckdb

    day = day_of(delivery.first_seen)
    for column in source.arrival.past:
        named = identifier(column)
        with duckdb.connect() as con:
            found = con.execute(
                f"select file_row_number + 1, {named} from read_parquet({literal(str(read))}, file_row_number = true) "
                f"where try_cast({named} as date) > date {literal(day)} order by 1 limit 1"
            ).fetchone()
        if found:
            return f"enregistrement {found[0]}, colonne « {column} » : {found[1]} est après aujourd'hui ({day})"
    return None


def _named(current: Delivery) -> str:
    """How a refusal names the delivery in use: of a file given by hand, the day it was taken is no date of its own."""
    if not current.by_hand:
        return current.label
    given = f"« {current.url} », prise le {day_of(current.first_seen)}"
    return f"{current.vintage}, {given}" if current.vintage else given


def nothing_new(source: Source, loaded: Loaded) -> bool:
    """Whether an increment is empty: the source was asked for what is new, and nothing is."""
    return source.mode == "increment" and loaded.rows == 0 and not loaded.bad_records


def _shortfall(
    source: Source, delivery: Delivery, loaded: Loaded, current: Delivery | None, load: Callable[[Delivery], Loaded]
) -> str | None:
    """Which arrival threshold a delivery misses, in French; None when it satisfies all."""
    limits = source.arrival
    if current and nothing_new(source, loaded):
        return None
    if delivery.bytes < limits.bytes_min:
        return f"{delivery.bytes} octets, au moins {limits.bytes_min} attendus"
    if loaded.rows < limits.rows_min:
        return f"{loaded.rows} enregistrements, au moins {limits.rows_min} attendus"
    if current is None or source.mode == "increment":  # two increments have no size in common
        return None
    if delivery.bytes < current.bytes * (1 - limits.bytes_drop_max):
        drop = percent(limits.bytes_drop_max)
        return f"{delivery.bytes} octets au lieu de {current.bytes} (baisse de plus de {drop})"
    try:
        before = load(current).rows
    except (ArchiveCorrupted, FormatRefused):
        return None
    if loaded.rows < before * (1 - limits.rows_drop_max):
        drop = percent(limits.rows_drop_max)
        return f"{loaded.rows} enregistrements au lieu de {before} (baisse de plus de {drop})"
    return None
