"""Every expected value of the survey oracle (R survey 4.5), and what we answer where R has no answer."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from observatoire.errors import SurveyError
from tests.survey.oracle_cases import Answers, Oracle

RELATIVE = 1e-8
LIKELIHOOD = 1e-3  # R interpolates a profile, we find the root
NEARLY_ZERO = 1e-12  # share of the estimate below which a standard error is rounding

Ours = Callable[[str, Answers | SurveyError], bool]


def refused(words: str) -> Ours:
    return lambda stat, answer: isinstance(answer, SurveyError) and words in str(answer)


def absent(stat: str, answer: Answers | SurveyError) -> bool:
    return isinstance(answer, dict) and all(
        answer[key] is None for key in ([stat] if stat != "ERROR" else ["lo", "hi"])
    )


def exact(stat: str, answer: Answers | SurveyError) -> bool:
    return isinstance(answer, dict) and answer["lo"] == answer["hi"] == answer["est"] and answer["se"] == 0


def whole(stat: str, answer: Answers | SurveyError) -> bool:
    """An interval that holds almost all of [0, 1]."""
    return isinstance(answer, dict) and 0 <= (answer["lo"] or 0) < 1e-9 and 1 - 1e-9 < (answer["hi"] or 0) <= 1


def zero(stat: str, answer: Answers | SurveyError) -> bool:
    return isinstance(answer, dict) and answer[stat] == 0


@dataclass(frozen=True)
class Exempt:
    """Values of R that we do not give, how many, why, and what we answer instead."""

    pattern: str
    count: int
    reason: str
    ours: Ours


EXCEPTIONS = (
    Exempt(
        r"crosscheck\|.*",
        3,
        "distance between two R packages, not an estimate; ours is measured by the calibrated cases themselves",
        lambda stat, answer: True,
    ),
    Exempt(
        r"synth2025\|lonely=fail\|.*\|ERROR",
        4,
        "R stops on the stratum DEP (1 of 95); so do we, naming it",
        refused("« DEP »"),
    ),
    Exempt(r"synth2026_greg_infeasible\|ERROR", 1, "infeasible bounds: refused", refused("Élargir les bornes")),
    Exempt(
        r".*dom_type=CTU\|ia\|ciprop_likelihood\|ERROR", 2, "R stops on df = 0; the interval is absent here", absent
    ),
    Exempt(
        r".*dom_type=REG\|ia\|ciprop_likelihood\|ERROR", 2, "R stops on a census; the share is its own interval", exact
    ),
    Exempt(r".*edge_p=0\|ciprop_likelihood\|ERROR", 1, "R stops on p = 0; the interval is absent here", absent),
    Exempt(
        r".*dom_type=REG\|ia\|ciprop_beta\|(lo|hi)",
        6,
        "census: R's infinite effective size gives [0.5, 0.5], which does not hold the estimate",
        exact,
    ),
    Exempt(
        r".*dom_type=REG\|ia\|ciprop_wilson\|(lo|hi)", 2, "census: R gives NA, the share is its own interval", exact
    ),
    Exempt(
        r".*dom_type=SYND\|ia\|ciprop_(logit|likelihood)\|(lo|hi)",
        10,
        "n = 2, df = 1: R overflows or fails to interpolate; the interval is almost [0, 1]",
        whole,
    ),
    Exempt(
        r".*dom_type=SYND\|ia\|ciprop_asin\|(lo|hi)",
        6,
        "n = 2, df = 1: R's angles leave [0, π/2] and fold back; we stop them at the ends",
        whole,
    ),
    Exempt(
        r".*dom_type=DEP\|ia\|ciprop_logit\|est|.*edge_p=0\|ciprop_logit\|est",
        2,
        "R's regression stops near p = 0 without reaching it",
        zero,
    ),
    Exempt(
        r".*edge_p=[01]\|ciprop_logit\|(lo|hi)", 4, "R's interval of width 0 around an unconverged estimate", absent
    ),
    Exempt(r".*edge_p=0\|(mean|total)\|(lo|hi)", 4, "p = 0 in a sample: R's interval [0, 0] claims certainty", absent),
    Exempt(
        r"apiclus1_rake\|schwide\|total\|(lo|hi)",
        2,
        "a total that the calibration fixes: R's interval has width 0, ours is absent and says so",
        absent,
    ),
    Exempt(r".*edge_empty_domain\|mean\|(est|se)", 2, "nobody in the domain: R gives 0, there is no estimate", absent),
)
EXPECTED, COMPARED, BOTH_ABSENT = 2947, 2768, 128


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "oracles" / "survey"


def expected(folder: Path) -> list[dict[str, str]]:
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def agrees(row: dict[str, str], answer: Answers) -> bool:
    theirs, ours = float(row["value"]), answer[row["stat"]]
    if ours is None or not math.isfinite(ours):
        return False
    if theirs == 0:
        return abs(ours) <= NEARLY_ZERO * max(abs(answer.get("est") or 1), 1e-6)
    is_likelihood = "ciprop_likelihood" in row["case"] and row["stat"] in ("lo", "hi")
    return abs(ours - theirs) <= (LIKELIHOOD if is_likelihood else RELATIVE) * abs(theirs)


def test_every_expected_value(folder: Path) -> None:
    oracle = Oracle(folder)
    rows = expected(folder)
    answers: dict[str, Answers | SurveyError] = {}
    for case in {row["case"] for row in rows}:
        try:
            answers[case] = {} if case.startswith("crosscheck|") else oracle.answer(case)
        except SurveyError as error:
            answers[case] = error

    compared, both_absent, wrong = 0, 0, []
    excepted = dict.fromkeys(EXCEPTIONS, 0)
    for row in rows:
        key, answer = f"{row['case']}|{row['stat']}", answers[row["case"]]
        rule = next((rule for rule in EXCEPTIONS if re.fullmatch(rule.pattern, key)), None)
        if rule is not None and not rule_is_needless(row, answer):
            excepted[rule] += 1
            if not rule.ours(row["stat"], answer):
                wrong.append(f"{key}: R {row['value']}, ours {answer} ({rule.reason})")
        elif isinstance(answer, SurveyError):
            wrong.append(f"{key}: {answer}")
        elif row["value"] == "NA":
            both_absent += 1
            if answer[row["stat"]] is not None:
                wrong.append(f"{key}: R NA, ours {answer[row['stat']]}")
        else:
            compared += 1
            if not agrees(row, answer):
                wrong.append(f"{key}: R {row['value']}, ours {answer[row['stat']]}")

    assert not wrong, "\n".join(wrong)
    assert {rule.pattern: count for rule, count in excepted.items()} == {r.pattern: r.count for r in EXCEPTIONS}
    assert (len(rows), compared, both_absent) == (EXPECTED, COMPARED, BOTH_ABSENT)
    assert compared + both_absent + sum(excepted.values()) == EXPECTED


def rule_is_needless(row: dict[str, str], answer: Answers | SurveyError) -> bool:
    """Whether R and we agree after all, so that the value counts as compared."""
    if isinstance(answer, SurveyError) or row["stat"] not in answer:
        return False
    return answer[row["stat"]] is None if row["value"] == "NA" else agrees(row, answer)
