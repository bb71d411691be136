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
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
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


def given(
    settings: Settings,
    source: Source,
    name: str,
    date: str | None = None,
    content: bytes = BYTES,
    back: bool = False,
) -> Ingested:
    file = settings.project / name
    file.write_bytes(content)
    return ingest_source(settings, source, file, date=date, back=back)[0]


def used(settings: Settings, source: Source) -> list[tuple[str, str | None]]:
    return [(item.url, item.date) for item in deliveries_in_use(settings, source)]


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
    assert given(settings, source, "essai.csv", "04/03/2026").message == (
        "Date changée : arrivée 2026-11-28 → analyste 2026-03-04."
    )
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
        ("", "La date donnée est vide"),
        ("1989-12-31", "La date 1989-12-31 est impossible"),
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
    ("day", "reason"),
    [
        ("2026-11-29", "est après aujourd'hui (2026-11-28)"),
        ("2026-02-30", "n'existe pas"),
        ("1926-03-04", "est impossible, avant 1990"),
    ],
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


@pytest.mark.parametrize(("by_hand", "outcome"), [(True, "refusée"), (False, "nouvelle")])
def test_an_address_may_go_back_but_not_a_file_given_by_hand(settings: Settings, by_hand: bool, outcome: str) -> None:
    """Even when the bytes once came from that address."""
    with Server() as server:
        live = replace(settings, mirror_url=server.url)
        server.script(URL, Answer(body=BYTES, headers={"Last-Modified": "Wed, 01 Jan 2025 12:00:00 GMT"}))
        ingest_source(live, online())
        given(settings, online(), "b.csv", "2026-03-04", NEWER)
        server.script(URL, Answer(body=BYTES, headers={"Last-Modified": "Wed, 01 Jan 2025 12:00:00 GMT"}))
        lenient = online(arrival={"bytes_drop_max": 1, "rows_drop_max": 1})
        result = given(settings, lenient, "a.csv") if by_hand else ingest_source(live, lenient)[0]
    assert result.outcome == outcome


NEWER = b"code,nom\n01,a\n02,b\n"


def test_an_older_file_is_kept_and_does_not_replace_the_newer_one_unless_one_goes_back(settings: Settings) -> None:
    source = online(date_in_name=NAMED)
    given(settings, source, "essai_2026-03-04.csv", content=NEWER)
    result = given(settings, source, "ancien.csv", "2025-01-01")
    assert result.outcome == "refusée" and result.told() == (
        "essai, fichier « ancien.csv » : livraison du 2025-01-01, plus ancienne que celle utilisée (2026-03-04) ; pour "
        "l'utiliser tout de même, la redonner avec « --revenir ». Livraison refusée, la précédente "
        "(« essai_2026-03-04.csv », prise le 2026-11-28) reste utilisée. Voir docs/analysts.md#livraison-plus-ancienne"
    )
    assert used(settings, source) == [("essai_2026-03-04.csv", "2026-03-04")]
    assert result.delivery and Archive(settings.raw).object_path(result.delivery.sha256).read_bytes() == BYTES
    assert len(list((settings.raw / "refused" / "essai").iterdir())) == 1
    (settings.state / "sources" / "essai.json").unlink()
    assert used(settings, source) == [("essai_2026-03-04.csv", "2026-03-04")], "nor when the state was lost"

    lenient = online(date_in_name=NAMED, arrival={"bytes_drop_max": 1, "rows_drop_max": 1})
    assert given(settings, lenient, "ancien.csv", "2025-01-01", back=True).outcome == "nouvelle"
    assert used(settings, source) == [("ancien.csv", "2025-01-01")]
    assert given(settings, source, "autre.csv", content=NEWER).outcome == "nouvelle"
    assert used(settings, source) == [("essai_2026-03-04.csv", "2026-03-04")], "known bytes keep their name and date"


@pytest.mark.parametrize(
    ("first", "second"),
    [(None, "2025-01-01"), ("2026-03-04", None), ("2026-03-04", "2026-03-04"), ("2026-03-04", "2026-03-05")],
)
def test_only_a_stated_and_older_date_is_refused(settings: Settings, first: str | None, second: str | None) -> None:
    given(settings, online(), "a.csv", first)
    assert given(settings, online(), "b.csv", second, NEWER).outcome == "nouvelle"
    assert [name for name, _ in used(settings, online())] == ["b.csv"]


def test_increments_of_any_date_add_up(settings: Settings) -> None:
    source = online(mode="increment")
    given(settings, source, "a.csv", "2026-03-04")
    assert given(settings, source, "b.csv", "2025-01-01", NEWER).outcome == "nouvelle"
    assert len(used(settings, source)) == 2


def test_one_goes_back_to_a_file(settings: Settings) -> None:
    with pytest.raises(UsageError, match="--file"):
        ingest_source(settings, online(), back=True)


def test_the_same_bytes_keep_their_name_and_say_that_their_date_changed(settings: Settings) -> None:
    source = online(date_in_name=NAMED)
    assert given(settings, source, "essai.csv").unpublished, "it is new"
    result = given(settings, source, "copie.csv", "2024-05-10")
    assert result.told() == ("essai : livraison inchangée. Date changée : arrivée 2026-11-28 → analyste 2024-05-10.")
    assert result.unpublished
    assert used(settings, source) == [("essai.csv", "2024-05-10")]
    again = given(settings, source, "copie.csv", "2024-05-10")
    assert (again.message, again.unpublished) == (None, False)


def test_a_name_that_contradicts_the_date_given_is_said(settings: Settings) -> None:
    source = online(date_in_name=NAMED)
    assert given(settings, source, "essai_2026-03-04.csv", "04/03/2026").message is None
    assert given(settings, source, "essai_2026-03-04.csv", "2026-03-05").message == (
        "Date changée : analyste 2026-03-04 → analyste 2026-03-05. Le nom « essai_2026-03-04.csv » porte une autre date "
        "(2026-03-04) que celle de l'analyste (2026-03-05), qui est retenue : vérifier laquelle est la bonne."
    )


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
