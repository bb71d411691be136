"""Building the territorial part of the warehouse in a folder of its own, from real or invented deliveries."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.archive import Archive
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.settings import Settings, default_project
from observatoire.sources import load_sources
from observatoire.sources.spec import Arrival, HttpFileProtocol
from observatoire.territories import passages
from observatoire.warehouse import build_models, load_models, open_warehouse
from observatoire.warehouse.context import BuildContext, load_used
from observatoire.warehouse.models import Model, load_macros
from observatoire.warehouse.python_models import fact_model, python_models, source_of
from observatoire.warehouse.raw import raw_models
from tests.servers import Server

if TYPE_CHECKING:
    import duckdb

REGISTER = ("corrections", "territoires_cites", "univers_collectivites")
REAL = {
    ("cog_communes", "2025"): "insee-cog-2025/v_commune_2025.csv",
    ("cog_communes", "2026"): "insee-cog-2026/v_commune_2026.csv",
    ("cog_departements", "2025"): "insee-cog-2025/v_departement_2025.csv",
    ("cog_departements", "2026"): "insee-cog-2026/v_departement_2026.csv",
    ("cog_regions", "2025"): "insee-cog-2025/v_region_2025.csv",
    ("cog_regions", "2026"): "insee-cog-2026/v_region_2026.csv",
    ("cog_mouvements", "2025"): "insee-cog-2025/v_mvt_commune_2025.csv",
    ("cog_mouvements", "2026"): "insee-cog-2026/v_mvt_commune_2026.csv",
    ("epci_perimetres", "2025"): "dgcl-epci-2025/perimetre-epci-a-fp_datagouv_2025.csv",
    ("epcicom", "2025"): "dgcl-epci-2025/epcicom2025.xlsx",
    ("banatic_siren", "2024"): "banatic-siren-2024/banatic_siren_insee_2024.xlsx",
    ("populations", "2023"): "insee-populations-2023/donnees_communes.csv",
    ("contours_departements", "2025"): "geometries-2025/departements_2025_cogiter_wgs84.geojson",
    ("contours_regions", "2025"): "geometries-2025/regions_2025_cogiter_wgs84.geojson",
    ("contours_epci", "2025"): "geometries-2025/epci_2025_cogiter_wgs84.geojson",
}
PUBLISHED = (
    "curated.territoires", "curated.univers", "curated.passages", "curated.sources", "core.territoires_reparations",
)  # fmt: skip


def workspace(folder: Path) -> Settings:
    """Settings over an empty data folder, with the sources of the register ingested."""
    project = default_project()
    settings = Settings(project, folder / "data", project / "data" / "register", threads=2)
    sources = load_sources()
    for name in REGISTER:
        (result,) = ingest_source(settings, sources[name])
        assert not result.degraded, result.message
    return settings


def deliver(settings: Settings, source: str, vintage: str, content: bytes) -> Ingested:
    """Hand a small delivery over, as `observatoire ingest SOURCE --file` would, without the thresholds of size."""
    spec = load_sources()[source].model_copy(update={"arrival": Arrival()})
    folder = settings.data / "given"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source}-{vintage}"
    path.write_bytes(content)
    (result,) = ingest_source(settings, spec, path)
    return result


def replay_real(server: Server, shared: Path, folder: Path) -> None:
    """Put the real deliveries at their real addresses, in the zip they live in when they do."""
    sources = load_sources()
    for (name, vintage), file in REAL.items():
        protocol = sources[name].protocol
        assert isinstance(protocol, HttpFileProtocol)
        path = shared / "deliveries" / file
        if protocol.member:
            zipped = folder / f"{name}-{vintage}.zip"
            with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(path, protocol.member)
            path = zipped
        server.replay(protocol.vintages[vintage], path)


@cache
def real_reference(shared: Path) -> duckdb.DuckDBPyConnection:
    """The open warehouse built once from all the real deliveries, each one asked over HTTP at its own address."""
    folder = Path(tempfile.mkdtemp(prefix="reference-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = workspace(folder)
    sources = load_sources()
    with Server() as server:
        replay_real(server, shared, folder)
        online = replace(settings, mirror_url=server.url)
        for name, vintage in REAL:
            (result,) = ingest_source(online, sources[name], vintage=vintage)
            assert result.outcome == "nouvelle", result.message
    return build(settings, *PUBLISHED, "staging.contours_departements", "staging.contours_regions",
                 "staging.contours_epci")  # fmt: skip


def build(settings: Settings, *wanted: str) -> duckdb.DuckDBPyConnection:
    """The open warehouse with the wanted models and all that they read."""
    con, _ = open_warehouse(settings)
    sources = load_sources()
    archive = Archive(settings.raw)
    used = {n: load_used(settings, archive, s, deliveries_in_use(settings, s)) for n, s in sources.items()}
    context = BuildContext(con, settings, sources, used)
    sql = load_models(settings.sql, {}, {})
    found = [*raw_models(context), *sql, *python_models(context, [m for m in sql if m.layer == "staging"])]
    by_name = {model.name: model for model in found}
    by_name[passages.NAME] = fact_model(passages.NAME, passages.INPUTS, passages.lineages, source_of(passages))
    build_models(con, closure(by_name, wanted), load_macros(settings.sql), context)
    return con


def closure(models: dict[str, Model], wanted: Iterable[str]) -> list[Model]:
    """The wanted models and, one after the other, what they read."""
    names: set[str] = set()
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if name not in names:
            names.add(name)
            pending += models[name].inputs
    return [models[name] for name in sorted(names)]
