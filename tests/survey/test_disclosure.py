"""What must be hidden, what else, and the proof; on tables small enough to solve by head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import DisclosureRisk, SurveyError
from observatoire.survey.disclosure.audit import Protection, Range, audit, exposures, require_protected
from observatoire.survey.disclosure.primary import Rule, primary
from observatoire.survey.disclosure.secondary import secondary
from observatoire.survey.disclosure.tables import (
    Cell,
    Relation,
    Tables,
    additive_table,
    cell_key,
    cross_table,
    join,
    nested_bases,
    nested_shares,
    share_cells,
    share_table,
)


def table(values: Any, **options: Any) -> Tables:
    size = np.shape(values)
    return additive_table(values, [f"l{i}" for i in range(size[0])], [f"c{j}" for j in range(size[1])], **options)


def test_small_counts_and_dominance() -> None:
    counts = table([[2, 5], [0, 9]])
    assert primary(counts) == {"l0 × c0": "moins de 3 répondants", "total × c0": "moins de 3 répondants"}
    assert primary(counts, Rule(fewest=2)) == {}
    amounts = table([[100, 50]], contributors=[[5, 5]], largest=[[86, 42]])
    assert primary(amounts) == {
        "l0 × c0": "une unité pèse plus de 85 % du total",
        "total × c0": primary(amounts)["l0 × c0"],
    }


def test_a_unanimous_exhaustive_stratum_is_confidential() -> None:
    for yes in (0, 18):
        found = primary(share_cells("régions", yes, 18, exhaustive=True))
        assert set(found) == {"régions : oui", "régions : non"}
        assert "révèle chaque réponse" in found["régions : oui"]
        assert primary(share_cells("communes", yes, 18, exhaustive=False)) == {}
    assert primary(share_cells("régions", 7, 18, exhaustive=True)) == {}


def test_hiding_both_answers_protects_a_unanimous_share() -> None:
    tables = share_cells("régions", 18, 18, exhaustive=True)
    confidential = primary(tables)
    assert audit(tables, confidential) == {"régions : oui": Range(0, 18), "régions : non": Range(0, 18)}
    require_protected(tables, confidential, confidential)
    with pytest.raises(DisclosureRisk, match=r"« régions : oui » .*publiée telle quelle"):
        require_protected(tables, [], confidential)


def test_the_difference_of_two_bases_is_seen() -> None:
    """Two bases, each without a small cell: their difference shows a cell of 2."""
    rows, columns = ["r"] * 30 + ["s"] * 30, ["c"] * 60
    small = np.zeros(60, dtype=bool)
    small[:2] = small[30:40] = True
    titles = ("toutes", "3 500 et plus", "moins de 3 500")
    tables = nested_bases(rows, columns, ~small, titles=titles)
    confidential = primary(tables)
    key = cell_key(titles[2], "r", "c")
    assert key in confidential
    with pytest.raises(DisclosureRisk) as refusal:
        require_protected(tables, [], {key: confidential[key]})
    assert f"« {key} »" in str(refusal.value) and "« toutes : r × c »" in str(refusal.value)
    hidden = secondary(tables, confidential)
    assert hidden and all(tables.cells[k].published for k in hidden)
    require_protected(tables, [*hidden, *confidential], confidential)


def test_a_unanimous_remainder_between_two_bases_is_seen() -> None:
    """Twenty regions, ten « oui »; fifteen of them, five « oui »: the other five all said « oui »."""
    yes = np.arange(20) < 10
    inside = np.arange(20) >= 5
    titles = ("toutes", "grandes", "autres")
    tables = nested_shares(["r"] * 10 + ["s"] * 10, yes, np.full(20, True), inside, titles=titles)
    confidential = primary(tables)
    assert "révèle chaque réponse" in confidential["autres : total : oui"]
    with pytest.raises(DisclosureRisk, match=r"« autres : total : oui »"):
        require_protected(tables, [], {"autres : total : oui": confidential["autres : total : oui"]})
    sampled = nested_shares(["r"] * 20, yes, np.full(20, False), inside, titles=titles)
    assert primary(sampled) == {}


def test_shares_by_group_add_up() -> None:
    tables = share_table(["r", "r", "s"], [True, False, True], [True, True, False], title="IA")
    assert tables.cells["IA : total : oui"] == Cell("IA : total : oui", 2, 3, base=3)
    assert tables.cells["IA : r : non"] == Cell("IA : r : non", 1, 2, base=2, exhaustive=True)
    assert Relation("IA : total : réponses", ("IA : r : réponses", "IA : s : réponses")) in tables.relations


def test_nested_bases_hold_every_total() -> None:
    rows, columns = ["r", "r", "s", "s"], ["c", "d", "c", "d"]
    tables = nested_bases(rows, columns, [True, False, True, True], [5, 6, 7, 8], titles=("tout", "dans", "hors"))
    assert tables.cells["tout : total × total"] == Cell("tout : total × total", 26, 4, 8)
    assert tables.cells["hors : r × d"] == Cell("hors : r × d", 6, 1, 6, published=False)
    assert Relation("tout : r × d", ("dans : r × d", "hors : r × d")) in tables.relations


def test_protection_interval() -> None:
    assert Protection().of(Cell("k", 200, 9)) == Range(180, 220)
    assert Protection().of(Cell("k", 1, 1)) == Range(0, 2)
    assert Protection(share=0.5, least=4).of(Cell("k", 2, 2)) == Range(0, 6)
    assert Protection().of(Cell("k", 18, 18, base=18)) == Range(18 - 1.8, 18)


def test_a_wider_protection_is_refused_where_a_narrow_one_passes() -> None:
    tables = table([[2, 50, 1], [10, 15, 30], [2, 9, 1]])
    confidential = primary(tables)
    require_protected(tables, confidential, confidential)
    with pytest.raises(DisclosureRisk, match="4 case"):
        require_protected(tables, confidential, confidential, Protection(least=2))
    assert exposures(tables, confidential, confidential, Protection(least=2))[0].left == Range(1, 3)


def test_a_refusal_holds_no_value() -> None:
    tables = table([[20, 50, 2], [10, 15, 30], [8, 9, 40]])
    confidential = {"l0 × c2": "moins de 3 répondants"}
    with pytest.raises(DisclosureRisk) as refusal:
        require_protected(tables, confidential, confidential)
    text = str(refusal.value).replace("10 % ou 1 près", "").replace("moins de 3", "").replace("1 case", "")
    assert not any(character.isdigit() for character in text.replace("l0 × c2", "").replace("l0", "").replace("c2", ""))


def test_kept_cells_stay_or_the_refusal_says_so() -> None:
    tables = table([[20, 50, 2], [10, 15, 30], [8, 9, 40]])
    confidential = primary(tables)
    assert secondary(tables, confidential) == ["l0 × c0", "l1 × c0", "l1 × c2"]
    assert "l1 × c0" not in secondary(tables, confidential, keep=["l1 × c0"])
    with pytest.raises(DisclosureRisk, match="Aucun masquage ne protège la case « l0 × c2 »"):
        secondary(tables, confidential, keep=set(tables.cells) - {"l0 × c2", "l1 × c2"})


def test_both_sides_of_a_value_are_protected() -> None:
    """l1 × c1 can rise by 10 but not fall by it: the cheapest rectangle hides the cell upwards only."""
    values = [[100, 50], [50, 2], [60, 40]]
    tables = table(values, contributors=np.full((3, 2), 5), largest=[[90, 0], [0, 0], [0, 0]])
    confidential = {"l0 × c0": primary(tables)["l0 × c0"]}
    rectangle = ["l0 × c0", "l0 × c1", "l1 × c0", "l1 × c1"]
    assert [item.left for item in exposures(tables, rectangle, confidential)] == [Range(98, 150)]
    assert set(secondary(tables, confidential)) > set(rectangle[1:])


def test_unbounded_cells() -> None:
    tables = join([Tables({"a": Cell("a", 5, 9)}, ())])
    assert audit(tables, ["a"]) == {"a": Range(0, np.inf)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: audit(table([[3, 4]]), ["nulle part"]), "« nulle part » absente"),
        (lambda: join([Tables({"a": Cell("a", 5, 9)}, ()), Tables({"a": Cell("a", 6, 9)}, ())]), "deux valeurs"),
        (lambda: join([Tables({"a": Cell("a", 5, 9)}, (Relation("a", ("b",)),))]), "« b » est citée"),
        (
            lambda: join([Tables({"a": Cell("a", 5, 9), "b": Cell("b", 4, 9)}, (Relation("a", ("b",)),))]),
            "n'est pas la somme",
        ),
        (lambda: cross_table(["r"], ["c"], [-1.0]), "négative"),
        (lambda: cross_table(["r", ""], ["c", "c"]), "valeur manquante"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(SurveyError, match=words):
        call()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 4))
def test_what_secondary_hides_is_enough_and_the_truth_is_never_ruled_out(seed: int, rows: int, columns: int) -> None:
    random = np.random.default_rng(seed)
    tables = table(random.choice([0, 1, 2, 4, 9, 30], (rows, columns)))
    confidential = primary(tables)
    try:
        hidden = {*secondary(tables, confidential), *confidential}
    except DisclosureRisk:
        return  # too few cells to hide behind: refused, which is the promise
    assert not exposures(tables, hidden, confidential)
    for key, found in audit(tables, hidden).items():
        assert found.low <= tables.cells[key].value <= found.high
