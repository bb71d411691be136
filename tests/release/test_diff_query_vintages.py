"""Comparing releases, querying them, and reading them as known on a date: on small releases made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from observatoire.cli_release import answer as show_answer
from observatoire.cli_release import diff as show_diff
from observatoire.cli_release import excerpts
from observatoire.errors import UsageError
from observatoire.release.diff import Change, diff_releases
from observatoire.release.query import Answer, ask
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


USE = {"usage_id": "10a40a64d213287c", "cle_source": "v012", "titre": "Tri des bacs", "collectivite": "Nantes"}


def typed_release(settings: Settings, name: str, **tables: tuple[str, str]) -> Release:
    """A release of tables given as (key columns, SELECT)."""
    folder = settings.curated / "releases" / name
    folder.mkdir(parents=True)
    for table, (key, query) in tables.items():
        with duckdb.connect() as con:
            found = con.sql(query).to_arrow_table()
        pq.write_table(found.replace_schema_metadata({"cle": key}), folder / f"{table}.parquet")
    return Release(folder)


def uses(part: str, present: bool = True) -> tuple[str, str]:
    fields = ", ".join(f"'{value}' as {name}" for name, value in USE.items())
    return (
        "usage_id",
        f"select {fields}, {part}::decimal(18,4) as valeur, ['a'] as themes, {str(present).lower()} as confirme",
    )


def cases(delivery: str, *rows: tuple[str, int, str]) -> tuple[str, str]:
    listed = ", ".join(str(row) for row in rows)
    return (
        "source,cle_source",
        f"select 'pstw' as source, *, '{delivery}' as livraison from (values {listed}) as v(cle_source, ligne, statut)",
    )


def rejected(delivery: str, *rows: tuple[str, int]) -> tuple[str, str]:
    listed = ", ".join(str(row) for row in rows)
    query = f"select 'pstw' as source, *, '{delivery}' as livraison, 'date' as motif from (values {listed}) as v(cle, ligne)"
    return "source,livraison,ligne", query


def test_a_diff_tells_rows_in_words_and_leaves_places_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path)
    before = typed_release(
        settings, "2026-01-01-a", usages=uses("22.5"), rejets=rejected("aa", ("P1", 1), ("P1", 2), ("P9", 3)),
        contexte_europe=cases("aa", ("P1", 1, "pilote"), ("P2", 2, "pilote"), ("P3", 3, "pilote")),
    )  # fmt: skip
    after = typed_release(
        settings, "2026-02-01-b", usages=uses("8.8", False), rejets=rejected("bb", ("P1", 5), ("P9", 6)),
        contexte_europe=cases("bb", ("P1", 1, "pilote"), ("P2", 3, "pilote"), ("P3", 2, "[arrêt]")),
    )  # fmt: skip
    found = diff_releases(before, after)
    assert {c.column for c in found.changes} == {None, "livraison", "ligne", "statut", "valeur", "confirme"}
    assert found.summary()[0] == {"table": "contexte_europe", "ajoutée": 0, "retirée": 0, "modifiée": 3}
    told = {(c.table, c.kind, c.column) for c in found.contents()}
    assert told == {
        ("contexte_europe", "modifiée", "statut"), ("rejets", "retirée", None), ("usages", "modifiée", "valeur"),
        ("usages", "modifiée", "confirme"),
    }  # fmt: skip
    assert found.displaced() == {"contexte_europe": 2, "rejets": 2}

    show_diff(found, json=False)
    shown = " ".join(capsys.readouterr().out.split())
    assert "v012 · Tri des bacs · Nantes modifiée valeur 22,5 8,8" in shown and USE["usage_id"] not in shown
    assert "modifiée confirme oui non" in shown and "pstw · P3 modifiée statut pilote [arrêt]" in shown
    assert "livraison 3" not in shown
    assert "d'une autre ligne du fichier : contexte_europe 2, rejets 2." in shown
    show_diff(found, json=True)
    kept = json.loads(capsys.readouterr().out)
    assert list(kept) == ["avant", "apres", "resume", "changements"]
    assert len(kept["changements"]) == len(found.changes) and kept["changements"][-1]["before"] == "22.5000"


def test_long_cells_are_shown_where_they_begin_to_differ() -> None:
    before, after = excerpts("a" * 200 + "b" + "c" * 200, "a" * 200 + "d")
    assert before == "… " + "a" * 30 + "b" + "c" * 89 + " …" and after == "… " + "a" * 30 + "d"
    assert excerpts("court", "") == ("court", "")


def test_a_wide_answer_says_once_what_its_rows_share(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"colonne_tres_longue_{place}" for place in range(12)]
    rows = [(number, None, *["égal"] * 10) for number in (1, 2)]
    show_answer(Answer(names, rows), json=False)
    shown = capsys.readouterr().out
    assert shown.count("colonne_tres_longue_5 : égal") == 1 and "sans valeur : colonne_tres_longue_1\n" in shown
    assert shown.split("colonne_tres_longue_0")[1].split()[1:3] == ["1", "2"] and shown.endswith("2 lignes.\n")
    assert "Dans toutes" in shown

    show_answer(Answer(names, rows[:1]), json=False)
    assert "colonne_tres_longue_0 : 1\n" in capsys.readouterr().out
    show_answer(Answer([f"c{place}" for place in range(12)], rows), json=False)
    assert "Dans toutes" not in capsys.readouterr().out, "a table that fits is a table, however many its columns"


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
    with pytest.raises(UsageError, match="ce jour n'est pas venu"):
        ask(settings, current, "from t", "2999-01-01")


def test_a_day_of_the_past_ends_at_midnight_in_paris(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    small_release(settings, "2026-01-10-x", "2026-01-10T09:00:00Z", t=[{"id": "1", "v": "a"}])
    current = small_release(settings, "2026-01-11-x", "2026-01-10T23:30:00Z", t=[{"id": "1", "v": "b"}])
    assert ask(settings, current, "select v from t", "2026-01-10").rows == [("a",)]
    assert ask(settings, current, "select v from t", "2026-01-11").rows == [("b",)]


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
