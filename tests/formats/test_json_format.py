"""JSON deliveries: values kept as their exact text, nested objects under dotted names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from observatoire.formats import FormatRefused

JSON = {"name": "json"}
UNDER = {"name": "json", "records": "marches.marche"}


def test_numbers_keep_their_exact_text(read: Callable[..., Any]) -> None:
    text = '[{"code": 1.10, "nom": 12345678901234567890}, {"code": 1e5, "nom": -0.0}, {"code": true, "nom": null}]'
    assert read(text, JSON).rows == [(1, "1.10", "12345678901234567890"), (2, "1e5", "-0.0"), (3, "true", None)]


def test_numbers_inside_objects_and_lists_keep_their_exact_text(read: Callable[..., Any]) -> None:
    """A list of amounts must not become a list of texts, nor lose its last zero."""
    found = read('[{"code": "01", "nom": {"b": 1.10, "a": [2.50, "2.50"]}}]', JSON)
    assert found.rows == [(1, "01", '{"a":[2.50,"2.50"],"b":1.10}')]


def test_nested_objects_are_dotted_columns(read: Callable[..., Any]) -> None:
    text = json.dumps(
        [
            {"code": "01", "acheteur": {"id": "216901231", "nom": {"court": "Lyon"}}},
            {"code": "02"},
            {"code": "03", "acheteur": None},
        ]
    )
    columns = ("code", "acheteur.id", "acheteur.nom.court")
    found = read(text, JSON, columns)
    assert found.rows == [(1, "01", "216901231", "Lyon"), (2, "02", None, None), (3, "03", None, None)]


def test_a_key_that_holds_a_dot_wins_over_a_nested_one(read: Callable[..., Any]) -> None:
    found = read('[{"code": "01", "a.b": "plat", "a": {"b": "profond"}}]', JSON, ("code", "a.b"))
    assert found.rows == [(1, "01", "plat")]


def test_text_is_kept_as_it_is(read: Callable[..., Any]) -> None:
    assert read('[{"code": " 1 ", "nom": "é\\n\\u2028"}]'.encode(), JSON).rows == [(1, " 1 ", "é\n\u2028")]
    assert read('\ufeff[{"code": "", "nom": "x"}]', JSON).rows == [(1, None, "x")]


def test_records_may_be_under_a_path(read: Callable[..., Any]) -> None:
    assert read('{"marches": {"marche": [{"code": "1", "nom": "a"}]}}', UNDER).rows == [(1, "1", "a")]


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        ('{"marches": []}', UNDER, "liste d'enregistrements absente sous « marches.marche »"),
        ('{"marches": {"marche": {}}}', UNDER, "liste d'enregistrements absente sous « marches.marche »"),
        ('{"code": "1"}', JSON, "liste d'enregistrements absente à la racine"),
        ('[{"code": "1",\n "nom": }]', JSON, "JSON illisible à la ligne 2, colonne 9"),
        ("<html></html>", JSON, "c'est une page HTML"),
        ("", JSON, "JSON illisible à la ligne 1, colonne 1"),
        ('[{"code": "1", "nom": "a"}', JSON, "JSON illisible à la ligne 1"),
        ('[{"code": "1", "Noms": "a"}]', JSON, "colonne « nom » absente (trouvé « Noms »)"),
    ],
)
def test_what_is_refused(refusal: Callable[..., FormatRefused], text: str, form: dict[str, str], said: str) -> None:
    assert said in str(refusal(text, form))


def test_another_encoding(refusal: Callable[..., FormatRefused]) -> None:
    assert "UTF-8" in str(refusal('[{"code": "é", "nom": "a"}]'.encode("cp1252"), JSON))


def test_absurd_nesting_is_refused_not_a_crash(refusal: Callable[..., FormatRefused]) -> None:
    assert "illisible" in str(refusal("[" * 200_000 + "]" * 200_000, JSON))


def test_a_record_that_is_no_object_is_set_aside(read: Callable[..., Any]) -> None:
    found = read('[{"code": "1", "nom": "a"}, 3, {"code": "3", "nom": "c"}]', JSON)
    assert found.rows == [(1, "1", "a"), (3, "3", "c")]
    assert found.bad == [(2, "l'enregistrement n'est pas un objet JSON")]


def test_no_records_is_no_renamed_column(read: Callable[..., Any]) -> None:
    """An empty list says nothing of its columns; the arrival thresholds judge it."""
    assert read("[]", JSON).rows == []


def test_a_column_absent_from_some_records_is_no_fault(read: Callable[..., Any]) -> None:
    assert read('[{"code": "1"}, {"code": "2", "nom": "b"}]', JSON).rows == [(1, "1", None), (2, "2", "b")]


def test_a_lone_surrogate_is_a_refusal(refusal: Callable[..., FormatRefused]) -> None:
    assert "illisible" in str(refusal('[{"code": "\\ud800", "nom": "a"}]', JSON))


def test_nan_is_no_value_and_an_infinite_number_sets_its_record_aside(read: Callable[..., Any]) -> None:
    text = '[{"code": "1", "nom": NaN}, {"code": "2", "nom": {"a": [1, -Infinity]}}, {"code": "3", "nom": "NaN"}]'
    found = read(text, JSON)
    assert found.rows == [(1, "1", None), (3, "3", "NaN")]
    assert found.bad == [(2, "-Infinity n'est pas un nombre")]
    assert found.loaded.repairs == ("« NaN » lu comme vide : 1",)
