"""Increments: each delivery adds or updates records; the archive alone says what is known and what to ask for."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from observatoire.archive import Archive
from observatoire.ingest import asked_since, deliveries_in_use, ingest_source
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.warehouse.context import BuildContext, load_used
from observatoire.warehouse.raw import raw_models
from tests.helpers import make_source
from tests.servers import Answer, Server

API = "https://boamp.producteur.fr/api/explore/v2.1/catalog/datasets/boamp/exports/json"
SINCE = {"column": "date", "start": "2024-01-01", "overlap_days": 3}
Row = tuple[str | None, ...]


def notice(code: str, date: str | None, nom: str = "") -> dict[str, Any]:
    return {"code": code, "date": date, "nom": nom}


class Bench:
    """A source of increments, its server, and the raw tables that a build makes of what was archived."""

    def __init__(self, settings: Settings, server: Server, source: Source) -> None:
        self.settings, self.server, self.source = settings, server, source

    def deliver(self, *records: dict[str, Any]) -> str:
        """What comes of asking when the server holds these records; each delivery is a day later than the last."""
        self.server.script(API, Answer(body=json.dumps(records).encode()))
        (result,) = ingest_source(self.settings, self.source)
        if result.outcome == "nouvelle" and result.delivery:
            rank = len(deliveries_in_use(self.settings, self.source))
            Archive(self.settings.raw).store(
                self.copy(result.delivery.sha256), replace(result.delivery, first_seen=f"2026-03-{rank:02}T00:00:00Z")
            )
        return result.outcome

    def copy(self, sha256: str) -> Path:
        path = self.settings.data / "copie"
        shutil.copyfile(Archive(self.settings.raw).object_path(sha256), path)
        return path

    def tables(self) -> tuple[list[Row], list[Row]]:
        """The rows of raw.essai with the rank of their delivery and their ordinal, and those of its keys."""
        deliveries = deliveries_in_use(self.settings, self.source)
        ranks = {delivery.sha256: rank for rank, delivery in enumerate(deliveries, 1)}
        archive = Archive(self.settings.raw)
        with closing(duckdb.connect()) as con:
            used = load_used(self.settings, archive, self.source, deliveries)
            context = BuildContext(con, self.settings, {"essai": self.source}, {"essai": used})
            con.execute("create schema raw; create schema staging")
            con.execute(
                'create table staging.corrections ("table" text, cle text, colonne text, valeur_attendue text, '
                "valeur_nouvelle text, motif text, auteur text, date text, _ligne bigint)"
            )
            for model in raw_models(context):
                assert model.function
                model.function(context)
            rows = con.execute("select code, nom, _livraison, _ligne from raw.essai order by all").fetchall()
            keys = con.execute(
                "select cle, premiere_livraison, derniere_livraison from raw._essai_cles order by all"
            ).fetchall()
        return [(c, n, ranks[d], o) for c, n, d, o in rows], [(c, ranks[a], ranks[b]) for c, a, b in keys]

    @property
    def asked(self) -> list[str]:
        """The dates that were asked from."""
        return [seen.path.split("%27")[1] for seen in self.server.seen]


def since_source(**options: Any) -> Source:
    protocol = {
        "name": "paged_api",
        "url": API,
        "pagination": {"kind": "none"},
        "params": {"where": "date >= date'{since}'"},
        "since": SINCE,
        "rate": 50,
    }
    columns = ("code", "date", "nom")
    return make_source({"name": "jsonl"}, columns, protocol=protocol, mode="increment", **options)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        settings = Settings(tmp_path, tmp_path / "data", tmp_path / "register", mirror_url=server.url)
        yield Bench(settings, server, since_source())


def test_two_increments_of_one_second_stay_in_their_sequence(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("observatoire.ingest.now", lambda: "2026-03-01T00:00:00Z")
    taken = []
    for name in "abcde":
        path = tmp_path / f"{name}.jsonl"
        path.write_text(json.dumps(notice("a", "2026-01-10", name)) + "\n", encoding="utf-8")
        (result,) = ingest_source(bench.settings, bench.source, path)
        assert result.delivery
        taken.append(result.delivery.sha256)
    assert [delivery.sha256 for delivery in deliveries_in_use(bench.settings, bench.source)] == taken
    assert [row[1] for row in bench.tables()[0]] == ["e"]


def test_each_delivery_adds_and_updates(bench: Bench) -> None:
    assert bench.deliver(notice("a", "2026-01-10", "un"), notice("b", "2026-01-20", "un")) == "nouvelle"
    assert bench.deliver(notice("b", "2026-01-20", "deux"), notice("c", "2026-01-25", "un")) == "nouvelle"
    assert bench.deliver(notice("c", "2026-01-25", "un"), notice("a", "2026-02-01", "trois")) == "nouvelle"
    assert bench.tables() == (
        [("a", "trois", 3, 1), ("b", "deux", 2, 1), ("c", "un", 3, 2)],
        [("a", 1, 3), ("b", 1, 2), ("c", 2, 3)],
    )


def test_only_what_is_new_is_asked_for(bench: Bench) -> None:
    bench.deliver(notice("a", "2026-01-10"), notice("z", None), notice("y", "2026"), notice("x", "2026-13-45"))
    bench.deliver(notice("b", "2026-01-20T10:00:00+01:00"), notice("s", "9999-12-31"), notice("t", "2026-03-03"))
    bench.deliver(notice("c", "2025-01-01"))
    bench.deliver()
    assert bench.asked == ["2024-01-01", "2026-01-07", "2026-01-17", "2026-01-17"]


def test_the_overlap_never_goes_before_the_start(bench: Bench) -> None:
    bench.deliver(notice("a", "2024-01-02"))
    bench.deliver(notice("b", "1970-01-01"))
    assert bench.asked == ["2024-01-01", "2024-01-01"]


def test_nothing_new_is_no_delivery_and_no_fault(bench: Bench) -> None:
    assert bench.deliver() == "refusée"
    assert bench.deliver(notice("a", "2026-01-10")) == "nouvelle"
    assert bench.deliver() == "inchangée"
    assert bench.deliver(notice("a", "2026-01-10")) == "inchangée"
    assert len(deliveries_in_use(bench.settings, bench.source)) == 1


def test_an_increment_may_be_much_smaller(bench: Bench) -> None:
    bench.deliver(*(notice(str(n), "2026-01-10") for n in range(500)))
    assert bench.deliver(notice("x", "2026-01-11")) == "nouvelle"
    assert len(bench.tables()[0]) == 501


def test_a_fault_keeps_everything_and_asks_again_from_the_same_date(bench: Bench) -> None:
    bench.deliver(notice("a", "2026-01-10"))
    bench.server.script(API, Answer(500))
    (result,) = ingest_source(bench.settings, bench.source)
    assert result.degraded and bench.tables()[0] == [("a", None, 1, 1)]
    bench.deliver(notice("b", "2026-01-20"))
    assert bench.asked == ["2024-01-01", "2026-01-07", "2026-01-07"]


def test_the_archive_alone_is_enough(bench: Bench) -> None:
    """Without data/state nor data/work, the tables and the next question are the same."""
    bench.deliver(notice("a", "2026-01-10", "un"), notice("b", "2026-01-20", "un"))
    bench.deliver(notice("b", "2026-01-21", "deux"))
    tables, since = bench.tables(), asked_since(bench.settings, bench.source)
    shutil.rmtree(bench.settings.state)
    shutil.rmtree(bench.settings.work)
    assert (bench.tables(), asked_since(bench.settings, bench.source)) == (tables, since)
    assert since == "2026-01-18"


def test_what_was_lost_is_asked_for_again(bench: Bench) -> None:
    bench.deliver(notice("a", "2026-01-10"))
    bench.deliver(notice("b", "2026-01-20"))
    bench.deliver(notice("c", "2026-02-20"))
    second = deliveries_in_use(bench.settings, bench.source)[1]
    shutil.rmtree(bench.settings.work)
    Archive(bench.settings.raw).object_path(second.sha256).unlink()
    assert asked_since(bench.settings, bench.source) == "2026-01-07"


def test_a_key_twice_in_a_delivery_keeps_both_rows(bench: Bench) -> None:
    """Which of the two is right is for staging to judge: nothing is dropped silently."""
    bench.deliver(notice("a", "2026-01-10", "un"))
    bench.deliver(notice("a", "2026-01-11", "deux"), notice("a", "2026-01-12", "trois"))
    assert sorted(bench.tables()[0]) == [("a", "deux", 2, 1), ("a", "trois", 2, 2)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_sequence_of_deliveries_decides(bench: Bench, order: tuple[int, ...]) -> None:
    contents = [
        (notice("a", "2026-01-10", "un"), notice("b", "2026-01-10", "un")),
        (notice("b", "2026-01-11", "deux"), notice("c", "2026-01-11", "deux")),
        (notice("c", "2026-01-12", "trois"), notice("a", "2026-01-12", "trois")),
    ]
    expected: dict[str, str] = {}
    for place in order:
        bench.deliver(*contents[place])
        expected |= {record["code"]: record["nom"] for record in contents[place]}
    assert {row[0]: row[1] for row in bench.tables()[0]} == expected


def test_a_source_never_ingested_has_empty_tables(bench: Bench) -> None:
    assert bench.tables() == ([], [])


def test_a_snapshot_is_replaced_not_added_to(bench: Bench) -> None:
    bench.source = make_source({"name": "json"}, ("code", "date", "nom"), protocol={"name": "http_file", "url": API})
    bench.deliver(notice("a", "2026-01-10"), notice("b", "2026-01-10"))
    bench.deliver(notice("b", "2026-01-11"), notice("c", "2026-01-10"))
    assert len(deliveries_in_use(bench.settings, bench.source)) == 1
    assert asked_since(bench.settings, bench.source) is None


def test_increments_of_files(bench: Bench, tmp_path: Path) -> None:
    """An export in Parquet asked with « {since} », its rows read in place."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    protocol = {"name": "http_file", "url": API, "params": {"where": "date >= date'{since}'"}, "since": SINCE}
    bench.source = make_source({"name": "parquet"}, ("code", "date", "nom"), protocol=protocol, mode="increment")
    outcomes = []
    for records in (
        [notice("a", "2026-01-10", "un"), notice("b", "2026-01-10", "un")],
        [notice("b", "2026-01-20", "deux")],
        [],
    ):
        schema = pa.schema([("code", pa.string()), ("date", pa.string()), ("nom", pa.string())])
        pq.write_table(pa.Table.from_pylist(records, schema=schema), tmp_path / "x.parquet")
        bench.server.script(API, Answer(body=(tmp_path / "x.parquet").read_bytes()))
        (result,) = ingest_source(bench.settings, bench.source)
        outcomes.append(result.outcome)
    assert outcomes == ["nouvelle", "nouvelle", "inchangée"]
    assert bench.asked == ["2024-01-01", "2026-01-07", "2026-01-17"]
    assert {row[:2] for row in bench.tables()[0]} == {("a", "un"), ("b", "deux")}
