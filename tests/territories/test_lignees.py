"""Pieces of territory followed through movements, and values restated, on small invented maps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import UsageError
from observatoire.settings import default_project
from observatoire.territories.passages import Movement, Restated, Stage, restate, trace
from observatoire.warehouse.models import load_macros

Link = tuple[str, str | None, str | None]


def day(year: int) -> dt.date:
    return dt.date(year, 1, 1)


def movements(*groups: tuple[int, str, Sequence[Link]], names: dict[str, str] | None = None) -> list[Movement]:
    """Groups (year, kind, links before → after); a commune is called after its code unless `names` says otherwise."""
    called = names or {}
    return [
        Movement(
            day(year), kind, before, called.get(f"{before}<{year}", before), after, called.get(f"{after}>{year}", after)
        )
        for year, kind, links in groups
        for _, before, after in links
    ]


def link(before: str | None, after: str | None) -> Link:
    return ("", before, after)


def merger(year: int, pole: str, *others: str, kind: str = "32") -> tuple[int, str, list[Link]]:
    return year, kind, [link(code, pole) for code in (pole, *others)]


def split(year: int, source: str, *targets: str, kind: str = "21") -> tuple[int, str, list[Link]]:
    return year, kind, [link(source, target) for target in targets]


def holding(stages: Sequence[Stage], when: dt.date) -> dict[str, set[str]]:
    """The lignées of each commune at a date."""
    found: dict[str, set[str]] = {}
    for stage in stages:
        if (stage.start is None or stage.start <= when) and (stage.end is None or stage.end >= when):
            found.setdefault(stage.code, set()).add(stage.lineage)
    return found


def test_a_merger_gathers_and_a_separation_gives_back() -> None:
    stages = trace(movements(merger(2016, "A", "B", "C"), split(2025, "A", "A", "C")), {})
    assert holding(stages, day(2015)) == {"A": {"A"}, "B": {"B"}, "C": {"C"}}
    assert holding(stages, day(2020)) == {"A": {"A", "B", "C"}}
    assert holding(stages, day(2025)) == {"A": {"A", "B"}, "C": {"C"}}


def test_the_last_day_of_a_state_is_the_eve_of_the_movement() -> None:
    (first, second) = trace([Movement(day(2020), "10", "A", "Vieux", "A", "Neuf")], {"A": "Neuf"})
    assert (first.name, first.start, first.end) == ("Vieux", None, dt.date(2019, 12, 31))
    assert (second.name, second.start, second.end, second.kind) == ("Neuf", day(2020), None, "10")


def test_the_authority_that_goes_on_may_leave_its_code_to_the_one_re_established() -> None:
    """Les Hauts-Talican: 60054 until 2023, then 60694; 60054 is again Beaumont-les-Nonains, which had joined it."""
    names = {"B>2017": "Talican", "B<2024": "Talican", "B>2024": "Beaumont", "V>2024": "Talican"}
    stages = trace(movements(merger(2017, "B", "N", "V"), split(2024, "B", "B", "V"), names=names), {})
    assert holding(stages, day(2024)) == {"B": {"B"}, "V": {"V", "N"}}


def test_a_code_used_again_is_another_commune() -> None:
    stages = trace(
        movements(
            (2021, "50", [link("X", "Y")]),
            (2022, "20", [link(None, "X")]),
            (2023, "33", [link("X", "Y"), link("Y", "Y")]),
        ),
        {},
    )
    assert holding(stages, day(2020)) == {"X": {"X"}}
    assert holding(stages, day(2021)) == {"Y": {"X"}}
    assert holding(stages, day(2022)) == {"X": {"X@2022-01-01"}, "Y": {"X"}}
    assert holding(stages, day(2023)) == {"Y": {"X", "X@2022-01-01"}}


def test_a_second_merger_does_not_make_one_forget_the_first() -> None:
    stages = trace(movements(merger(1973, "A", "B"), merger(2016, "A", "C"), split(2020, "A", "A", "B")), {})
    assert holding(stages, day(2020)) == {"A": {"A", "C"}, "B": {"B"}}


def test_a_commune_changes_departement_before_it_merges_the_same_day() -> None:
    stages = trace(movements((2018, "32", [link("P2", "T"), link("T", "T")]), (2018, "41", [link("P1", "P2")])), {})
    assert holding(stages, day(2018)) == {"T": {"P1", "T"}}
    assert all(stage.end is None or stage.start is None or stage.start <= stage.end for stage in stages)


def test_a_new_commune_made_of_parts_of_three_shares_their_past() -> None:
    rows = [link(s, t) for s in ("A", "B", "C") for t in (s, "N")]
    stages = trace(movements((1989, "20", rows)), {})
    new = holding(stages, day(1989))["N"]
    assert len(new) == 3
    before = holding(stages, day(1988))
    assert [len(before[code] & new) for code in "ABC"] == [1, 1, 1]


def test_a_commune_that_leaves_the_code_has_no_successor() -> None:
    stages = trace(movements((2007, "30", [link("S", None)])), {"A": "A"})
    assert holding(stages, day(2006)) == {"S": {"S"}, "A": {"A"}}
    assert holding(stages, day(2007)) == {"A": {"A"}}


def test_the_end_of_associated_communes_changes_nothing() -> None:
    stages = trace(movements((2006, "34", [link("A", "A")])), {"A": "A"})
    assert stages == [Stage("A", "A", "A", None, None, None)]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Movement], int]:
    """A map of six communes that merge, separate, take names and codes, one movement a year, as real ones do."""
    living: dict[str, list[str]] = {code: [] for code in "ABCDEF"}
    fresh = iter("GHIJKLMNOPQRSTUVWXYZ")
    groups: list[tuple[int, str, list[Link]]] = []
    for year in range(2000, 2000 + draw(st.integers(1, 8))):
        code = draw(st.sampled_from(sorted(living)))
        kind = draw(st.sampled_from(("merge", "separate", "rename", "move")))
        if kind == "merge" and len(living) > 1:
            other = draw(st.sampled_from(sorted(set(living) - {code})))
            groups.append(merger(year, code, other))
            living[code] += [other, *living.pop(other)]
        elif kind == "separate" and living[code]:
            away = living[code].pop(draw(st.integers(0, len(living[code]) - 1)))
            if away not in living:
                groups.append(split(year, code, code, away))
                living[away] = []
        elif kind == "rename":
            groups.append((year, "10", [link(code, code)]))
        elif kind == "move" and (new := next(fresh, None)):
            groups.append((year, "50", [link(code, new)]))
            living[new] = living.pop(code)
    return movements(*groups), 2000 + len(groups)


@given(histories())
def test_at_any_date_each_lignee_is_in_one_commune_and_each_commune_has_one(
    history: tuple[list[Movement], int],
) -> None:
    rows, _ = history
    stages = trace(rows, dict.fromkeys("ABCDEF", "x"))
    alive = set("ABCDEF")
    for when in [day(1999), *sorted({row.date for row in rows})]:
        today = [row for row in rows if row.date == when]
        alive = alive - {str(row.before) for row in today} | {str(row.after) for row in today}
        found = holding(stages, when)
        assert set(found) == alive
        every = [lineage for held in found.values() for lineage in held]
        assert len(every) == len(set(every))


@given(histories())
def test_the_order_of_the_file_does_not_matter(history: tuple[list[Movement], int]) -> None:
    rows, _ = history
    assert trace(rows, {}) == trace(list(reversed(rows)), {})


@given(st.lists(st.sampled_from("BCDEF"), min_size=1, max_size=5, unique=True))
def test_a_merger_undone_is_no_change(others: list[str]) -> None:
    stages = trace(movements(merger(2016, "A", *others), split(2024, "A", "A", *others)), {})
    assert holding(stages, day(2015)) == holding(stages, day(2025))


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse holding a map: A+B merge (2016) and part (2024); C and D merge (2020); E is renamed; a code leaves."""
    connection = duckdb.connect()
    connection.execute("create schema core")
    for macro in load_macros(default_project() / "sql"):
        if macro.name.startswith("passages_"):
            connection.execute(macro.statement)
    rows = movements(
        merger(2016, "01001", "01002"),
        split(2024, "01001", "01001", "01002"),
        merger(2020, "01003", "01004"),
        (2021, "10", [link("01005", "01005")]),
        (2007, "30", [link("01007", None)]),
        (2018, "41", [link("01008", "02008")]),
        merger(1973, "01009", "01010"),
        split(1990, "01009", "01009", "01010"),
        split(2022, "01010", "01010", "01011", kind="20"),
        names={"01005<2021": "Vieux", "01005>2021": "Neuf"},
    )
    weights = {"01001": 300, "01002": 100, "01003": 50, "01005": 10, "02008": 7}
    stages = trace(rows, {})
    groups = holding(stages, day(2025))
    of = {lineage: code for code, held in groups.items() for lineage in held}
    connection.execute(
        "create table core.passages_etapes (lignee varchar, code varchar, nom varchar, modification varchar, "
        "groupe varchar, effectif_groupe integer, population_groupe integer, rang integer, valide_du date, valide_au date)"
    )
    seen: set[str] = set()
    for stage in stages:
        code = of.get(stage.lineage)
        connection.execute(
            "insert into core.passages_etapes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [stage.lineage, stage.code, stage.name, stage.kind, code, len(groups.get(code or "", ())),
             weights.get(code or ""), 2 if stage.lineage in seen else 1, stage.start, stage.end],
        )  # fmt: skip
        seen.add(stage.lineage)
    connection.execute("create table valeurs (code varchar, valeur double)")
    yield connection
    connection.close()


