"""Objects inside records: only the keys of the allow-list are read, whatever the shape around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from observatoire.formats.allow_list import kept
from observatoire.sources.spec import Column
from tests.helpers import make_source

SUPPLIERS = {"name": "titulaires", "optional": True, "keep": ["id"], "codes": ["id"]}
COLUMN = Column(**SUPPLIERS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "nom", "titulaire"]), inner, max_size=3)
    ),
)


@pytest.mark.parametrize(
    ("given_", "left"),
    [
        ([{"id": "21590328700013", "nom": "Jeanne Dupont"}], [{"id": "21590328700013"}]),
        ([{"titulaire": {"id": "1", "nom": "x"}}], [{"titulaire": {"id": "1"}}]),
        ([[[{"id": "FR12345678901"}]]], [[[{"id": "FR12345678901"}]]]),
        ({"titulaire": [{"id": "1"}, {"id": "2"}]}, {"titulaire": [{"id": "1"}, {"id": "2"}]}),
        ([{"titulaire": "Jeanne Dupont"}], [{}]),
        ("Jeanne Dupont", None),
        (["Jeanne Dupont"], []),
        (None, None),
    ],
)
def test_names_are_left_out_of_every_shape(given_: Any, left: Any) -> None:
    assert kept(given_, COLUMN) == left


@pytest.mark.parametrize("name", ["CHDUPONTJEANNE", "jeanne.dupont@example.org", "Jeanne 1234"])
def test_a_name_that_stands_as_an_identifier_becomes_a_digest(name: str) -> None:
    [left] = kept([{"id": name}], COLUMN)
    assert left["id"].startswith("empreinte ") and name not in left["id"]
    assert kept([{"id": name.lower() + " "}], COLUMN) == [left], "the same supplier, written otherwise"


@given(VALUES)
def test_nothing_is_left_but_what_is_kept(value: Any) -> None:
    def scalars(item: Any, key: str = "") -> list[tuple[str, Any]]:
        if isinstance(item, dict):
            return [found for name, inner in item.items() for found in scalars(inner, name)]
        if isinstance(item, list):
            return [found for inner in item for found in scalars(inner, key)]
        return [] if item is None else [(key, item)]

    before, after = scalars(value), scalars(kept(value, COLUMN))
    assert {key for key, _ in after} <= {"id"}
    assert len(after) == sum(key == "id" for key, _ in before)
    assert kept(value, Column(name="libre")) == value


@pytest.mark.parametrize("form", ["json", "xml"])
def test_both_formats_read_by_the_list(read: Callable[..., Any], form: str) -> None:
    columns = ("code", SUPPLIERS)
    if form == "json":
        text = json.dumps(
            [{"code": "1", "titulaires": [{"titulaire": {"id": "12345678900022", "nom": "Jeanne Dupont"}}]}]
        )
        found = read(text, {"name": "json"}, columns)
    else:
        text = (
            "<r><m><code>1</code><titulaires><titulaire><id>12345678900022</id><nom>Jeanne Dupont</nom></titulaire>"
            "</titulaires></m></r>"
        )
        found = read(text, {"name": "xml", "records": "r.m"}, columns)
    assert "12345678900022" in found.rows[0][2] and "Dupont" not in str(found.rows)


def test_a_list_that_could_not_be_applied_is_refused() -> None:
    with pytest.raises(ValidationError, match="`keep` is for the formats json and xml"):
        make_source({"name": "csv", "delimiter": ";"}, ("code", SUPPLIERS))
    with pytest.raises(ValidationError, match="'nom' is not among keep"):
        Column(name="a", keep=("id",), codes=("nom",))
