"""Kappa and alpha against published worked examples, and what they say where they are not defined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.review.agreement import between, cohen_kappa, krippendorff_alpha, most_disagreement
from tests.helpers import Warehouse


def test_kappa_of_fleiss_diagnoses() -> None:
    """Fleiss (1981), Statistical Methods for Rates and Proportions, table 13.1: kappa 0.68, standard error 0.087."""
    cells = {"pp": 75, "pn": 1, "po": 4, "np": 5, "nn": 4, "no": 1, "oo": 10}
    found = cohen_kappa([(pair[0], pair[1]) for pair, count in cells.items() for _ in range(count)])
    assert found.value == pytest.approx(0.6765, abs=5e-5) and found.error == pytest.approx(0.0877, abs=5e-5)


def columns(*coders: str) -> list[list[str]]:
    """The values of each unit, « . » where a coder gave none."""
    return [
        [value for value in unit if value != "."] for unit in zip(*(coder.split() for coder in coders), strict=True)
    ]


def test_alpha_of_krippendorff_2011() -> None:
    """Krippendorff (2011), examples A (binary), B (nominal) and C (four observers, missing values)."""
    binary = columns("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    nominal = columns("a a b b d c c c e d d a", "b a b b b c c c e d d d")
    four = columns(
        "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."
    )
    expected = [(binary, 0.095), (nominal, 0.692), (four, 0.743)]
    for units, value in expected:
        assert krippendorff_alpha(units).value == pytest.approx(value, abs=5e-4)


def test_a_jackknife_error_is_that_of_its_definition() -> None:
    units = columns("a a b b", "a b b b")
    without = [krippendorff_alpha(units[:skipped] + units[skipped + 1 :]).value or 0.0 for skipped in range(4)]
    mean = sum(without) / 4
    assert krippendorff_alpha(units).error == pytest.approx((3 / 4 * sum((v - mean) ** 2 for v in without)) ** 0.5)


def test_what_is_not_defined_is_not_guessed() -> None:
    assert cohen_kappa([]).value is None and cohen_kappa([("a", "a")] * 5).value is None
    assert krippendorff_alpha([]).value is None and krippendorff_alpha([["a", "a"]] * 5).value is None
    assert krippendorff_alpha([["a"], ["b"]]).value is None, "no unit was valued twice"
    assert krippendorff_alpha([["a", "b"]]).error is None
    assert between("theme", "g", [{"A": "eau"}])[2:7] == ("A", ["A"], 0, None, None)


def test_agreement_without_exception_is_no_certainty() -> None:
    """3.68 % for 80 of 80 is the exact bound; the rule of three of Hanley and Lippman-Hand (1983) says about 3 / 80."""
    assert most_disagreement(80) == pytest.approx(0.0368, abs=1e-4) == pytest.approx(3 / 80, abs=1e-3)
    pairs = [("a", "a")] * 40 + [("b", "b")] * 40
    assert cohen_kappa(pairs).interval is None and krippendorff_alpha(pairs).interval is None
    row = between("theme", "g", [{"A": a, "B": b} for a, b in pairs])
    assert row[6:11] == ("1.0000", None, None, "1.0000", None)
    assert "aucun désaccord sur 80 cas" in str(row[-1]) and "jusqu'à 3,7\u00a0% de désaccords" in str(row[-1])
    one_less = between("theme", "g", [{"A": a, "B": b} for a, b in [("a", "b"), *pairs]])
    assert None not in one_less[:-1] and one_less[-1] is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_coefficients_do_not_depend_on_order_nor_on_names(pairs: list[tuple[str, str]]) -> None:
    renamed = [tuple({"a": "x", "b": "y", "c": "z"}[value] for value in pair) for pair in reversed(pairs)]
    for measure in (cohen_kappa, krippendorff_alpha):
        one, two = measure(pairs), measure(renamed)  # type: ignore[operator]
        assert one.value == pytest.approx(two.value, abs=1e-9) and one.error == pytest.approx(two.error, abs=1e-6)
        assert one.value is None or -1 <= one.value <= 1
    if len({value for pair in pairs for value in pair}) > 1 and all(a == b for a, b in pairs):
        assert cohen_kappa(pairs).value == krippendorff_alpha(pairs).value == 1


def test_the_release_says_who_coded_what_and_how_far_they_agree(judged: Warehouse) -> None:
    query = "select variable, comparaison, passes, n, accord::double, kappa::double from curated.accords order by 1, 2"
    assert judged.rows(query) == [
        ("ia_explicite", "A", ["A"], 0, None, None),
        ("ia_explicite", "A × registre", ["A"], 1, 0.0, 0.0),
        ("statut", "A × B", ["A", "B"], 2, 1.0, 1.0),
        ("statut", "A × registre", ["A"], 2, 0.0, 0.0),
        ("statut", "B × registre", ["B"], 2, 0.0, 0.0),
        ("theme", "A × B", ["A", "B"], 3, 0.6667, 0.5),
        ("theme", "A × registre", ["A"], 4, 0.75, 0.4286),
        ("theme", "B × registre", ["B"], 3, 0.3333, 0.0),
    ]
    assert judged.rows("select variable from curated.accords where motif like 'aucun désaccord sur 2 cas%'") == [
        ("statut",)
    ]
    assert judged.rows(
        "select passe, valeur, valeur_registre from curated.codages where cle_source = 'v001' and variable = 'theme' order by 1"
    ) == [("A", "eau", "eau"), ("B", "dechets", "eau")]
    assert judged.rows("select ligne, colonne from core.rejets where source = 'codages' order by 1, 2 desc") == [
        (10, "valeur"), (11, "variable"), (11, "valeur"), (12, "passe"),
    ]  # fmt: skip
