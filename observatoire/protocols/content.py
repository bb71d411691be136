"""What can be told of a file's content before any format reads it: a web page, a broken zip, a missing member."""

from __future__ import annotations

import contextlib
import fnmatch
import lzma
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from observatoire.errors import DeliveryRefused
from observatoire.french import octets
from observatoire.protocols.contract import aside
from observatoire.storage import CHUNK

HTML_TYPES = ("text/html", "application/xhtml+xml")
HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|script)\b",
    re.IGNORECASE | re.DOTALL,
)
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
HEAD = 4096
DEFAULT_MAX_BYTES = 2_000_000_000
MEMBERS_NAMED = 8

# All that zipfile raises on damaged, encrypted or exotic archives (for OSError, see `_readable_zip`).
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,  # encrypted member; NotImplementedError for an unknown compression is one too
    ValueError,
    OverflowError,
)


def is_html(head: bytes, media_type: str | None) -> bool:
    """Whether a body is a web page, by its declared type or by its first bytes."""
    return media_type in HTML_TYPES or bool(HTML_START.match(head))


def is_zip(head: bytes) -> bool:
    """Whether a body begins as a zip does (« PK » alone may begin a CSV header)."""
    return head.startswith(ZIP_STARTS)


def zip_fault(path: Path, member: str | None, max_bytes: int) -> str | None:
    """Why a zip cannot be used, in French, or None when every member reads back with its checksum.

    The members' declared sizes must hold together within `max_bytes`: nothing is inflated before that is known, and
    zipfile never inflates a member beyond its declared size.
    """
    try:
        with _readable_zip(path) as archive:
            _member(archive, member, max_bytes)
            if bad := archive.testzip():
                raise _ZipFault(f"dans le zip, « {bad} » est abîmé (somme de contrôle fausse)")
    except _ZipFault as fault:
        return str(fault)
    return None


def open_member(path: Path, member: str, into: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> Path:
    """Take one member out of the zip `path`: the path of its content, a file of the folder `into`.

    The file is named after both, so that the same member of two deliveries never meets; nothing of the member's own
    folders is used. Raises DeliveryRefused when the zip is damaged or the member absent, StorageError when `into`
    cannot be written.
    """
    target = into / f"{path.stem}.{PurePosixPath(member).name.replace('*', '_').replace('?', '_')}"
    try:
        with _readable_zip(path) as archive, aside(into, path.stem) as part:
            name = _member(archive, member, max_bytes)
            assert name
            with archive.open(name) as source, part.open("wb") as copy:
                shutil.copyfileobj(source, copy, CHUNK)
            part.replace(target)
    except _ZipFault as fault:
        raise DeliveryRefused(
            f"{path.name} : {fault}. Corriger « member » dans la spécification de la source, "
            "ou demander de nouveau la livraison."
        ) from fault
    return target


class _ZipFault(Exception):
    """What is wrong with a zip, in French, without a final stop."""


@contextlib.contextmanager
def _readable_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip at `path`, open; all that its damage makes zipfile raise becomes a _ZipFault."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except ZIP_ERRORS as error:
        raise _ZipFault(f"le zip est illisible ({_short(error)})") from error
    except OSError as error:
        if error.errno is not None:  # the disk, not the zip: bz2 says « Invalid data stream » without a number
            raise
        raise _ZipFault(f"le zip est illisible ({_short(error)})") from error


def _member(archive: zipfile.ZipFile, member: str | None, max_bytes: int) -> str | None:
    """The full name of the member asked for, which may be a pattern (« */donnees_????.csv »), None when none is.

    Refuses, from the list of members alone, an empty zip, an absent member, a pattern that several match, a bomb.
    """
    files = [info for info in archive.infolist() if not info.is_dir()]
    names = [info.filename for info in files]
    if not files:
        raise _ZipFault("le zip est vide")
    chosen = [name for name in names if member and (name == member or fnmatch.fnmatchcase(name, member))]
    if member in chosen:
        chosen = [member]
    if member and len(chosen) != 1:
        found = ", ".join(f"« {name} »" for name in (chosen or names)[:MEMBERS_NAMED])
        left = len(chosen or names) - MEMBERS_NAMED
        more = f" et {left} autres" if left > 0 else ""
        what = f"contient plusieurs « {member} » :" if chosen else f"ne contient pas « {member} » mais"
        raise _ZipFault(f"le zip {what} {found}{more}")
    if (size := sum(info.file_size for info in files)) > max_bytes:
        raise _ZipFault(
            f"le zip annonce {octets(size)} une fois décompressé, au-delà de la limite de {octets(max_bytes)}"
        )
    return chosen[0] if chosen else None


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
