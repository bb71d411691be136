"""The `register` protocol: a hand-kept file of data/register, copied as it stands."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from observatoire.errors import FetchFailed
from observatoire.protocols.contract import Ask, Fetched, aside
from observatoire.sources.spec import RegisterProtocol
from observatoire.storage import CHUNK, fsync_file


def fetch(ask: Ask) -> Fetched:
    """A copy of the register's file. Its date is unknown here: the register's journal knows it.

    Raises FetchFailed when the file is missing or cannot be read, DeliveryRefused when it is empty.
    """
    protocol = ask.source.protocol
    assert isinstance(protocol, RegisterProtocol)
    origin = ask.settings.register / protocol.file
    with aside(ask.folder, ask.source.id) as path:
        digest, size = _copy(ask, origin, path)
        if size == 0:
            raise ask.refused(f"le fichier {origin} est vide", "Le rétablir depuis git.")
    return Fetched(path=path, url=f"data/register/{protocol.file}", sha256=digest, bytes=size)


def _copy(ask: Ask, origin: Path, path: Path) -> tuple[str, int]:
    """Copy `origin` to `path`; the SHA-256 and the number of bytes copied."""
    digest, size = hashlib.sha256(), 0
    try:
        source = origin.open("rb")
    except OSError as error:
        raise _unreadable(ask, origin, error) from error
    with source, path.open("wb") as target:
        total = os.fstat(source.fileno()).st_size
        while block := source.read(CHUNK):
            digest.update(block)
            size += target.write(block)
            if ask.progress:
                ask.progress(size, total)
    fsync_file(path)
    return digest.hexdigest(), size


def _unreadable(ask: Ask, origin: Path, error: OSError) -> FetchFailed:
    if isinstance(error, FileNotFoundError):
        return ask.failed(
            f"le fichier {origin} n'existe pas", f"Le rétablir depuis git, ou corriger « file » dans {ask.spec_path}."
        )
    return ask.failed(f"le fichier {origin} ne peut pas être lu ({error.strerror})", "Vérifier les droits du fichier.")
