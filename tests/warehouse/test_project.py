"""The project's own graph: where a column comes from, what a new column and a new source cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from observatoire.build import schema_of
from observatoire.errors import BuildFailed
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.warehouse import load_models, open_warehouse
from observatoire.warehouse.lineage import column_origins
from tests.conftest import copy_project
from tests.helpers import Warehouse, ingest_register


@pytest.fixture(scope="module")
def usages(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The table of uses, built once from the register as it is."""
    project = copy_project(tmp_path_factory.mktemp("usages"))
    ingest_register(project)
    warehouse = Warehouse(project)
    warehouse.build("curated.usages")
    return warehouse


def origins(warehouse: Warehouse, column: str, sql: Path | None = None) -> list[str]:
    con, _ = open_warehouse(warehouse.settings)
    with con:
        schema = schema_of(con)
    models = {model.name: model for model in load_models(sql or warehouse.settings.sql, {}, {})}
    return column_origins(models, schema, "curated.usages", column)


def test_a_published_column_is_followed_down_to_the_register(usages: Warehouse) -> None:
    assert "raw.cas_usage.theme" in origins(usages, "theme")
    assert "raw.cas_usage.titre" in origins(usages, "titre")
    assert "raw.cas_usage.titre" not in origins(usages, "theme")
    assert origins(usages, "fournisseur") == ["raw.cas_usage.fournisseur"]
    assert {"raw.cas_usage.nature", "raw.cas_usage.ia_explicite", "raw.cas_usage.statut"} <= set(
        origins(usages, "confirme")
    )


def test_a_broken_lineage_is_seen(usages: Warehouse, project: Settings) -> None:
    path = project.sql / "staging" / "cas_usage.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("        t.theme,\n", "        t.titre as theme,\n", 1))
    assert "raw.cas_usage.theme" not in origins(usages, "theme", project.sql)


def test_a_second_build_builds_nothing(usages: Warehouse) -> None:
    assert usages.build("curated.usages").built == ()


def test_a_new_column_is_one_line_of_sql_and_one_entry_of_the_specification(usages: Warehouse) -> None:
    sql, spec = (usages.settings.sql / "curated" / f"usages.{kind}" for kind in ("sql", "yml"))
    before = sql.read_text(encoding="utf-8"), spec.read_text(encoding="utf-8")
    try:
        sql.write_text(before[0].replace("    u.titre,\n", "    u.titre,\n    length(u.titre) as longueur,\n", 1))
        with pytest.raises(BuildFailed, match=r"« longueur » n'est pas décrite\. L'ajouter à sql/curated/usages\.yml"):
            usages.build("curated.usages")
        entry = 'columns:\n  - {name: longueur, type: INTEGER, fr: "Longueur du titre.", en: "Length of the title."}\n'
        spec.write_text(before[1].replace("columns:\n", entry, 1), encoding="utf-8")
        assert usages.build("curated.usages").built == ("curated.usages",)
        assert usages.rows("select bool_and(longueur = length(titre)), count(*) from curated.usages") == [(True, 158)]
    finally:
        sql.write_text(before[0], encoding="utf-8")
        spec.write_text(before[1], encoding="utf-8")
        usages.build("curated.usages")


NEW = {
    "title": "Un essai",
    "description": "Une source de plus",
    "producer": "Personne",
    "licence": "Licence Ouverte 2.0",
    "attribution": "Personne",
    "protocol": {"name": "register", "file": "essai.csv"},
    "format": {"name": "csv", "delimiter": ";"},
    "key": ["code"],
    "cadence": "annuelle",
    "columns": ["code", "nom"],
}
STAGING = """\
with source as (
    select * from raw.essai
)

select
    code,
    upper(nom) as nom,
    _livraison,
    _ligne,
    motifs([motif(blanc(nom), 'nom', 'vide')]) as _motifs
from source
"""


def test_a_new_source_needs_no_python(project: Settings, tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "essai.yml").write_text(yaml.safe_dump(NEW), encoding="utf-8")
    (project.sql / "staging" / "essai.sql").write_text(STAGING, encoding="utf-8")
    settings = replace(project, extra_sources=tmp_path / "sources")
    assert "essai" in load_all_sources(settings)
    warehouse = Warehouse(settings)
    warehouse.build("staging.essai")
    assert warehouse.rows("select * from staging.essai") == [], "never ingested, it is an empty table"

    (project.register / "essai.csv").write_text("code;nom\n01;évreux\n02;\n03;lille\n", encoding="utf-8")
    result = ingest_register(settings, "essai")["essai"]
    assert result.outcome == "nouvelle"
    warehouse.build("staging.essai", "curated.sources", "curated.livraisons", "curated.rejets")
    assert warehouse.rows("select code, nom, _ligne from staging.essai") == [("01", "ÉVREUX", 1), ("03", "LILLE", 3)]
    assert warehouse.rows("select titre, protocole from curated.sources where source = 'essai'") == [
        ("Un essai", "register")
    ]
    assert warehouse.rows("select lignes, lignes_rejetees from curated.livraisons where source = 'essai'") == [(3, 1)]
    assert warehouse.rows("select ligne, cle, colonne, motif from curated.rejets where source = 'essai'") == [
        (2, "02", "nom", "vide")
    ]
