"""datapackage.json against the rules of Data Package v2 that readers rely on, and against the rows it describes.

https://datapackage.org/standard/data-package/, data-resource/ and table-schema/
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from observatoire.errors import SpecError
from observatoire.quality.spec import load_table_specs
from observatoire.release.store import Release
from observatoire.sources.licences import described, nature
from observatoire.sources.spec import load_sources
from observatoire.vocabularies import load_vocabularies
from tests.conftest import ROOT

TYPES = {"string", "number", "integer", "boolean", "date", "array"}
URL_OR_PATH = re.compile(r"https?://\S+|[^./~\\][^\\:]*")
VOCABULARIES = load_vocabularies(ROOT / "data" / "register")
Json = dict[str, Any]


@pytest.fixture
def package(current: Release) -> Json:
    content: Json = json.loads((current.path / "datapackage.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def con(current: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the release, as a view of its name."""
    with duckdb.connect() as con:
        for path in current.path.glob("*.parquet"):
            con.execute(f"create view {path.stem} as from '{path}'")
        yield con


def fields(resource: Json) -> dict[str, Json]:
    return {field["name"]: field for field in resource["schema"]["fields"]}


def holds(con: duckdb.DuckDBPyConnection, query: str) -> bool:
    return con.execute(query).fetchall() == []


def test_the_package_names_its_version_and_its_resources_once(package: Json, current: Release) -> None:
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert package["version"] == current.id == current.path.name
    names = [resource["name"] for resource in package["resources"]]
    assert sorted(names) == sorted(path.stem for path in current.path.glob("*.parquet"))
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in [package["name"], *names])
    for resource in package["resources"]:
        assert (resource["type"], resource["path"]) == ("table", f"{resource['name']}.parquet")


def test_every_licence_has_a_path_and_a_name_where_it_is_known(package: Json, current: Release) -> None:
    licences = [
        *package["licenses"],
        *(item for resource in package["resources"] for item in resource.get("licenses", [])),
    ]
    assert licences
    for licence in licences:
        assert licence == described(licence["title"])
        assert URL_OR_PATH.fullmatch(licence["path"]) and re.fullmatch(r"[-a-zA-Z0-9._]+", licence["name"])
    for source in load_sources().values():
        said = described(source.licence)
        assert "name" in said or nature(source.licence) == "inconnue", f"{source.id}: a known licence has an identifier"
        assert said["path"].startswith("https://") or (current.path / said["path"]).is_file()


def test_every_source_has_a_title_and_an_address_if_any(package: Json) -> None:
    for source in package["sources"]:
        assert source["title"] and URL_OR_PATH.fullmatch(source.get("path", "x"))


def test_a_primary_key_is_never_empty_and_every_key_tells_rows_apart(
    package: Json, con: duckdb.DuckDBPyConnection
) -> None:
    partial = set()
    for resource in package["resources"]:
        name, schema, known = resource["name"], resource["schema"], fields(resource)
        (key,) = schema.get("uniqueKeys") or [schema["primaryKey"]]
        assert ("primaryKey" in schema) != ("uniqueKeys" in schema)
        required = all(known[column].get("constraints", {}).get("required") for column in key)
        assert required == ("primaryKey" in schema), name
        columns = ", ".join(f'"{column}"' for column in key)
        assert holds(con, f"select 1 from {name} group by {columns} having count(*) > 1")
        partial |= set() if required else {name}
    assert partial == {"corrections", "passages"}


def test_a_foreign_key_leads_to_rows_and_names_its_own_table_never(
    package: Json, con: duckdb.DuckDBPyConnection
) -> None:
    resources = {resource["name"]: resource for resource in package["resources"]}
    seen = set()
    for name, resource in resources.items():
        for key in resource["schema"].get("foreignKeys", []):
            target = key["reference"].get("resource", name)
            assert key["reference"].get("resource") != name and len(key["fields"]) == len(key["reference"]["fields"])
            assert set(key["fields"]) <= set(fields(resource))
            assert set(key["reference"]["fields"]) <= set(fields(resources[target]))
            own, other = ", ".join(key["fields"]), ", ".join(key["reference"]["fields"])
            present = " and ".join(f"{column} is not null" for column in key["fields"])
            assert holds(con, f"select {own} from {name} where {present} except select {other} from {target}"), name
            seen.add((name, target))
    assert ("territoires", "territoires") in seen and ("preuves", "usages") in seen


