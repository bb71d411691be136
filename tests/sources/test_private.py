"""A private column never enters the extracts of a release."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import duckdb

from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.warehouse.models import load_macros
from observatoire.warehouse.python_models import extract_rows


def test_extracts_leave_contacts_and_private_columns_out(project: Settings) -> None:
    """Whatever a received record holds: the register refuses a case that names a contact, deliveries of others do not."""
    cases = load_all_sources(project)["cas_usage"]
    columns = tuple(c.model_copy(update={"private": c.name == "titre"}) for c in cases.columns)
    names = ", ".join(
        f"'Isère' as {column.name}" for column in cases.columns if column.name not in ("id", "description")
    )
    with duckdb.connect() as con:
        con.execute("create schema raw; create schema core; create schema staging")
        for macro in load_macros(project.sql):
            if macro.name in ("sans_adresse_ni_telephone", "sans_contact", "recu_sans_contact"):
                con.execute(macro.statement)
        con.execute(
            f"create table raw._cas_usage as select 'v001' as id, $1 as description, {names}, 'l' as _livraison, 1 as _ligne",
            ["Contact : Jeanne Exemple, 06 12 34 56 78. Essai sur trois communes"],
        )
        for table in ("core.preuves_usages", "core.candidats", "staging.chiffres_publies", "staging.enquetes_chiffres"):
            con.execute(f"create table {table} as select 'cas_usage' as source, 'l' as _livraison, 1 as _ligne")

        def content(source: Source) -> Any:
            query = extract_rows(SimpleNamespace(sources={"cas_usage": source}))  # type: ignore[arg-type]
            ((found,),) = con.execute(f"select contenu from ({query})").fetchall()
            return json.loads(found)

        read = content(cases)
        assert read["titre"] == "Isère"
        assert read["description"] == "Contact : [nom retiré], [téléphone retiré]. Essai sur trois communes"
        hidden = content(cases.model_copy(update={"columns": columns}))
        assert hidden["collectivite"] and "titre" not in hidden


def test_suppliers_are_private_in_every_procurement_source(project: Settings) -> None:
    columns = [
        (source.id, column.name, column.private)
        for source in load_all_sources(project).values()
        for column in source.columns
        if re.fullmatch(r"titulaires?|concessionnaires|modifications|titulaire_(id.*|type.*)", column.name)
    ]
    assert len(columns) >= 10 and all(private for _, _, private in columns)
