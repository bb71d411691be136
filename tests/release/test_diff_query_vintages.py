"""Comparing releases, querying them, and reading them as known on a date: on small releases made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from observatoire.errors import UsageError
from observatoire.release.diff import Change, diff_releases
from observatoire.release.query import ask
from observatoire.release.store import Release, complete, find_release, make_current, write_sums
from observatoire.release.vintages import as_of_query, catch_up, vintages_folder
from observatoire.settings import Settings
from tests.helpers import asked

Rows = list[dict[str, Any]]


def settings_in(folder: Path) -> Settings:
    return Settings(project=folder, data=folder / "data", register=folder)


def small_release(settings: Settings, name: str, at_time: str, **tables: Rows) -> Release:
    """A release of small tables keyed by `id`."""
    folder = settings.curated / "releases" / name
    folder.mkdir(parents=True)
    for table, rows in tables.items():
        columns = list(rows[0]) if rows else ["id", "v"]
        schema = pa.schema([(column, pa.string()) for column in columns], metadata={"cle": "id"})
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{table}.parquet")
    write_sums(folder)
    complete(folder, {"id": name, "released_at": at_time, "predecessor": None, "perimetre": "embarque", "tables": {}})
    release = Release(folder)
    make_current(settings, release)
    with duckdb.connect() as con:
        catch_up(settings, con, release, at_time)
    return release


def test_a_diff_names_every_row_and_cell(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    before = small_release(
        settings, "2026-01-01-a", "2026-01-01T10:00:00Z",
        t=[{"id": "1", "v": "a"}, {"id": "2", "v": "b"}, {"id": "3", "v": None}], gone=[{"id": "9", "v": "z"}],
    )  # fmt: skip
    after = small_release(
        settings, "2026-02-01-b", "2026-02-01T10:00:00Z",
        t=[{"id": "1", "v": "a"}, {"id": "3", "v": "c"}, {"id": "4", "v": None}], come=[{"id": "7", "v": "y"}],
    )  # fmt: skip
    diff = diff_releases(before, after)
    assert diff.changes == [
        Change("come", "7", "ajoutée"),
        Change("gone", "9", "retirée"),
        Change("t", "2", "retirée"),
        Change("t", "3", "modifiée", "v", None, "c"),
        Change("t", "4", "ajoutée"),
    ]
    assert diff.summary()[2] == {"table": "t", "ajoutée": 1, "retirée": 1, "modifiée": 1}
    assert diff_releases(after, after).changes == []


def test_as_of_gives_each_past_state_back(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    states: list[Rows] = [
        [{"id": "1", "v": "a"}, {"id": "2", "v": None}],
        [{"id": "1", "v": "b"}],
        [{"id": "1", "v": "a"}, {"id": "2", "v": None}, {"id": "3", "v": "c"}],
    ]
    for month, rows in enumerate(states, 1):
        current = small_release(settings, f"2026-0{month}-10-x", f"2026-0{month}-10T09:00:00Z", t=rows)
    for month, rows in enumerate(states, 1):
        for day in (f"2026-0{month}-10", f"2026-0{month}-28"):
            assert ask(settings, current, "from t order by id", day).as_dicts() == rows
    with pytest.raises(UsageError, match="Rien n'était encore publié le 2025-12-31"):
        ask(settings, current, "from t", "2025-12-31")
    with pytest.raises(UsageError, match="AAAA-MM-JJ"):
        ask(settings, current, "from t", "hier")


def test_a_column_that_comes_or_goes_keeps_the_past(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    small_release(settings, "2026-01-01-a", "2026-01-01T10:00:00Z", t=[{"id": "1", "old": "x"}])
    small_release(settings, "2026-02-01-b", "2026-02-01T10:00:00Z", t=[{"id": "1", "new": "y"}])
    table = vintages_folder(settings) / "t.parquet"
    assert asked(f"select id, old from ({as_of_query(table, '2026-01-15')})") == [("1", "x")]
    assert asked(f"select id, new from ({as_of_query(table, '2026-02-15')})") == [("1", "y")]


def test_catching_up_twice_or_after_a_kill_changes_nothing_more(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    release = small_release(settings, "2026-01-01-a", "2026-01-01T10:00:00Z", t=[{"id": "1", "v": None}])
    kept = asked(f"from '{vintages_folder(settings)}/t.parquet'")
    (vintages_folder(settings) / "last.json").unlink()
    with duckdb.connect() as con:
        assert catch_up(settings, con, release, "2027-01-01T00:00:00Z")
        assert not catch_up(settings, con, release, "2028-01-01T00:00:00Z")
    assert asked(f"from '{vintages_folder(settings)}/t.parquet'") == kept


@hypothesis_settings(max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.sampled_from("xy")), min_size=1, max_size=4))
def test_any_history_reads_back(tmp_path_factory: pytest.TempPathFactory, history: list[dict[str, str | None]]) -> None:
    settings = settings_in(tmp_path_factory.mktemp("histoire"))
    states = [[{"id": key, "v": value} for key, value in sorted(state.items())] for state in history]
    for day, rows in enumerate(states, 1):
        release = small_release(settings, f"2026-01-0{day}-x", f"2026-01-0{day}T00:00:00Z", t=rows, u=[{"id": "1"}])
    for day, rows in enumerate(states, 1):
        assert ask(settings, release, "from t order by id", f"2026-01-0{day}").as_dicts() == rows


def test_a_query_reads_the_release_and_nothing_else(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    release = small_release(settings, "2026-01-01-a", "2026-01-01T10:00:00Z", t=[{"id": "1", "v": "a"}])
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    assert ask(settings, release, "select v from t").rows == [("a",)]
    for refused in (f"from read_csv('{secret}')", "select * from absente", f"copy t to '{tmp_path}/x.csv'"):
        with pytest.raises(UsageError, match=r"^Requête refusée : .*Tables : t\.$"):
            ask(settings, release, refused)
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "Requête vide. Écrire une requête SQL"),
        ("-- rien", "Requête vide. Écrire une requête SQL"),
        ("select titree from t", "Requête refusée : la colonne « titree » n'existe pas. Proches : titre, "),
        ("from tt", "Requête refusée : la table « tt » n'existe pas. Proches : t. Tables : t."),
        ("select x.titre from t", "Requête refusée : « x » n'est pas une table de la requête. Proches : t."),
        ("selec 1", "Requête refusée : erreur de syntaxe près de « selec »."),
        ("select sume(id) from t", "Requête refusée : la fonction « sume » n'existe pas. Proches : sum."),
        ("select cast(titre as int) from t", "Requête refusée : la valeur « Un titre » ne se convertit pas en INT32."),
        ("insert into t values (1)", "Requête refusée : DuckDB répond « Catalog Error: t is not an table »."),
    ],
)
def test_a_refused_query_says_in_french_what_is_wrong_and_what_is_near(tmp_path: Path, sql: str, said: str) -> None:
    settings = settings_in(tmp_path)
    release = small_release(settings, "2026-01-01-a", "2026-01-01T10:00:00Z", t=[{"id": "1", "titre": "Un titre"}])
    with pytest.raises(UsageError) as refused:
        ask(settings, release, sql)
    assert str(refused.value).startswith(said) and "\n" not in str(refused.value)


def test_releases_are_found_by_name_or_beginning(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(UsageError, match="Aucune version"):
        find_release(settings, "current")
    first = small_release(settings, "2026-01-01-abc", "2026-01-01T10:00:00Z", t=[{"id": "1"}])
    second = small_release(settings, "2026-01-01-abd", "2026-01-02T10:00:00Z", t=[{"id": "1"}])
    assert find_release(settings, "2026-01-01-abc") == first
    assert find_release(settings, "current").path.resolve() == second.path.resolve()
    with pytest.raises(UsageError, match="inconnue ou ambiguë"):
        find_release(settings, "2026-01-01-ab")
