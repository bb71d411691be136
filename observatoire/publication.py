"""From what the archive holds to the release in service: built, checked, written; kept as it is when nothing changed.

The writer's lock is held by whoever calls (`observatoire.pipeline`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.archive import Archive
from observatoire.clock import now
from observatoire.errors import BuildFailed, ChecksFailed, UsageError
from observatoire.ingest import Ingested, deliveries_in_use, required_missing
from observatoire.settings import Settings, register_inputs
from observatoire.sources.known import load_all_sources
from observatoire.sources.spec import Source
from observatoire.standing import Degraded, degraded_sources, stale_sources
from observatoire.state import record
from observatoire.storage import canonical_json, private_folder, sha256_text, storage_errors, write_atomically

if TYPE_CHECKING:
    from observatoire.quality.checks import CheckResult
    from observatoire.release.store import Release

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Report:
    """What a refresh did, for people and for --json.

    `degraded` are the sources that stand degraded when it ends, by this run or an older one; `rejects` the records that
    an analyst can correct, one line each; `set_aside` those of public sources, one line a source.
    """

    release: str | None
    new: bool
    perimeter: str | None = None
    predecessor: str | None = None
    ingested: list[Ingested] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    alerts: list[str] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    degraded: list[Degraded] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def remarks(self) -> list[str]:
        """One French line per delivery that was taken and that someone has to look at."""
        return [result.message for result in self.ingested if result.message and not result.degraded]

    @property
    def exit_code(self) -> int:
        return 3 if self.degraded or self.stale else 0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "exit_code": self.exit_code}


def release(
    settings: Settings,
    sources: dict[str, Source],
    ingested: list[Ingested],
    force: bool = False,
    tell: Tell | None = None,
) -> Report:
    """Build, check and release what is in use, and say which sources are degraded or stale, whatever this run collected.

    When nothing that decides the result changed since the current release, it
    is verified and kept as it is. Raises ChecksFailed listing what blocks, BuildFailed, StorageError; the current
    release then stays.
    """
    report = _release(settings, sources, ingested, force, tell)
    return replace(report, degraded=degraded_sources(settings), stale=stale_sources(settings))


def _release(
    settings: Settings, sources: dict[str, Source], ingested: list[Ingested], force: bool, tell: Tell | None
) -> Report:
    from observatoire.release.store import current_release, damaged_files

    if missing := required_missing(settings, sources):
        reasons = [result.message for result in ingested if result.source in missing and result.message]
        raise BuildFailed(
            f"Source requise sans livraison utilisable : {', '.join(missing)}. "
            + (reasons[0] if reasons else "La fournir.")
        )
    fingerprint = _fingerprint(settings, sources)
    current = current_release(settings)
    if (
        current
        and not force
        and _last_fingerprint(settings) == (fingerprint, current.id)
        and not damaged_files(current)
    ):
        _catch_up(settings, current)
        about = current.about()
        return Report(current.id, False, about["perimetre"], about["predecessor"], ingested, rows=about["tables"],
                      alerts=_last_said(settings, "alerts"), rejects=_last_said(settings, "rejects"),
                      set_aside=_last_said(settings, "set_aside"))  # fmt: skip
    return _release_anew(settings, sources, ingested, fingerprint, force, tell)


def _release_anew(
    settings: Settings,
    sources: dict[str, Source],
    ingested: list[Ingested],
    fingerprint: str,
    force: bool,
    tell: Tell | None,
) -> Report:
    from observatoire.build import build_and_check
    from observatoire.rejects import reject_lines, set_aside_lines
    from observatoire.release.store import current_release, make_current
    from observatoire.release.write import write_release

    if force:
        shutil.rmtree(settings.work, ignore_errors=True)
    previous = current_release(settings)
    moment = now()
    built = build_and_check(settings, sources, tell)
    with closing(built.con):
        blocking = [result for result in built.results if result.blocking]
        record(settings, "checks", blocking=[result.check.code for result in blocking])
        if blocking:
            kept = f"La version {previous.id} reste en service." if previous else "Rien n'est publié."
            raise ChecksFailed(f"{_listed(blocking)} {kept}")
        rejects, set_aside = reject_lines(built.con, sources), set_aside_lines(built.con, sources)
        if tell:
            tell("Publication", 1, 1)
        written, new = write_release(settings, built.con, built.contents, previous.id if previous else None, moment)
    if previous is None or previous.id != written.id:
        make_current(settings, written)
        record(settings, "release", id=written.id, predecessor=previous.id if previous else None)
    alerts = _alerts(built.results)
    write_atomically(
        settings.state / "last_build.json",
        canonical_json(
            {
                "fingerprint": fingerprint,
                "release": written.id,
                "alerts": alerts,
                "rejects": rejects,
                "set_aside": set_aside,
            }
        )
        + "\n",
    )
    _catch_up(settings, written)
    return Report(
        written.id, new or previous is None or previous.id != written.id, built.contents.perimeter,
        previous.id if previous and previous.id != written.id else written.about()["predecessor"],
        ingested, list(built.report.built), written.about()["tables"], alerts, rejects, set_aside, built.said,
    )  # fmt: skip


def _listed(blocking: Sequence[CheckResult]) -> str:
    """What blocks, in one line; the check of the results themselves only repeats the others."""
    causes = [result for result in blocking if result.check.table != "controles"] or list(blocking)
    shown = " ; ".join(result.message.rstrip(".") for result in causes[:5])
    return f"{shown} (et {len(causes) - 5} autres)." if len(causes) > 5 else f"{shown}."


def differences(settings: Settings, tell: Tell | None = None) -> list[str]:
    """Verify the archive, rebuild the current release in a folder of its own and compare every byte.

    Returns French lines, one per difference; empty when the current release is what its inputs give.
    """
    from observatoire.build import build_and_check
    from observatoire.release.store import SUMS, current_release, damaged_files
    from observatoire.release.write import write_release

    current = current_release(settings)
    if current is None:
        raise UsageError("Aucune version à vérifier. Lancer « observatoire refresh ».")
    sources = load_all_sources(settings)
    archive = Archive(settings.raw)
    used = [delivery for source in sources.values() for delivery in deliveries_in_use(settings, source)]
    found = [
        *archive.corrupted(used),
        *(f"{current.id} : {name} est abîmé ou manque." for name in damaged_files(current)),
    ]
    if found:
        return found
    private_folder(settings.work)
    with storage_errors(settings.work):
        folder = Path(tempfile.mkdtemp(prefix="audit-", dir=settings.work))
    try:
        aside = settings.with_data(folder)
        folder.joinpath("raw").symlink_to(settings.raw)
        folder.joinpath("state").symlink_to(settings.state)
        built = build_and_check(aside, sources, tell)
        with closing(built.con):
            rebuilt, _ = write_release(aside, built.con, built.contents, None, now())
        if rebuilt.id != current.id:
            return [
                f"La reconstruction donne {rebuilt.id}, la version en service est {current.id}. Lancer « observatoire refresh »."
            ]
        before, after = (_sums(path / SUMS) for path in (current.path, rebuilt.path))
        return [
            f"{current.id} : {name} diffère de la reconstruction."
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sums(path: Path) -> dict[str, str]:
    return {name: digest for digest, name in (line.split("  ", 1) for line in path.read_text().splitlines())}


def _catch_up(settings: Settings, current: Release) -> None:
    """Bring the vintages to the current release (also when a killed run left them behind)."""
    from observatoire.release.vintages import catch_up, vintages_folder

    mark = vintages_folder(settings) / "last.json"
    if mark.is_file() and json.loads(mark.read_text()).get("release") == current.id:
        return
    import duckdb

    with closing(duckdb.connect()) as con:
        catch_up(settings, con, current, now())


def _fingerprint(settings: Settings, sources: dict[str, Source]) -> str:
    """Everything that decides a release: deliveries in use, specifications, SQL, registers, code, DuckDB."""
    from importlib.metadata import version

    used = {
        source.id: [(d.key, d.date, d.date_origin, d.url) for d in deliveries_in_use(settings, source)]
        for source in sources.values()
    }
    package = Path(__file__).parent
    files = [*sorted(settings.sql.rglob("*.sql")), *sorted(settings.sql.rglob("*.yml")), *sorted(package.rglob("*.py"))]
    files += [settings.register / name for name in register_inputs(settings.register)]
    texts = [(path.name, sha256_text(path.read_text(encoding="utf-8"))) for path in files]
    specs = {name: source.model_dump(mode="json") for name, source in sources.items()}
    return sha256_text(canonical_json([used, texts, specs, version("duckdb")]))


def _last_build(settings: Settings) -> dict[str, Any]:
    path = settings.state / "last_build.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        return content
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _last_fingerprint(settings: Settings) -> tuple[str | None, str | None]:
    last = _last_build(settings)
    return last.get("fingerprint"), last.get("release")


def _last_said(settings: Settings, what: str) -> list[str]:
    """The alerts or rejects that the last build said."""
    return list(_last_build(settings).get(what, []))


def _alerts(results: Sequence[CheckResult]) -> list[str]:
    """What is published with the release and an analyst should look at."""
    return [result.message for result in results if result.status in ("violé", "inconnu")]
