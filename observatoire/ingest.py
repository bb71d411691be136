"""Taking deliveries in: fetch, read, judge against the delivery in use, archive. What is refused changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from observatoire.archive import Archive, Delivery
from observatoire.arrival import judge, nothing_new
from observatoire.clock import day_of, now
from observatoire.delivery_date import date_given, dated, dated_again, redated, remarks
from observatoire.errors import ArchiveCorrupted, DeliveryRefused, FetchFailed, UsageError
from observatoire.formats import FormatRefused
from observatoire.french import count
from observatoire.protocols import Fetched, NotModified, Validators, fetch
from observatoire.settings import Settings
from observatoire.soundness import forget_lost, store
from observatoire.sources.spec import Source
from observatoire.sql_text import identifier, literal
from observatoire.state import SourceState, read_source_state, record, write_source_state
from observatoire.storage import private_folder, sha256_file, storage_errors

Outcome = Literal["nouvelle", "inchangée", "refusée", "échec"]
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Ingested:
    """What came of asking one source (or one of its vintages) for its delivery; `rows` counts a new one's records,
    `redated` tells that the date of known bytes changed.

    `message` is one French line: why it is degraded, or what to look at in a delivery that was taken.
    """

    source: str
    vintage: str | None
    outcome: Outcome
    message: str | None = None
    delivery: Delivery | None = None
    rows: int | None = None
    redated: bool = False

    @property
    def degraded(self) -> bool:
        return self.outcome in ("refusée", "échec")

    @property
    def unpublished(self) -> bool:
        """Whether it changed something that no release takes account of yet."""
        return self.outcome == "nouvelle" or self.redated

    def told(self, detail: str = "") -> str:
        """What came of it in one French line: why it was refused, or what was taken in, with that detail of it, and what there
        is to look at."""
        if self.degraded and self.message:
            return self.message
        name = f"{self.source} {self.vintage or ''}".strip()
        counted = "" if self.rows is None else f", {count(self.rows, 'enregistrement')}"
        return f"{name} : livraison {self.outcome}{counted}{detail}. {self.message or ''}".strip()


def ingest_source(
    settings: Settings,
    source: Source,
    file: Path | None = None,
    vintage: str | None = None,
    progress: Progress | None = None,
    date: str | None = None,
    back: bool = False,
) -> list[Ingested]:
    """Ask a source for each of its vintages, or only for `vintage`; take the given file in the place of its address.
    `date` is the file's own, when its analyst knows it; `back` takes a file that is older than the delivery in use.

    A refusal or a network failure is a result, not an exception: the delivery in use stays in use, and the source is
    degraded. A refused file given by hand tells nothing of the source: it is said, kept aside, and the source stands
    where it stood. Raises UsageError when `file` is missing, when `vintage` is unknown or cannot be told, when `date`
    is no past day, when it or `back` comes without a file; StorageError on a full disk.
    """
    archive = Archive(settings.raw)
    given = date_given(date, file)
    if back and file is None:
        raise UsageError("On revient à un fichier que l'on donne : ajouter « --file CHEMIN », ou ôter « --revenir ».")
    state = read_source_state(settings, source.id)
    forget_lost(settings, archive, source)
    results = []
    for asked in _vintages_asked(source, file, vintage):
        result, state = _ingest_one(settings, archive, source, asked, file, given, back, state, progress)
        results.append(result)
    failures = [result.message or "" for result in results if result.degraded]
    if failures and file:
        return results
    state = replace(state, message=" ; ".join(failures)) if failures else state.recovered()
    write_source_state(settings, state)
    return results


def deliveries_in_use(settings: Settings, source: Source) -> list[Delivery]:
    """The deliveries a build takes: for each vintage the last one accepted or seen again; of increments, all of them.

    When data/state was lost, the archive answers: the last first seen.
    """
    known = {delivery.key: delivery for delivery in Archive(settings.raw).deliveries(source.id)}
    if source.mode == "increment":
        return list(known.values())
    latest = {delivery.vintage or "": delivery for delivery in known.values()}
    chosen = read_source_state(settings, source.id).in_use
    return [known.get(chosen.get(vintage, ""), last) for vintage, last in sorted(latest.items())]


def _ingest_one(
    settings: Settings,
    archive: Archive,
    source: Source,
    vintage: str | None,
    file: Path | None,
    given: str | None,
    back: bool,
    state: SourceState,
    progress: Progress | None,
) -> tuple[Ingested, SourceState]:
    moment = _moment(archive, source)
    current = _current(archive, source, vintage, state)
    for received_in in (settings.raw, settings.work):  # what is received and read may name persons
        private_folder(received_in)
    with storage_errors(archive.incoming):
        archive.incoming.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=source.id + "-", dir=archive.incoming))
    try:
        received = _receive(settings, source, vintage, file, current, folder, progress)
        if isinstance(received, NotModified) or (current and received.sha256 == current.sha256):
            assert current
            before = current
            if not isinstance(received, NotModified):
                current = _seen_again(settings, archive, source, current, received, given, moment)
            return _same(settings, source, vintage, received, before, current, state, moment)
        known = _known(archive, source, vintage, received)
        delivery = _delivery(settings, source, vintage, received, known, given, moment)
        try:
            of_any_age = back or file is None  # what an address answers is what its producer now holds
            loaded = judge(settings, source, received.path, delivery, current, of_any_age)
        except DeliveryRefused as error:
            archive.refuse(received.path, delivery, str(error))
            _log(settings, source, vintage, "refusée", str(error), delivery)
            return Ingested(source.id, vintage, "refusée", str(error), delivery), state.failed(str(error), moment)
        if current and nothing_new(source, loaded):
            return _same(settings, source, vintage, received, current, current, state, moment)
        store(settings, archive, source, received.path, delivery)
        said = _said(source, received, known, delivery)
        _log(settings, source, vintage, "nouvelle", said, delivery)
        taken = Ingested(source.id, vintage, "nouvelle", said, delivery, loaded.rows)
        return taken, state.used(vintage, delivery.key, moment)
    except (DeliveryRefused, FetchFailed) as error:
        outcome: Outcome = "refusée" if isinstance(error, DeliveryRefused) else "échec"
        _log(settings, source, vintage, outcome, str(error), None)
        return Ingested(source.id, vintage, outcome, str(error)), state.failed(str(error), moment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _same(
    settings: Settings,
    source: Source,
    vintage: str | None,
    received: Fetched | NotModified,
    before: Delivery,
    current: Delivery,
    state: SourceState,
    moment: str,
) -> tuple[Ingested, SourceState]:
    """What comes of asking a source that has nothing else than the delivery in use, known `before` as it then was."""
    said = _said(source, received, before, current)
    _log(settings, source, vintage, "inchangée", said, current)
    changed = redated(received, before, current) is not None
    same = Ingested(source.id, vintage, "inchangée", said, current, redated=changed)
    return same, state.used(vintage, current.key, moment)


def _said(source: Source, received: Fetched | NotModified, before: Delivery | None, delivery: Delivery) -> str | None:
    """What to look at in a delivery that was taken: what its protocol says of it, and its date."""
    return " ".join(filter(None, (received.remark, *remarks(source, received, before, delivery)))) or None


def _moment(archive: Archive, source: Source) -> str:
    """Now; of increments, at least a second after the last one, whose records this one may replace."""
    moment = now()
    known = archive.deliveries(source.id) if source.mode == "increment" else []
    if not known or known[-1].first_seen < moment:
        return moment
    return (datetime.fromisoformat(known[-1].first_seen) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _receive(
    settings: Settings,
    source: Source,
    vintage: str | None,
    file: Path | None,
    current: Delivery | None,
    folder: Path,
    progress: Progress | None,
) -> Fetched | NotModified:
    if file is None:
        previous = Validators(current.etag, current.last_modified, current.url) if current else None
        since = asked_since(settings, source)
        return fetch(
            source, settings, vintage=vintage, previous=previous, folder=folder, progress=progress, since=since
        )
    copy = folder / file.name
    with storage_errors(folder):
        shutil.copyfile(file, copy)
    size = copy.stat().st_size
    if size == 0:
        raise DeliveryRefused(f"{source.id} : {file.name} est vide. Livraison refusée. Donner le bon fichier.")
    return Fetched(copy, file.name, sha256_file(copy), size, None, None, None, None)


def asked_since(settings: Settings, source: Source) -> str | None:
    """The ISO date from which an incremental source is asked (see `Since`); None for the others.

    Only the archive decides it. What was lost from the archive, and all that came after, is asked for again.
    """
    if source.since is None:
        return None
    import duckdb

    from observatoire.warehouse.context import load_used
    from observatoire.warehouse.raw import delivery_query

    found, archive = [source.since.start], Archive(settings.raw)
    text = f"left({identifier(source.since.column)}, 10)"
    with duckdb.connect() as con:
        for delivery in deliveries_in_use(settings, source):
            try:
                (item,) = load_used(settings, archive, source, [delivery])
            except (ArchiveCorrupted, FormatRefused):
                break
            row = con.execute(
                f"select max(try_cast({text} as date)) - {source.since.overlap_days} "
                f"from ({delivery_query(source, item)}) where {text} <= {literal(day_of(delivery.first_seen))}"
            ).fetchone()
            if row and row[0]:
                found.append(row[0].isoformat())
    return max(found)


def _delivery(
    settings: Settings,
    source: Source,
    vintage: str | None,
    received: Fetched,
    known: Delivery | None,
    given: str | None,
    moment: str,
) -> Delivery:
    """What is known of bytes that are not in use; `known` from the time when they were."""
    when = dated(settings, source, received, given, moment)
    if known and known.date_stated:
        when = dated_again(known, when)
    return Delivery(
        source=source.id,
        sha256=received.sha256,
        bytes=received.bytes,
        url=_url(known, received),
        first_seen=moment,
        licence=source.licence,
        vintage=vintage,
        date=when.day,
        date_origin=when.origin,
        etag=received.etag,
        last_modified=received.last_modified,
        media_type=received.media_type,
    )


def _seen_again(
    settings: Settings,
    archive: Archive,
    source: Source,
    current: Delivery,
    received: Fetched,
    given: str | None,
    moment: str,
) -> Delivery:
    """The same bytes again. The record follows a new date, and a damaged object is mended with the bytes received.

    Bytes first given as a file take the address where they were seen: the next request can then be conditional.
    Another name of the same file is none of that: the release would change with it.
    """
    when = dated_again(current, dated(settings, source, received, given, moment))
    again = replace(
        current, date=when.day, date_origin=when.origin, url=_url(current, received), etag=received.etag,
        last_modified=received.last_modified,
    )  # fmt: skip
    if again != current or archive.corrupted([current]):
        store(settings, archive, source, received.path, again)
    return again


def _url(known: Delivery | None, received: Fetched) -> str:
    """Where bytes come from: an address is worth more than the name of a file, what was said first than what is said again."""
    return known.url if known and not (known.by_hand and "/" in received.url) else received.url


def _known(archive: Archive, source: Source, vintage: str | None, received: Fetched) -> Delivery | None:
    """The delivery that these bytes already were, when another one has taken its place."""
    found = (d for d in archive.deliveries(source.id) if (d.sha256, d.vintage) == (received.sha256, vintage))
    return next(found, None)


def _current(archive: Archive, source: Source, vintage: str | None, state: SourceState) -> Delivery | None:
    known = {d.key: d for d in archive.deliveries(source.id) if d.vintage == vintage}
    return known.get(state.in_use.get(vintage or "", ""), next(reversed(known.values()), None))


def _vintages_asked(source: Source, file: Path | None, vintage: str | None) -> list[str | None]:
    """The vintages to ask for. A file belongs to the one given, to the only one, or to the one its name holds."""
    listed = ", ".join(source.vintages) or "aucun"
    if vintage is not None and vintage not in source.vintages:
        raise UsageError(f"{source.id} : millésime « {vintage} » inconnu (connus : {listed}).")
    if file is not None and not file.is_file():
        raise UsageError(f"Fichier « {file} » introuvable. Vérifier le chemin donné.")
    if vintage is not None:
        return [vintage]
    if file is None or len(source.vintages) < 2:
        return [*source.vintages] or [None]
    named = [known for known in source.vintages if known in file.name]
    if len(named) != 1:
        raise UsageError(f"{source.id} a plusieurs millésimes ({listed}) : dire lequel avec --millesime.")
    return [named[0]]


def _log(
    settings: Settings,
    source: Source,
    vintage: str | None,
    outcome: Outcome,
    message: str | None,
    delivery: Delivery | None,
) -> None:
    facts: dict[str, str | None] = {"source": source.id, "vintage": vintage, "outcome": outcome}
    if message:
        facts["message"] = message
    if delivery:
        facts["sha256"] = delivery.sha256
    record(settings, "ingest", **facts)


def required_missing(settings: Settings, sources: Mapping[str, Source]) -> list[str]:
    """Required sources that have no usable delivery."""
    return [source.id for source in sources.values() if source.required and not deliveries_in_use(settings, source)]
