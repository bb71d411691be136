"""What a specification may not say of the way bytes are got."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from observatoire.sources.spec import Source
from tests.protocols.conftest import Bench

SINCE = {"column": "nom", "start": "2024-01-01"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"resolve": {"dataset": "a"}}, "resolve takes"),
        ({"resolve": {"dataset": "a", "resource": "b", "title": "c"}}, "resolve takes"),
        ({"resolve": {"dataset": "a", "link": "c"}}, "resolve takes"),
        ({"resolve": {"page": "https://a.fr/x"}}, "resolve takes"),
        ({"resolve": {"page": "ftp://a.fr/x", "link": "c"}}, "not an http"),
        ({"resolve": {"dataset": "../x", "title": "c"}}, "not the id or slug"),
        ({"resolve": {"dataset": "a", "title": "("}}, "not a regular expression"),
        ({"resolve": {"dataset": "a", "title": "x {vintage}"}}, "go together"),
        ({"resolve": {"dataset": "a", "title": "x", "vintages": ["2026"]}}, "go together"),
        ({"resolve": {"dataset": "a", "title": "x"}, "url": "https://a.fr/x"}, "one of"),
        ({"resolve": {"dataset": "a", "title": "x", "link": "("}}, "not a regular expression"),
        ({"resolve": {"dataset": "a", "title": "x"}, "vintages": {"2026": "https://a.fr/x"}}, "go together"),
        (
            {
                "resolve": {"dataset": "a", "title": "x {vintage}", "vintages": ["2026"]},
                "vintages": {"2026": "https://a.fr/x"},
            },
            "2026 has an address",
        ),
        ({"params": {"where": "d > '{since}'"}}, "go together"),
        ({"since": SINCE}, "go together"),
        ({"since": SINCE, "params": {"where": "{since}"}}, "needs mode: increment"),
        ({"since": {**SINCE, "start": "2024"}, "params": {"where": "{since}"}}, "ISO date"),
        ({"wider": {"param": "where", "each": "f(x)", "without": "…"}}, "is expected in it"),
        ({"wider": {"param": "where", "each": "f(x, '{prefix}')", "without": "…"}}, "needs `since`"),
        (
            {
                "since": SINCE,
                "params": {"where": "{since}"},
                "wider": {"param": "q", "each": "{prefix}", "without": "…"},
            },
            "adds to a text of `params`",
        ),
    ],
)
def test_http_file(options: dict[str, Any], says: str, bench: Bench) -> None:
    with pytest.raises(ValidationError, match=says):
        bench.source(**options)


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("page", {"pagination": {"size": 100, "window": 50}}, "beyond the window"),
        ("page", {"pagination": {"size": 20_000}}, "beyond the window of 10000"),
        ("page", {"pagination": {"param": None}}, "needs param"),
        ("offset", {"pagination": {"size": None, "size_param": None}}, "needs size"),
        ("cursor", {"pagination": {"next": None}}, "needs next"),
        ("cursor", {"pagination": {"window": 10}}, "has no window"),
        ("iteration_token", {"method": "GET"}, "method: POST"),
        ("page", {"body": {"a": 1}}, "method: POST"),
        ("page", {"headers": {"authorization": "Bearer x"}}, "is a secret"),
        ("page", {"headers": {"X-Auth-Token": "x"}}, "is a secret"),
        ("page", {"url": "https://a.fr/x?cle=1"}, "without query"),
        ("page", {"login": {"url": "https://a.fr/x", "env": "une clé"}}, "pattern"),
        ("page", {"queries": []}, "at least 1"),
        ("page", {"strip_before_archive": ["nom"]}, "is stripped before the archive"),
        ("page", {"strip_before_archive": ["siege"], "columns": ("code", "siege.ville")}, "is stripped"),
        ("page", {"since": {**SINCE, "column": "date"}, "params": {"q": "{since}"}}, "is not among the columns"),
        ("page", {"rate": 0}, "greater than 0"),
        ("page", {"colour": "blue"}, "Extra inputs"),
    ],
)
def test_paged_api(kind: str, options: dict[str, Any], says: str, bench: Bench) -> None:
    with pytest.raises(ValidationError, match=says):
        bench.api(kind, **options)


def test_an_api_is_archived_as_json_lines(bench: Bench) -> None:
    values = bench.api().model_dump()
    with pytest.raises(ValidationError, match="JSON lines"):
        Source(**{**values, "format": {"name": "json"}})
    with pytest.raises(ValidationError, match="increments have no vintages"):
        Source(**{**bench.source(vintages={"2026": "https://a.fr/x"}).model_dump(), "mode": "increment"})
