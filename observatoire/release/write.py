"""Making a release from the warehouse: written aside, identified by its content, moved into place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.errors import BuildFailed
from observatoire.figures.definitions import Definition
from observatoire.quality.spec import Check, TableSpec
from observatoire.release import documents
from observatoire.release.store import BUILDING, Release, complete, damaged_files, releases_folder, write_sums
from observatoire.release.tables import content_hash, write_table
from observatoire.settings import Settings
from observatoire.sources.licences import NOTICE
from observatoire.sources.spec import Source
from observatoire.sql_text import identifier
from observatoire.storage import canonical_json, fsync_folder, sha256_text, storage_errors, write_atomically

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Contents:
    """What a release is made of besides the rows of the warehouse."""

    specs: Mapping[str, TableSpec]
    checks: Mapping[str, Sequence[Check]]
    sources: Sequence[Source]
    definitions: Sequence[Definition]
    vocabularies: Mapping[str, Mapping[str, Mapping[str, Any]]]
    perimeter: str
    inputs: Mapping[str, bytes]


def release_identity(con: duckdb.DuckDBPyConnection, contents: Contents) -> tuple[str, str]:
    """The id of the release (date of the newest delivery, 8 hex digits) and its whole identity.

    The identity is the hash of the logical content of the tables and of what describes them.
    """
    tables = [(name, content_hash(con, contents.specs[name])) for name in sorted(contents.specs)]
    described = {name: contents.specs[name].model_dump(mode="json") for name in sorted(contents.specs)}
    defined = [definition.model_dump() for definition in contents.definitions]
    identity = sha256_text(canonical_json([tables, described, defined, contents.vocabularies, contents.perimeter]))
    row = con.execute("select max(date_livraison) from core.livraisons").fetchone()
    if not row or row[0] is None:
        raise BuildFailed(
            "Aucune livraison n'est datée : une version ne peut pas être nommée. Compléter historique.csv."
        )
    return f"{row[0].isoformat()}-{identity[:8]}", identity


def write_release(
    settings: Settings, con: duckdb.DuckDBPyConnection, contents: Contents, predecessor: str | None, released_at: str
) -> tuple[Release, bool]:
    """The release of what the warehouse holds, and whether it is new.

    An existing intact release with the same identity is returned as it is; a damaged one is written again.
    Raises StorageError when the disk is full or cannot be written: nothing then changed.
    """
    release_id, identity = release_identity(con, contents)
    target = releases_folder(settings) / release_id
    release = Release(target)
    if target.is_dir() and not damaged_files(release):
        return release, False
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=BUILDING, dir=settings.curated))
        try:
            folder.chmod(0o755)
            rows = _write_files(con, contents, release_id, folder)
            _keep_inputs(settings, contents.inputs, folder)
            write_sums(folder)
            about = {
                "id": release_id,
                "identity": identity,
                "predecessor": predecessor,
                "released_at": released_at,
                "perimetre": contents.perimeter,
                "tables": rows,
            }
            complete(folder, about)
            if target.is_dir():
                target.rename(target.with_name(f".damaged-{target.name}"))
            folder.rename(target)
            fsync_folder(target.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(target.with_name(f".damaged-{target.name}"), ignore_errors=True)
    return release, True


def clear_unfinished(settings: Settings) -> None:
    """Remove what a killed run left aside; only the holder of the writer's lock calls this."""
    for path in settings.curated.glob(BUILDING + "*") if settings.curated.is_dir() else []:
        shutil.rmtree(path, ignore_errors=True)
    for path in (settings.raw / "incoming").glob("*"):
        shutil.rmtree(path, ignore_errors=True)


def _write_files(con: duckdb.DuckDBPyConnection, contents: Contents, release_id: str, folder: Path) -> dict[str, int]:
    rows = {}
    for name in sorted(contents.specs):
        write_table(con, contents.specs[name], folder / f"{name}.parquet")
        counted = con.execute(f"select count(*) from curated.{identifier(name)}").fetchone()
        rows[name] = int(counted[0]) if counted else 0
    used = {row[0] for row in con.execute("select distinct source from core.livraisons").fetchall()}
    sources = [source for source in contents.sources if source.id in used]
    tables = tables_of_sources(con, contents.specs)
    vocabularies = contents.vocabularies
    texts = {
        "dictionnaire.csv": documents.dictionary_csv(contents.specs, vocabularies),
        "dictionnaire_fr.md": documents.dictionary_markdown(contents.specs, vocabularies, "fr"),
        "dictionary_en.md": documents.dictionary_markdown(contents.specs, vocabularies, "en"),
        "definitions.md": documents.definitions_markdown(contents.definitions),
        "datapackage.json": documents.datapackage(
            release_id, contents.specs, vocabularies, sources, rows, contents.perimeter, tables
        ),
        "suites.json": documents.suites(contents.checks),
        "LISEZMOI.md": documents.reading_notes(rows, contents.perimeter, sources),
        NOTICE: documents.notice(sources, tables),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return rows


def tables_of_sources(con: duckdb.DuckDBPyConnection, specs: Mapping[str, TableSpec]) -> dict[str, list[str]]:
    """Per source, the published tables that hold rows of it: those whose rows carry a licence."""
    found: dict[str, list[str]] = {}
    for name in sorted(specs.keys() - {"sources", "livraisons"}):
        columns = {column.name for column in specs[name].columns}
        if "licence" in columns:
            for row in con.execute(f"select distinct source from ({_origins(name, columns)}) order by 1").fetchall():
                found.setdefault(str(row[0]), []).append(name)
    return found


def _origins(table: str, columns: Collection[str]) -> str:
    """The query of the source of each row of a table: what the row says, else that of its delivery."""
    rows = f"curated.{identifier(table)}"
    if "source" in columns:
        return f"select source from {rows}"
    if "sources" in columns:
        return f"select unnest(sources) as source from {rows}"
    return f"select l.source from {rows} as t inner join core.livraisons as l on l.livraison = t.livraison"


def _keep_inputs(settings: Settings, inputs: Mapping[str, bytes], folder: Path) -> None:
    """Keep the SQL, specifications and registers by hash, once for all releases, and list them in inputs.json."""
    listed = {}
    for name, content in sorted(inputs.items()):
        digest = sha256_text(content.decode("utf-8"))
        listed[name] = digest
        kept = settings.curated / "inputs" / digest[:2] / digest
        if not kept.is_file():
            write_atomically(kept, content)
    write_atomically(folder / "inputs.json", canonical_json(listed, indent=1) + "\n")