def between(
    con: duckdb.DuckDBPyConnection, start: int, end: int
) -> dict[tuple[str, str | None], tuple[str, float | None]]:
    rows = con.execute(
        f"select code_de, code_vers, nature, part from passages_entre('{day(start)}', '{day(end)}')"
    ).fetchall()
    return {(a, b): (nature, part) for a, b, nature, part in rows}


def test_the_kinds_of_passages(con: duckdb.DuckDBPyConnection) -> None:
    found = between(con, 2019, 2025)
    assert found["01001", "01001"] == ("rétablissement", 0.75)
    assert found["01001", "01002"] == ("rétablissement", 0.25)
    assert found["01003", "01003"] == found["01004", "01003"] == ("fusion", 1.0)
    assert found["01005", "01005"] == ("renommé", 1.0)
    assert found["01010", "01011"] == ("scission", None)  # its re-establishment of 1990 is another story
    assert between(con, 2015, 2025)["01002", "01002"] == ("inchangé", 1.0)
    assert between(con, 2017, 2025)["01008", "02008"] == ("changement de département", 1.0)
    assert between(con, 2006, 2025)["01007", None] == ("sans correspondance", 1.0)


def test_going_back_shares_out_what_a_merger_gathered(con: duckdb.DuckDBPyConnection) -> None:
    found = between(con, 2020, 2015)
    assert found["01001", "01001"] == ("fusion", 0.75)
    assert found["01003", "01004"] == ("fusion", None)  # the populations of the two former communes are not known


