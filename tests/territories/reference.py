"""Building the territorial part of the warehouse in a folder of its own, from real or invented deliveries."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.archive import Archive
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.settings import Settings, default_project
from observatoire.sources import load_sources
from observatoire.territories import passages
from observatoire.warehouse import build_models, load_models, open_warehouse
from observatoire.warehouse.context import BuildContext, load_used
from observatoire.warehouse.models import Model, load_macros
from observatoire.warehouse.python_models import fact_model, python_models, source_of
from observatoire.warehouse.raw import raw_models

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


def workspace(folder: Path, threads: int = 2) -> Settings:
    """Settings over an empty data folder, with the sources of the register ingested."""
    project = default_project()
    settings = Settings(project, folder / "data", project / "data" / "register", threads=threads)
    sources = load_sources()
    for name in REGISTER:
        (result,) = ingest_source(settings, sources[name])
        assert not result.degraded, result.message
    return settings


def deliver(settings: Settings, source: str, vintage: str, content: Path | bytes) -> Ingested:
    """Hand one delivery over, as `observatoire ingest SOURCE --file` would."""
    folder = settings.data / "given"
    folder.mkdir(parents=True, exist_ok=True)
    spec = load_sources()[source]
    path = folder / f"{source}-{vintage}"
    member = getattr(spec.protocol, "member", None)
    if member and isinstance(content, Path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(content, member)
    elif isinstance(content, Path):
        shutil.copyfile(content, path)
    else:
        path.write_bytes(content)
    (result,) = ingest_source(settings, spec, path)
    return result


def deliver_real(settings: Settings, shared: Path, only: Iterable[tuple[str, str]] = REAL) -> None:
    """Hand over the real deliveries; a refusal is a failure."""
    for source, vintage in only:
        result = deliver(settings, source, vintage, shared / "deliveries" / REAL[source, vintage])
        assert not result.degraded, result.message


def build(settings: Settings, *wanted: str) -> duckdb.DuckDBPyConnection:
    """The open warehouse with the wanted models and all that they read."""
    con, _ = open_warehouse(settings)
    sources = load_sources()
    used = {
        name: load_used(settings, Archive(settings.raw), source, deliveries_in_use(settings, source))
        for name, source in sources.items()
    }
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
