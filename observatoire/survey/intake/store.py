"""Where an edition is kept in data/restricted, how it is rebuilt, and how it is purged.

data/restricted/archive/                     pseudonymised deliveries, addressed by their hash, as data/raw for open sources
data/restricted/enquetes/NAME/EDITION/       reponses.parquet, and purge.json once purged
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.archive import Archive, Delivery
from observatoire.clock import now
from observatoire.errors import DeliveryRefused, SurveyError, UsageError
from observatoire.settings import Settings
from observatoire.state import record
from observatoire.storage import (
    canonical_json,
    fsync_folder,
    private_folder,
    sha256_file,
    storage_errors,
    write_atomically,
)
from observatoire.survey.intake.codebook import Codebook
from observatoire.survey.intake.codebook_file import load_codebooks
from observatoire.survey.intake.pseudonymised import Received, as_bytes, from_bytes
from observatoire.survey.intake.rows import Kept, kept_responses, long_tables, schema
from observatoire.survey.sampling.files import ANSWERS, edition_folder

if TYPE_CHECKING:
    import pyarrow as pa

TOMBSTONE = "purge.json"
# Made from answers: who answered, with which weight, and figures before anything is hidden. Protected figures stay.
DERIVED = ("poids.csv", "estimations.csv", "relances.csv")
DROP_MAX = 0.15  # as for open sources


@dataclass(frozen=True)
class Stored:
    """An edition after an import or a rebuild: its delivery, its rows and what was left out."""

    delivery: Delivery
    new: bool
    rows: int
    received: Received
    kept: Kept


def restricted_folder(settings: Settings, name: str, edition: str) -> Path:
    """The folder of an edition, made for its owner alone. Raises StorageError, UsageError on a name that is no plain one."""
    folder, root = edition_folder(settings, name, edition), settings.data / "restricted"
    for place in (root, folder.parent.parent, folder.parent, folder):
        private_folder(place)
    return folder


def archive_of(settings: Settings) -> Archive:
    """The archive of pseudonymised deliveries: under data/restricted, whose rules of access apply to it."""
    return Archive(settings.data / "restricted" / "archive")


def source_of(codebook: Codebook) -> str:
    """The name of an edition in the archive."""
    return f"{codebook.name}-{codebook.edition}"


def store(
    settings: Settings, codebook: Codebook, received: Received, origin: str, accept_fewer: bool = False
) -> Stored:
    """Archive a pseudonymised delivery and write the rows of its edition.

    `origin` says where it came from (an address, or the form of the file), never a file's name. The same answers again
    make no new delivery. Raises SurveyError when the edition was purged or was hashed with another key, DeliveryRefused
    when a share of its responses is gone (an export of a part of them?), unless `accept_fewer`.
    """
    folder = restricted_folder(settings, codebook.name, codebook.edition)
    refuse_purged(folder)
    _compare(settings, codebook, received, accept_fewer)
    archive, content = archive_of(settings), as_bytes(codebook, received)
    with _aside(archive.incoming, content) as path:
        delivery = Delivery(
            source=source_of(codebook),
            sha256=sha256_file(path),
            bytes=len(content),
            url=origin,
            first_seen=now(),
            licence="accès restreint",
            date=max((day for day in received.day if day), default=None),
            media_type="application/jsonl",
        )
        known = [item for item in archive.deliveries(delivery.source) if item.sha256 == delivery.sha256]
        if not known:
            archive.store(path, delivery)
    used = known[0] if known else delivery
    write_atomically(archive.root / "used" / f"{used.source}.json", canonical_json({"sha256": used.sha256}) + "\n")
    return _written(folder, codebook, received, used, new=not known)


def rebuild(settings: Settings, codebook: Codebook) -> Stored:
    """Write the rows of an edition again from the delivery in use. Raises UsageError when it was never imported."""
    folder = restricted_folder(settings, codebook.name, codebook.edition)
    refuse_purged(folder)
    delivery = in_use(settings, codebook)
    if delivery is None:
        raise UsageError(
            f"Aucune livraison de {codebook.name} {codebook.edition} dans l'archive. Importer d'abord un export : "
            f"« observatoire survey import {codebook.name} FICHIER »."
        )
    received = from_bytes(archive_of(settings).verified(delivery).read_bytes())
    return _written(folder, codebook, received, delivery, new=False)


def _compare(settings: Settings, codebook: Codebook, received: Received, accept_fewer: bool) -> None:
    """Pass a delivery that follows the one in use."""
    delivery = in_use(settings, codebook)
    if delivery is None:
        return
    before = from_bytes(archive_of(settings).verified(delivery).read_bytes())
    if before.key_mark != received.key_mark:
        raise SurveyError(
            f"La clé n'est pas celle des imports précédents de {codebook.name} {codebook.edition} : les mêmes réponses "
            "auraient d'autres identifiants. Reprendre la clé d'origine dans OBSERVATOIRE_SURVEY_KEY."
        )
    was, now_there = len(before.response), len(received.response)
    if now_there < was * (1 - DROP_MAX) and not accept_fewer:
        raise DeliveryRefused(
            f"Cet export a {now_there} réponses, le précédent {was} : il semble ne contenir qu'une partie des réponses. "
            "L'import précédent reste utilisé. Exporter toutes les réponses, ou donner --moins si la baisse est voulue."
        )


def in_use(settings: Settings, codebook: Codebook) -> Delivery | None:
    """The delivery that the rows of an edition come from: the last imported."""
    archive = archive_of(settings)
    deliveries = archive.deliveries(source_of(codebook))
    try:
        used = json.loads((archive.root / "used" / f"{source_of(codebook)}.json").read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        used = None  # lost: the newest delivery stands for it
    return next((item for item in deliveries if item.sha256 == used), deliveries[-1] if deliveries else None)


def refuse_purged(folder: Path) -> None:
    """Pass an edition that was never purged. Raises SurveyError otherwise."""
    path = folder / TOMBSTONE
    if path.is_file():
        raise SurveyError(
            f"{folder.parent.name} {folder.name} a été purgée (voir {TOMBSTONE} dans son dossier) : ses réponses ne se "
            "reprennent pas. Si la purge était une erreur, supprimer ce fichier, le dire au responsable des données, puis réimporter."
        )


def purge(settings: Settings, name: str, edition: str, reason: str, who: str) -> dict[str, Any]:
    """Delete every answer of an edition (rows, deliveries, bytes) and leave a tombstone; the facts it holds.

    What was drawn (tirage) stays: it holds no answer. A purge cut short goes on where it stopped when asked again.
    Raises UsageError when there is nothing of that edition.
    """
    folder, archive = edition_folder(settings, name, edition), archive_of(settings)
    source = f"{name}-{edition}"
    records = sorted((archive.root / "deliveries" / source).glob("*.json"))
    rows = folder / ANSWERS
    if not records and not rows.is_file():
        raise UsageError(f"Rien à purger : aucune réponse de {name} {edition}. Vérifier le nom et l'édition.")
    facts = {
        "enquete": name,
        "edition": edition,
        "purge_le": now(),
        "motif": reason,
        "auteur": who,
        "livraisons": [_hash_of(path) for path in records],
        "lignes_effacees": _rows_in(rows),
    }
    folder = restricted_folder(settings, name, edition)
    write_atomically(
        folder / TOMBSTONE, canonical_json(facts, indent=1) + "\n"
    )  # first: cut short, nothing is imported again
    with storage_errors(folder):
        for path in (rows, *(folder / name for name in DERIVED)):
            path.unlink(missing_ok=True)
        for path in records:
            digest = _hash_of(path)
            archive.object_path(digest).unlink(missing_ok=True)
            path.unlink()
        (archive.root / "used" / f"{source}.json").unlink(missing_ok=True)
        fsync_folder(folder)
    record(settings, "purge", **{key: value for key, value in facts.items() if key != "purge_le"})
    return facts


def overdue(settings: Settings, today: dt.date) -> list[str]:
    """Editions whose answers are kept beyond the date that their codebook says. Raises SpecError on a wrong codebook."""
    return [
        f"{codebook.name} {codebook.edition} à purger depuis le {codebook.keep_until:%d/%m/%Y}"
        for codebook in load_codebooks(settings.register)
        if codebook.keep_until and codebook.keep_until < today and in_use(settings, codebook)
    ]


def _hash_of(path: Path) -> str:
    return path.stem[-64:]


def _rows_in(path: Path) -> int:
    """Rows of a Parquet file; 0 when it is absent or cannot be read: it is deleted all the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.ParquetFile(path).metadata.num_rows) if path.is_file() else 0
    except pa.ArrowInvalid:
        return 0


