"""What dates a delivery, and how it is said when nothing does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from observatoire.archive import ORIGINS, Archive, Delivery
from observatoire.delivery_date import Dated, dated_again, received_on
from observatoire.errors import UsageError
from observatoire.ingest import Ingested, ingest_source
from observatoire.settings import Settings
from observatoire.sources.spec import Source, load_source
from observatoire.vocabularies import codes_by_list
from tests.conftest import ROOT
from tests.helpers import make_source
from tests.ingest.conftest import FORM
from tests.servers import Answer, Server

URL = "https://exemple.fr/depot/essai.csv"
NAMED = "essai_([0-9]{4}-[0-9]{2}-[0-9]{2})"
BYTES = b"code,nom\n01,a\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project that lives on the 28th of November 2026, a quarter past midnight in Paris, the 27th in UTC."""
    for room in ("observatoire.ingest", "observatoire.clock"):
        monkeypatch.setattr(f"{room}.now", lambda: "2026-11-27T23:15:00Z")
    (tmp_path / "register").mkdir()
    return Settings(tmp_path, tmp_path / "data", tmp_path / "register")


def online(**options: Any) -> Source:
    return make_source(FORM, protocol={"name": "http_file", "url": URL}, **options)


def given(settings: Settings, source: Source, name: str, date: str | None = None, content: bytes = BYTES) -> Ingested:
    file = settings.project / name
    file.write_bytes(content)
    return ingest_source(settings, source, file, date=date)[0]


def kept(settings: Settings) -> list[tuple[str | None, str | None]]:
    return [(item.date, item.date_origin) for item in Archive(settings.raw).deliveries("essai")]


def test_the_name_of_a_file_dates_it_where_the_source_says_how(settings: Settings) -> None:
    result = given(settings, online(date_in_name=NAMED), "essai_2026-03-04.csv")
    assert (result.outcome, result.message) == ("nouvelle", None)
    assert kept(settings) == [("2026-03-04", "fichier")]


def test_a_file_that_nothing_dates_is_said_to_bear_its_arrival(settings: Settings) -> None:
    said = (
        "Rien ne dit la date de « essai_2026-03-04.csv » : essai est daté de son arrivée (2026-11-28). "
        "Le redonner avec « --date AAAA-MM-JJ »."
    )
    result = given(settings, online(), "essai_2026-03-04.csv")
    assert result.told() == f"essai : livraison nouvelle, 1 enregistrement. {said}"
    assert result.delivery and result.delivery.label == "arrivée le 2026-11-28"
    assert kept(settings) == [("2026-11-28", "arrivee")]
    assert given(settings, online(), "essai_2026-03-04.csv").message == said


def test_an_analyst_dates_a_file_given_again_and_has_the_last_word(settings: Settings) -> None:
    source = online(date_in_name=NAMED)
    given(settings, source, "essai.csv")
    assert given(settings, source, "essai.csv", "04/03/2026").message is None
    assert kept(settings) == [("2026-03-04", "analyste")]
    given(settings, source, "essai_2026-02-01.csv")
    given(settings, source, "essai.csv")
    assert kept(settings) == [("2026-03-04", "analyste")], "neither its name nor silence undoes it"
    given(settings, source, "essai_2026-02-01.csv", "2026-03-05")
    assert kept(settings) == [("2026-03-05", "analyste")]


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("2026-11-29", r"La date 2026-11-29 est après aujourd'hui \(2026-11-28\)"),
        ("mars 2026", "n'est pas une date"),
        ("2026-02-30", "n'est pas une date"),
    ],
)
def test_a_date_that_has_not_come_or_is_none_is_refused(settings: Settings, date: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        given(settings, online(), "essai.csv", date)
    assert kept(settings) == []
    assert given(settings, online(), "essai.csv", "2026-11-28").outcome == "nouvelle", "today in Paris has come"


def test_a_date_without_a_file_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError, match="--file"):
        ingest_source(settings, online(), date="2026-03-04")


