"""A text separated by another mark than the declared one, and a web page under a data file's name, are told as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from observatoire.formats import FormatRefused
from observatoire.sources.spec import load_sources

COMMA = {"name": "csv", "delimiter": ","}
SEMICOLON = {"name": "csv", "delimiter": ";"}
EITHER = {"name": "one_of", "formats": [COMMA, SEMICOLON, {"name": "xlsx"}]}


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        ("code\tnom\n01\ta\n", EITHER, "séparateur « , » ou « ; » attendu, « tabulation » trouvé"),
        ("code|nom\n01|a\n", EITHER, "séparateur « , » ou « ; » attendu, « | » trouvé"),
        ("code\tnom\tnote, libre\n01\ta\tb\n", EITHER, "« tabulation » trouvé"),
        ("code;nom;note, libre\n01;a;b\n", COMMA, "séparateur « , » attendu, « ; » trouvé"),
        ("un\tdeux; trois\tquatre\n", COMMA, "séparateur « , » attendu, « tabulation » trouvé"),
    ],
)
def test_another_separator_is_named(
    refusal: Callable[..., FormatRefused], text: str, form: dict[str, Any], said: str
) -> None:
    refused = refusal(text, form)
    assert said in str(refused) and refused.anchor == "separateur"


def test_a_renamed_column_is_no_other_separator(refusal: Callable[..., FormatRefused]) -> None:
    refused = refusal("code;nomm;a,b\n01;a;c\n", EITHER)
    assert "colonne « nom » absente (trouvé « nomm »)" in str(refused) and refused.anchor == "colonne-renommee"


def test_several_missing_columns_are_separated_as_french_asks(refusal: Callable[..., FormatRefused]) -> None:
    assert str(refusal("a,b\n1,2\n", COMMA)) == "colonne « code » absente ; colonne « nom » absente"


@pytest.mark.parametrize("name", ["pstw", "fonds_vert", "decp", "boamp", "decp_2019"])
def test_a_web_page_is_told_as_such_whatever_the_format(refusal: Callable[..., FormatRefused], name: str) -> None:
    form = load_sources(None)[name].format.model_dump(mode="json")
    page = "\n<!DOCTYPE html>\n<html><head><title>Erreur, page</title></head><body>Absent; revenir</body></html>\n"
    refused = refusal(page, form)
    assert "c'est une page HTML" in str(refused) and refused.anchor == "page-html"