def _written(folder: Path, codebook: Codebook, received: Received, delivery: Delivery, new: bool) -> Stored:
    kept = kept_responses(received, codebook.one_per_authority)
    rows = _write_parquet(folder / ANSWERS, long_tables(codebook, received, kept, delivery.sha256))
    return Stored(delivery, new, rows, received, kept)


def _write_parquet(path: Path, tables: Iterable[pa.Table]) -> int:
    """The number of rows, once written aside, fsynced and renamed; readable by its owner alone.

    Same rows, same pinned version, same bytes.
    """
    import pyarrow.parquet as pq

    rows = 0
    with storage_errors(path):
        descriptor, name = tempfile.mkstemp(prefix=".reponses.", suffix=".tmp", dir=path.parent)
        aside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                with pq.ParquetWriter(handle, schema(), compression="zstd") as writer:
                    for table in tables:
                        writer.write_table(table)
                        rows += table.num_rows
                handle.flush()
                os.fsync(handle.fileno())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        fsync_folder(path.parent)
    return rows


@contextmanager
def _aside(folder: Path, content: bytes) -> Iterator[Path]:
    """A file of `folder` with this content, readable by its owner alone; it is gone afterwards."""
    private_folder(folder)
    with storage_errors(folder):
        descriptor, name = tempfile.mkstemp(suffix=".part", dir=folder)
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)
