"""The releases on disk: where they are, which one is current, whether their bytes are intact."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import canonical_json, fsync_folder, sha256_file, storage_errors, write_atomically

SUMS = "SHA256SUMS"
ABOUT = "release.json"
BUILDING = ".building-"


@dataclass(frozen=True)
class Release:
    """A release as a folder. Everything but release.json is covered by SHA256SUMS."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def about(self) -> dict[str, Any]:
        """release.json: identity, predecessor, moment, perimeter, rows by table."""
        content: dict[str, Any] = json.loads((self.path / ABOUT).read_text())
        return content

    def tables(self) -> list[str]:
        return sorted(path.stem for path in self.path.glob("*.parquet"))


def releases_folder(settings: Settings) -> Path:
    return settings.curated / "releases"


def list_releases(settings: Settings) -> list[Release]:
    """Complete releases, oldest first by the moment they were released."""
    folder = releases_folder(settings)
    found = [Release(path) for path in folder.glob("[0-9]*") if (path / ABOUT).is_file()] if folder.is_dir() else []
    return sorted(found, key=lambda release: (release.about()["released_at"], release.id))


def current_release(settings: Settings) -> Release | None:
    """The release that `current` points to, resolved once; None before the first one."""
    link = settings.curated / "current"
    if not link.is_symlink():
        return None
    target = link.resolve()
    return Release(target) if (target / ABOUT).is_file() else None


def find_release(settings: Settings, name: str) -> Release:
    """A release by id, by the beginning of its id if it is the only one, or « current ».

    Raises UsageError listing the releases when there is no such one.
    """
    if name in ("current", "courante"):
        release = current_release(settings)
        if release is None:
            raise UsageError("Aucune version n'est encore publiée. Lancer « observatoire refresh ».")
        return release
    known = list_releases(settings)
    matching = [release for release in known if release.id == name] or [r for r in known if r.id.startswith(name)]
    if len(matching) != 1:
        listed = ", ".join(release.id for release in known[-5:]) or "aucune"
        raise UsageError(f"Version « {name} » inconnue ou ambiguë. Dernières versions : {listed}.")
    return matching[0]


def make_current(settings: Settings, release: Release) -> None:
    """Point `current` to a release, by one rename."""
    link = settings.curated / "current"
    aside = settings.curated / ".current.tmp"
    with storage_errors(link):
        aside.unlink(missing_ok=True)
        aside.symlink_to(Path("releases") / release.id)
        aside.replace(link)
        fsync_folder(settings.curated)


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over every file of the folder, in alphabetical order, in the format of sha256sum."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (SUMS, ABOUT))
    lines = [f"{sha256_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    write_atomically(folder / SUMS, "".join(lines))


def damaged_files(release: Release) -> list[str]:
    """Files that are missing or do not match SHA256SUMS; « SHA256SUMS » itself when it is missing."""
    sums = release.path / SUMS
    if not sums.is_file():
        return [SUMS]
    damaged = []
    for line in sums.read_text().splitlines():
        digest, name = line.split("  ", 1)
        path = release.path / name
        if not path.is_file() or sha256_file(path) != digest:
            damaged.append(name)
    return damaged


def complete(folder: Path, about: dict[str, Any]) -> None:
    """Make every byte of a release durable, then add release.json."""
    write_atomically(folder / ABOUT, canonical_json(about, indent=1) + "\n")
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        fsync_folder(path)
