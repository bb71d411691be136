"""A private column never enters the extracts of a release."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.warehouse.python_models import extract_rows
from tests.helpers import Warehouse, ingest_register


def test_extracts_leave_contacts_and_private_columns_out(project: Settings) -> None:
    register = project.register / "cas_usage.csv"
    text = register.read_text(encoding="utf-8")
    register.write_text(
        text.replace("Premier essai sur", "Contact : Jeanne Exemple, 06 12 34 56 78. Essai sur", 1), "utf-8"
    )
    ingest_register(project, "cas_usage", "corrections")
    warehouse = Warehouse(project)
    warehouse.build("core.extraits")
    (content,) = warehouse.rows("select contenu from core.extraits where cle = 'v001'")[0]
    assert json.loads(content)["titre"]
    assert "Contact : [nom retiré], [téléphone retiré]. Essai sur" in json.loads(content)["description"]

    cases = load_all_sources(project)["cas_usage"]
    columns = tuple(c.model_copy(update={"private": c.name == "titre"}) for c in cases.columns)
    hidden = SimpleNamespace(sources={"cas_usage": cases.model_copy(update={"columns": columns})})
    (content,) = warehouse.rows(f"select contenu from ({extract_rows(hidden)}) where cle = 'v001'")[0]  # type: ignore[arg-type]
    assert json.loads(content)["collectivite"] and "titre" not in json.loads(content)


def test_suppliers_are_private_in_every_procurement_source(project: Settings) -> None:
    columns = [
        (source.id, column.name, column.private)
        for source in load_all_sources(project).values()
        for column in source.columns
        if re.fullmatch(r"titulaires?|concessionnaires|modifications|titulaire_(id.*|type.*)", column.name)
    ]
    assert len(columns) >= 10 and all(private for _, _, private in columns)