@pytest.mark.parametrize(
    ("day", "reason"), [("2026-11-29", "est après aujourd'hui (2026-11-28)"), ("2026-02-30", "n'existe pas")]
)
def test_a_name_that_holds_no_past_day_is_refused(settings: Settings, day: str, reason: str) -> None:
    source = online(date_in_name=NAMED)
    result = given(settings, source, f"essai_{day}.csv")
    assert result.outcome == "refusée" and result.message == (
        f"essai : la date {day} du nom « essai_{day}.csv » {reason}. Livraison refusée. "
        "Corriger le nom, ou donner la date avec « --date AAAA-MM-JJ »."
    )
    assert given(settings, source, f"essai_{day}.csv", "2026-03-04").outcome == "nouvelle"


@pytest.mark.parametrize(
    ("modified", "dated"),
    [
        ("Tue, 03 Mar 2026 23:30:00 GMT", ("2026-03-04", "serveur")),
        ("Sun, 29 Nov 2026 12:00:00 GMT", ("2026-11-28", "arrivee")),
        (None, ("2026-11-28", "arrivee")),
    ],
)
def test_a_server_dates_what_it_sends_unless_its_clock_is_ahead(
    settings: Settings, modified: str | None, dated: tuple[str, str]
) -> None:
    with Server() as server:
        server.script(URL, Answer(body=BYTES, headers={"Last-Modified": modified} if modified else {}))
        (result,) = ingest_source(replace(settings, mirror_url=server.url), online())
    assert (result.outcome, result.message) == ("nouvelle", None), "nobody can date an answer: it is in date_origine"
    assert kept(settings) == [dated]


def known(day: str | None, origin: str | None) -> Delivery:
    return Delivery("essai", "a", 1, "essai.csv", "2026-11-27T23:15:00Z", "x", date=day, date_origin=origin)


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        ((None, None), (None, None), (None, None)),
        (("2026-11-28", None), ("2026-12-05", "arrivee"), ("2026-11-28", None)),
        (("2026-11-28", None), ("2026-03-04", "fichier"), ("2026-03-04", "fichier")),
        (("2026-11-28", "arrivee"), ("2026-12-05", "arrivee"), ("2026-11-28", "arrivee")),
        (("2026-03-04", "fichier"), ("2026-03-09", "serveur"), ("2026-03-04", "fichier")),
        (("2026-03-09", "serveur"), ("2026-03-10", "serveur"), ("2026-03-10", "serveur")),
        (("2026-03-09", "analyste"), ("2026-03-10", "registre"), ("2026-03-10", "registre")),
        (("2026-03-10", "registre"), ("2026-03-09", "registre"), ("2026-03-09", "registre")),
    ],
)
def test_what_is_surest_dates_bytes_seen_again(
    before: tuple[str | None, str | None], found: tuple[str | None, str | None], after: tuple[str | None, str | None]
) -> None:
    assert dated_again(known(*before), Dated(*found)) == Dated(*after)


def test_the_observatory_knows_of_a_file_from_the_day_it_came_whatever_its_date(settings: Settings) -> None:
    """A use keeps the identifier of the trace that was known first (docs/decisions/010): an older date moves none."""
    taken = given(settings, online(date_in_name=NAMED), "essai_2026-03-04.csv").delivery
    assert taken and (taken.date, received_on(online(), taken)) == ("2026-03-04", "2026-11-28")
    register = make_source(FORM, protocol={"name": "register", "file": "essai.csv"})
    assert received_on(register, known("2026-03-04", "registre")) == "2026-03-04", "not the day of this machine"


def test_every_origin_has_its_word() -> None:
    assert tuple(codes_by_list(ROOT / "data" / "register")["date_origine"]) == ORIGINS


@pytest.mark.parametrize("pattern", ["essai_[0-9]+", "(a)(b)", "("])
def test_a_pattern_without_its_one_date_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="date_in_name"):
        online(date_in_name=pattern)


@pytest.mark.parametrize(
    ("source", "name", "day"),
    [
        ("pstw", "pstw_dataset_2026-03-04.csv", "2026-03-04"),
        ("pstw", "pstw_dataset_2025-09.xlsx", None),
        ("decp_2019", "aws_marches-publics.info_2019-03-07.json", "2019-03-07"),
    ],
)
def test_the_sources_read_the_names_that_their_files_have(source: str, name: str, day: str | None) -> None:
    pattern = load_source(ROOT / "observatoire" / "sources" / f"{source}.yml").date_in_name
    assert pattern
    found = re.search(pattern, name)
    assert (found and found[1]) == day
