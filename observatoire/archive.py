"""The archive: deliveries exactly as received, addressed by the SHA-256 of their bytes, never changed.

data/raw/objects/ab/abcd…            the bytes
data/raw/deliveries/SOURCE/KEY.json  what is known of each accepted delivery (KEY = sha256, or VINTAGE-sha256)
data/raw/refused/SOURCE/KEY.json     the same for refused ones, with the reason: nothing received is lost
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from observatoire.errors import ArchiveCorrupted
from observatoire.storage import canonical_json, fsync_folder, sha256_file, storage_errors, write_atomically

# What says the date of a delivery (list date_origine of vocabulaires.yml), the surest first.
REGISTER, ANALYST, FILE, SERVER, ARRIVAL = ORIGINS = ("registre", "analyste", "fichier", "serveur", "arrivee")


@dataclass(frozen=True)
class Delivery:
    """Bytes that a source delivered. `date` is the ISO date they carry as a fact, `date_origin` what says it: ARRIVAL
    where nothing does (see `observatoire.delivery_date`), None in records older than this was kept."""

    source: str
    sha256: str
    bytes: int
    url: str
    first_seen: str
    licence: str
    vintage: str | None = None
    date: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    media_type: str | None = None
    date_origin: str | None = None

    @property
    def key(self) -> str:
        return f"{self.vintage}-{self.sha256}" if self.vintage else self.sha256

    @property
    def date_stated(self) -> bool:
        """Whether something says the date: the day bytes came tells nothing of their age."""
        return self.date is not None and self.date_origin not in (None, ARRIVAL)

    @property
    def by_hand(self) -> bool:
        """Whether a file was given in the place of the address: `url` is then a bare file name."""
        return "/" not in self.url

    @property
    def label(self) -> str:
        """How messages name the delivery: its vintage, else its date, else the beginning of its hash."""
        if self.date_origin == ARRIVAL and not self.vintage:
            return f"arrivée le {self.date}"
        return self.vintage or self.date or self.sha256[:8]


@dataclass(frozen=True)
class Archive:
    """The folder data/raw."""

    root: Path

    def object_path(self, sha256: str) -> Path:
        """Where the bytes of that hash are, or would be."""
        return self.root / "objects" / sha256[:2] / sha256

    @property
    def incoming(self) -> Path:
        """Where bytes arrive before they are judged; emptied by the writer."""
        return self.root / "incoming"

    def store(self, received: Path, delivery: Delivery) -> None:
        """Move `received` into the archive and record the delivery.

        An object already there is verified, and replaced when its bytes no longer match its address.
        """
        self._keep(received, delivery.sha256)
        write_atomically(self._record(delivery), canonical_json(asdict(delivery), indent=1) + "\n")

    def refuse(self, received: Path, delivery: Delivery, reason: str) -> None:
        """Keep refused bytes beside the reason, out of the way of builds."""
        self._keep(received, delivery.sha256)
        path = self.root / "refused" / delivery.source / f"{delivery.key}.json"
        write_atomically(path, canonical_json({**asdict(delivery), "reason": reason}, indent=1) + "\n")

    def deliveries(self, source: str) -> list[Delivery]:
        """Accepted deliveries of a source, oldest first. Raises ArchiveCorrupted when a record is unreadable."""
        folder = self.root / "deliveries" / source
        found = [self._read(path) for path in sorted(folder.glob("*.json"))]
        return sorted(found, key=lambda delivery: (delivery.first_seen, delivery.key))

    def find(self, sha256: str) -> Delivery | None:
        """Any accepted delivery with these bytes (the first by source, then key)."""
        for path in sorted((self.root / "deliveries").glob(f"*/*{sha256}.json")):
            return self._read(path)
        return None

    def verified(self, delivery: Delivery) -> Path:
        """The path of a delivery's bytes, after checking them against their address.

        Raises ArchiveCorrupted when they are missing or changed.
        """
        path = self.object_path(delivery.sha256)
        if not path.is_file():
            raise ArchiveCorrupted(self._message(delivery, "a disparu de l'archive"))
        if path.stat().st_size != delivery.bytes or sha256_file(path) != delivery.sha256:
            raise ArchiveCorrupted(self._message(delivery, "est corrompu dans l'archive"))
        return path

    def corrupted(self, deliveries: Iterable[Delivery]) -> list[str]:
        """One message per delivery whose bytes are missing or changed."""
        messages = []
        for delivery in deliveries:
            try:
                self.verified(delivery)
            except ArchiveCorrupted as error:
                messages.append(str(error))
        return messages

    def forget_validators(self, delivery: Delivery) -> None:
        """Ask for these bytes without conditions next time: they are no longer here."""
        unconditional = replace(delivery, etag=None, last_modified=None)
        write_atomically(self._record(delivery), canonical_json(asdict(unconditional), indent=1) + "\n")

    def _message(self, delivery: Delivery, what: str) -> str:
        place = self.object_path(delivery.sha256).relative_to(self.root.parent)
        return (
            f"{delivery.source} {delivery.label} : {place} {what}. Restaurer ce fichier depuis une sauvegarde, "
            f"ou lancer « observatoire ingest {delivery.source} » pour le reprendre à sa source."
        )

    def _read(self, path: Path) -> Delivery:
        try:
            return Delivery(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            place, source = path.relative_to(self.root.parent), path.parent.name
            raise ArchiveCorrupted(
                f"{source} : {place} est illisible. Restaurer ce fichier depuis une sauvegarde, ou le supprimer puis "
                f"lancer « observatoire ingest {source} »."
            ) from error

    def _record(self, delivery: Delivery) -> Path:
        return self.root / "deliveries" / delivery.source / f"{delivery.key}.json"

    def _keep(self, received: Path, sha256: str) -> None:
        target = self.object_path(sha256)
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file() and sha256_file(target) == sha256:
                received.unlink()
                return
            received.replace(target)
            target.chmod(0o444)
            fsync_folder(target.parent)
