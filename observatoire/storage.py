"""Writing files so that a crash at any line leaves either the old content or the new one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from observatoire.errors import StorageError

CHUNK = 1 << 20


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or an unwritable folder into one clear French line (StorageError)."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: "disque plein. Libérer de la place puis relancer : rien n'a été modifié",
            errno.EDQUOT: "quota de disque atteint. Libérer de la place puis relancer : rien n'a été modifié",
            errno.EROFS: "dossier en lecture seule. Donner le droit d'écrire ou changer OBSERVATOIRE_DATA_DIR",
            errno.EACCES: "droit d'écriture refusé. Donner le droit d'écrire ou changer OBSERVATOIRE_DATA_DIR",
            errno.EPERM: "droit d'écriture refusé. Donner le droit d'écrire ou changer OBSERVATOIRE_DATA_DIR",
        }
        if error.errno in reasons:
            raise StorageError(f"{error.filename or path} : {reasons[error.errno]}.") from error
        raise


def fsync_folder(folder: Path) -> None:
    """Make a rename inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make the content of `path` durable."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


OWNER_ONLY = 0o700


def private_folder(path: Path) -> None:
    """Make a folder, or what an older version left of it, one that its owner alone may enter. Raises StorageError."""
    with storage_errors(path):
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
        if path.stat().st_mode & 0o777 != OWNER_ONLY:
            path.chmod(OWNER_ONLY)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write aside, fsync, rename: readers see the old content or the new one, never a part of it."""
    data = content.encode() if isinstance(content, str) else content
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        aside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            aside.chmod(0o644)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        fsync_folder(path.parent)


def canonical_json(value: Any, indent: int | None = None) -> str:
    """JSON with sorted keys: the same value always gives the same text."""
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, separators=separators)


def append_line(path: Path, line: str) -> None:
    """Append one line and fsync it. A torn last line (power cut) is ended first, so that it spoils only itself."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as handle:
            if handle.seek(0, os.SEEK_END) > 0:
                handle.seek(-1, os.SEEK_END)
                if handle.read(1) != b"\n":
                    handle.write(b"\n")
            handle.write(line.encode() + b"\n")
            handle.flush()
            os.fsync(handle.fileno())


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def sha256_text(text: str) -> str:
    """Hexadecimal SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