def test_rows_are_what_their_fields_say(package: Json, con: duckdb.DuckDBPyConnection) -> None:
    for resource in package["resources"]:
        name, known = resource["name"], fields(resource)
        assert resource["schema"]["missingValues"] == [], "an empty text of a key is a value"
        assert con.execute(f"select count(*) from {name}").fetchall() == [(resource["rowCount"],)]
        assert [row[0] for row in con.execute(f"describe {name}").fetchall()] == list(known)
        for column, field in known.items():
            assert field["type"] in TYPES
            if field.get("constraints", {}).get("required"):
                assert holds(con, f'select 1 from {name} where "{column}" is null'), f"{name}.{column}"


def test_coded_values_come_with_their_labels(package: Json, con: duckdb.DuckDBPyConnection) -> None:
    coded, lists = 0, set()
    for resource in package["resources"]:
        for column, field in fields(resource).items():
            assert ("vocabulary" in field) or ("categories" not in field and "enum" not in field.get("constraints", {}))
            if field["type"] == "array" and "vocabulary" in field:
                lists.add((resource["name"], column))
            if "categories" not in field:
                assert field["type"] == "array" or "vocabulary" not in field, (
                    "the standard has none for items of a list"
                )
                continue
            assert field["type"] == "string"
            labels = {item["value"]: (item["label"], item["labelEn"]) for item in field["categories"]}
            assert list(labels) == field["constraints"]["enum"]
            assert len({label for label, _ in labels.values()}) == len(labels), "labels are unique within a field"
            held = {row[0] for row in con.execute(f'select distinct "{column}" from {resource["name"]}').fetchall()}
            assert held - {None} <= set(labels), f"{resource['name']}.{column}"
            rows = con.execute(
                f"select code, libelle_fr, libelle_en from vocabulaires where liste = '{field['vocabulary']}'"
            )
            assert labels.items() <= {code: (fr, en) for code, fr, en in rows.fetchall()}.items()
            coded += 1
    assert coded > 50 and {("usages", "themes"), ("candidats", "themes")} <= lists
    named = {(resource["name"], column) for resource in package["resources"] for column in fields(resource)
             if "categories" in fields(resource)[column]}  # fmt: skip
    assert {("sources", "protocole"), ("sources", "format"), ("sources", "cadence"), ("indicateurs_lignes", "origine"),
            ("indicateurs_et_publies", "qualificatif")} <= named  # fmt: skip


def test_the_published_lists_are_those_of_the_register(con: duckdb.DuckDBPyConnection, current: Release) -> None:
    rows = con.execute("select liste, code, libelle_fr, libelle_en, ordre from vocabulaires").fetchall()
    assert sorted(rows) == sorted(
        (name, code, labels["fr"], labels["en"], order)
        for name, codes in VOCABULARIES.items()
        for order, (code, labels) in enumerate(codes.items(), 1)
    )
    with (current.path / "dictionnaire.csv").open(encoding="utf-8", newline="") as handle:
        listed = {row["liste"] for row in csv.DictReader(handle) if row["liste"]}
    assert listed == {
        column.vocabulary for spec in load_table_specs(ROOT / "sql").values() for column in spec.columns
    } - {None}


def test_two_codes_of_a_list_never_bear_one_label(tmp_path: Path) -> None:
    (tmp_path / "vocabulaires.yml").write_text("etat:\n  a: {fr: Un, en: One}\n  b: {fr: Deux, en: One}\n")
    with pytest.raises(SpecError, match="deux codes de etat ont le même libellé en"):
        load_vocabularies(tmp_path)