def values(con: duckdb.DuckDBPyConnection, **by_code: float) -> None:
    con.execute("delete from valeurs")
    con.executemany("insert into valeurs values (?, ?)", [[code.lstrip("c"), value] for code, value in by_code.items()])


def test_sums_are_exact_through_mergers_and_estimated_through_separations(con: duckdb.DuckDBPyConnection) -> None:
    values(con, c01001=40, c01003=5, c01004=6)
    found = {row.code: row for row in restate(con, "valeurs", day(2019), day(2025))}
    assert found["01003"] == Restated("01003", "01003", 11.0, True, None, ("01003", "01004"))
    assert found["01001"].value == 30.0
    assert not found["01001"].exact
    assert found["01001"].reason == "estimé selon la population : 01001"
    assert sum(row.value or 0 for row in found.values()) == 51


def test_a_missing_value_is_not_a_zero(con: duckdb.DuckDBPyConnection) -> None:
    values(con, c01003=5)
    (row,) = restate(con, "valeurs", day(2019), day(2025))
    assert (row.value, row.exact, row.reason) == (None, False, "sans valeur : 01004")
    (row,) = restate(con, "valeurs", day(2019), day(2025), absence_is_zero=True)
    assert (row.value, row.exact) == (5.0, True)


def test_a_zero_is_shared_exactly(con: duckdb.DuckDBPyConnection) -> None:
    values(con, c01001=0)
    assert [(row.value, row.exact) for row in restate(con, "valeurs", day(2019), day(2025))] == [
        (0.0, True),
        (0.0, True),
    ]


def test_what_cannot_be_placed_is_given_back_and_named(con: duckdb.DuckDBPyConnection) -> None:
    values(con, c01007=3, c99999=4, c01003=8)
    rows = restate(con, "valeurs", day(2006), day(2025), absence_is_zero=True)
    assert [(row.code, row.value, row.reason) for row in rows if not row.exact] == [
        (None, 3.0, "01007 : sans correspondance au 01/01/2025"),
        (None, 4.0, "99999 : code inconnu au 01/01/2006"),
    ]


def test_an_unknown_share_leaves_the_value_empty(con: duckdb.DuckDBPyConnection) -> None:
    values(con, c01003=8)
    assert {(row.code, row.value, row.reason) for row in restate(con, "valeurs", day(2025), day(2019))} == {
        ("01003", None, "part inconnue : 01003"),
        ("01004", None, "part inconnue : 01003"),
    }


@settings(deadline=None, max_examples=20)
@given(
    by_code=st.dictionaries(
        st.sampled_from(["01001", "01003", "01004", "01005", "01007", "01008"]), st.integers(0, 1000), min_size=1
    )
)
def test_nothing_is_lost_between_two_dates(con: duckdb.DuckDBPyConnection, by_code: dict[str, int]) -> None:
    values(con, **{f"c{code}": value for code, value in by_code.items()})
    rows = restate(con, "valeurs", day(2019), day(2025), absence_is_zero=True)
    assert sum(row.value or 0 for row in rows) == pytest.approx(sum(by_code.values()))


def test_what_cannot_be_asked(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match="1943"):
        restate(con, "valeurs", day(1900), day(2025))
    with pytest.raises(UsageError, match="colonnes code et valeur"):
        restate(con, "absente", day(2019), day(2025))
    values(con, c01003=8)
    con.execute("insert into valeurs values ('01003', 9)")
    with pytest.raises(UsageError, match="deux valeurs à « 01003 »"):
        restate(con, "valeurs", day(2019), day(2025))
