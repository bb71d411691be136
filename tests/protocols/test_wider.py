"""A wider condition: dates kept as text, asked by how they begin, where the server takes such a question."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observatoire.errors import FetchFailed
from observatoire.protocols import NotModified, Validators
from observatoire.protocols.http_rules import iso_prefixes
from observatoire.sources.spec import Source
from tests.protocols.conftest import URL, Bench
from tests.servers import Answer, Seen, Server

CSV = b"code;nom\n01001;2026-03-04\n"
MISSED = "les modifications ne sont pas vues"
DAYS = st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31))


def source(bench: Bench) -> Source:
    options: dict[str, Any] = {
        "params": {"select": "code,nom", "where": "d >= date'{since}'"},
        "since": {"column": "nom", "start": "2024-01-01"},
        "wider": {"param": "where", "each": 'startswith(nom, "{prefix}")', "without": MISSED},
    }
    values = bench.source().model_dump()
    return Source(**{**values, "mode": "increment", "protocol": {**values["protocol"], **options}})


def conditions(server: Server) -> list[str]:
    return [parse_qs(urlsplit(seen.path).query)["where"][0] for seen in server.requests(URL)]


def refusing(status: int) -> Any:
    """A server that takes no function in a condition."""
    return lambda seen: Answer(status) if "startswith" in seen.path else Answer(body=CSV, headers={"ETag": '"a"'})


@given(asked=DAYS, told=DAYS)
@example(asked=datetime.date(2026, 2, 3), told=datetime.date(2027, 5, 1))
@example(asked=datetime.date(2029, 12, 31), told=datetime.date(2030, 1, 1))
@example(asked=datetime.date(2026, 10, 1), told=datetime.date(2026, 9, 30))
@example(asked=datetime.date(2099, 12, 1), told=datetime.date(2099, 12, 31))
def test_a_date_begins_so_if_and_only_if_its_month_is_not_before(asked: datetime.date, told: datetime.date) -> None:
    prefixes = iso_prefixes(asked.isoformat())
    wanted = (told.year, told.month) >= (asked.year, asked.month)
    assert told.isoformat().startswith(tuple(prefixes)) is wanted
    assert not "CDL".startswith(tuple(prefixes)) and len(prefixes) <= 30


def test_the_wider_condition_is_asked_from_the_month_of_the_date(bench: Bench, server: Server) -> None:
    server.script(URL, Answer(body=CSV))
    found = bench.fetched(source(bench), since="2028-11-05")
    starts = ["2028-11", "2028-12", "2029", *(str(decade) for decade in range(203, 210))]
    asked = " or ".join(["d >= date'2028-11-05'", *(f'startswith(nom, "{start}")' for start in starts)])
    assert conditions(server) == [asked] and found.remark is None
    assert len(found.url) < 1000 and "select=code%2Cnom" in found.url


@pytest.mark.parametrize("status", [400, 414])
def test_refused_it_is_left_out_and_what_is_missed_is_said(status: int, bench: Bench, server: Server) -> None:
    server.route(URL, refusing(status))
    found = bench.fetched(source(bench), since="2028-11-05")
    assert conditions(server)[1:] == ["d >= date'2028-11-05'"] and found.path.read_bytes() == CSV
    assert found.remark == (
        f"cog_communes : condition élargie refusée par le serveur, demandé sans elle : {MISSED}. "
        "Vérifier « wider » dans observatoire/sources/cog_communes.yml."
    )


def test_what_is_missed_is_said_of_an_unchanged_file_too(bench: Bench, server: Server) -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(400) if "startswith" in seen.path else Answer(304)

    server.route(URL, answer)
    found = bench.fetch(source(bench), since="2028-11-05", previous=Validators(etag='"a"'))
    assert isinstance(found, NotModified) and MISSED in str(found.remark)


@pytest.mark.parametrize(("status", "asked"), [(400, 2), (403, 1), (500, 1), (503, 4)])
def test_another_fault_is_said_as_it_is_and_briefly(status: int, asked: int, bench: Bench, server: Server) -> None:
    server.script(URL, Answer(status))
    with pytest.raises(FetchFailed, match=f"a répondu {status}") as raised:
        bench.fetch(source(bench), since="2028-11-05")
    assert len(conditions(server)) == asked and "startswith" not in str(raised.value)
