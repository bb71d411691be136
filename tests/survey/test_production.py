"""From answers to protected figures: counted by hand, compared with the statistical core, broken on purpose."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from observatoire.errors import DisclosureRisk, SpecError, SurveyError, UsageError
from observatoire.settings import Settings
from observatoire.survey.design import SurveyDesign
from observatoire.survey.estimators import proportion
from observatoire.survey.intake.store import purge
from observatoire.survey.production.compare import compare_editions
from observatoire.survey.production.edition import (
    Row,
    estimate_edition,
    opened_edition,
    plain,
    weigh_edition,
)
from observatoire.survey.production.protection import PROTECTING, protect
from observatoire.survey.production.publish import publish_changes, publish_figures
from observatoire.survey.sampling.files import write_reminders
from tests.survey.conftest import ADO, QUESTIONS, Answers, Field, frame


def mixed(sirens: list[str], step: int = 3) -> Answers:
    """Everybody answers; one authority in `step` uses AI."""
    return {siren: {"IA01": "Y" if i % step == 0 else "N"} for i, siren in enumerate(sirens)}


def rows_by_domain(rows: list[Row], code: str = "ENQ-ADO") -> dict[str, Row]:
    return {row["modalite"]: row for row in rows if row["indicateur"] == code}


def column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as handle:
        return [row[name] for row in csv.DictReader(handle)]


def test_the_figures_are_those_of_the_statistical_core(field: Field) -> None:
    field.book()
    sirens = field.draw()
    answers = mixed(sirens)
    field.answer(answers)
    done = estimate_edition(field.settings, "essai", "2026")
    strata = {"1": "A", "2": "B", "3": "C"}
    ordered = sorted(sirens)
    design = SurveyDesign.element(strata=[strata[s[0]] for s in ordered], population={"A": 40, "B": 20, "C": 6})
    yes = np.array([1.0 if answers[s]["IA01"] == "Y" else 0.0 for s in ordered])
    expected = proportion(design, yes)
    found = rows_by_domain(done.rows)[""]
    assert expected.value and expected.low and expected.high and expected.deff
    assert [found[name] for name in ("valeur", "ic_bas", "ic_haut", "deff", "n")] == [
        plain(100 * expected.value, 1), plain(100 * expected.low, 1), plain(100 * expected.high, 1), plain(expected.deff, 2), "36",
    ]  # fmt: skip
    assert found["plan"] == "probabilite" and found["fictif"] == "oui" and found["millesime"] == "2025-01-01"


def test_non_response_is_made_up_for_within_its_stratum_or_group(field: Field) -> None:
    field.book()
    sirens = field.draw()
    in_a = [siren for siren in sirens if siren[0] == "1"]
    silent = set(in_a[: len(in_a) // 2])
    folder = field.answer(mixed([siren for siren in sirens if siren not in silent]))
    weighed = weigh_edition(field.settings, "essai", "2026")
    weights = {
        s: float(w)
        for s, w in zip(column(folder / "poids.csv", "siren"), column(folder / "poids.csv", "poids"), strict=True)
    }
    by_stratum = [sum(w for s, w in weights.items() if s[0] == code) for code in "123"]
    assert by_stratum == pytest.approx([40, 20, 6])
    assert weighed.response["A"] == (len(in_a) - len(silent), len(in_a), 40)
    # one group for A and B: the losses of A weigh on both, their sum stays
    field.book(weighting={"response_groups": {"AB": ["A", "B"]}})
    weigh_edition(field.settings, "essai", "2026")
    grouped = {
        s: float(w)
        for s, w in zip(column(folder / "poids.csv", "siren"), column(folder / "poids.csv", "poids"), strict=True)
    }
    assert sum(w for s, w in grouped.items() if s[0] != "3") == pytest.approx(60)
    assert sum(w for s, w in grouped.items() if s[0] == "2") > 20


def test_margins_are_met(field: Field) -> None:
    margins = [{"by": "type", "totals": {"commune": 60, "region": 6}}, {"by": "IA03", "totals": {"A1": 30, "A2": 36}}]
    field.book(weighting={"margins": margins})
    sirens = field.draw()
    folder = field.answer(
        {s: {"IA01": "Y" if i % 3 else "N", "IA03": "A1" if i % 4 else "A2"} for i, s in enumerate(sirens)}
    )
    weigh_edition(field.settings, "essai", "2026")
    weights = dict(
        zip(column(folder / "poids.csv", "siren"), map(float, column(folder / "poids.csv", "poids")), strict=True)
    )
    first = [s for i, s in enumerate(sirens) if i % 4]
    assert sum(weights[s] for s in first) == pytest.approx(30) and sum(weights.values()) == pytest.approx(66)
    field.answer({s: {"IA01": "Y"} for s in sirens})
    with pytest.raises(SurveyError, match="36 répondants sans « IA03 »"):
        weigh_edition(field.settings, "essai", "2026")


def test_what_becomes_of_a_non_response_is_the_codebook_s_choice(field: Field) -> None:
    env = {"code": "ENQ-ENV", "counted": [{"question": "IA02", "parts": ["SQ1"]}], "non_response": "au_denominateur"}
    field.book(indicators=[ADO, env])
    sirens = field.draw(size=66)  # everybody is drawn: shares are plain counts
    cells: Answers = {}
    for i, siren in enumerate(sirens):
        cells[siren] = {
            "IA01": "Y" if i < 33 else "N" if i < 60 else None,
            "IA02[SQ1]": "Y" if i < 20 else "" if i < 50 else None,
        }
    field.answer(cells)
    rows = {row["indicateur"]: row for row in estimate_edition(field.settings, "essai", "2026").rows}
    assert (rows["ENQ-ADO"]["n"], rows["ENQ-ADO"]["valeur"]) == ("60", "55")
    assert (rows["ENQ-ENV"]["n"], rows["ENQ-ENV"]["valeur"]) == ("66", plain(100 * 20 / 66, 1))
    field.book(indicators=[{**env, "non_response": "exclue"}])
    (other,) = estimate_edition(field.settings, "essai", "2026").rows
    assert (other["n"], other["valeur"]) == ("50", "40")
    assert "comptant comme des non" in rows["ENQ-ENV"]["base"] and "ayant répondu" in other["base"]


def test_a_question_that_was_not_asked_is_a_no_and_a_base_is_who_meets_it(field: Field) -> None:
    users = {"code": "ENQ-GENU", "counted": [{"question": "IA03", "values": ["A1"]}],
             "among": [{"question": "IA01", "values": ["Y"]}], "non_response": "exclue"}  # fmt: skip
    field.book(indicators=[users])
    sirens = field.draw(size=66)
    field.answer({s: {"IA01": "Y" if i < 40 else "N", "IA03": "A1" if i % 2 else "A2"} for i, s in enumerate(sirens)})
    (row,) = estimate_edition(field.settings, "essai", "2026").rows
    assert (row["n"], row["valeur"]) == ("40", "50")


def test_a_smaller_base_and_an_amount(field: Field) -> None:
    spent = {"code": "ENQ-GEN", "measure": "moyenne", "value": "IA06", "non_response": "exclue"}
    field.book(indicators=[ADO, spent], bases=[{"code": "grandes", "label": "hors strate A", "strata": ["B", "C"]}])
    sirens = field.draw(size=66)
    field.answer({s: {"IA01": "Y" if i % 3 else "N", "IA06": str(100 + i)} for i, s in enumerate(sirens)})
    rows = estimate_edition(field.settings, "essai", "2026").rows
    small = next(row for row in rows if row["modalite"] == "hors strate A" and row["indicateur"] == "ENQ-ADO")
    assert small["n"] == "26" and small["base"].endswith("; hors strate A") and small["ventilation"] == "base"
    amount = next(row for row in rows if row["indicateur"] == "ENQ-GEN" and not row["modalite"])
    assert amount["valeur"] == plain(100 + 65 / 2, 1)


def test_a_self_selected_survey_has_no_interval(field: Field) -> None:
    field.book(plan="auto_selection", strata=[])
    field.answer(mixed([unit.siren for unit in frame().units]))
    rows = estimate_edition(field.settings, "essai", "2026", frame()).rows
    assert {row["plan"] for row in rows} == {"auto_selection"} and rows[0]["n"] == "66"
    assert {row["ic_bas"] + row["ic_haut"] + row["deff"] for row in rows} == {""}
    assert "participation volontaire" in rows[0]["motif"]
    # without a frame nothing says the strata: no breakdown of empty rows
    with pytest.raises(SurveyError, match=r"« strate » demandé, mais inconnu.*--cadre"):
        estimate_edition(field.settings, "essai", "2026")


def test_a_census_weighs_those_who_answered_within_their_stratum(field: Field) -> None:
    field.book(plan="recensement")
    field.answer(mixed([unit.siren for i, unit in enumerate(frame().units) if i % 4]))
    weighed = weigh_edition(field.settings, "essai", "2026", frame())
    assert weighed.smallest >= 1 and "non-réponse corrigée par strate" in weighed.method
    rows = rows_by_domain(estimate_edition(field.settings, "essai", "2026", frame()).rows)
    assert rows[""]["plan"] == "recensement" and rows[""]["ic_bas"]
    with pytest.raises(SurveyError, match="--cadre"):
        weigh_edition(field.settings, "essai", "2026")


def test_a_unanimous_take_all_stratum_is_hidden_and_so_is_what_would_give_it_back(field: Field) -> None:
    field.book()
    sirens = field.draw()
    answers = mixed(sirens)
    for siren in sirens:
        if siren[0] == "3":
            answers[siren] = {"IA01": "Y"}
    folder = field.answer(answers)
    done = estimate_edition(field.settings, "essai", "2026")
    found = rows_by_domain(done.rows)
    hidden = [name for name, row in found.items() if row["absence"] == "secret"]
    assert (
        "Strate C" in hidden
        and len(hidden) == 2
        and set(done.hidden) == {f"ENQ-ADO strate = {name}" for name in hidden}
    )
    assert done.hidden["ENQ-ADO strate = Strate C"].startswith("réponse unanime") and PROTECTING in done.hidden.values()
    for name in hidden:
        # neither a number nor the rule that hides it, which would tell the answer
        assert not any(found[name][key] for key in ("valeur", "n", "ic_bas", "ic_haut", "deff", "numerateur", "motif"))
    assert {row["numerateur"] for row in done.rows} == {""}
    (folder / "chiffres.csv").unlink()
    with pytest.raises(DisclosureRisk, match=r"Publication refusée.*ENQ-ADO strate = Strate C.*unanime"):
        estimate_edition(field.settings, "essai", "2026", suppress=False)
    assert not (folder / "chiffres.csv").exists()


def test_nested_denominators_do_not_give_a_small_remainder(field: Field) -> None:
    """Two figures of the same answer on bases that differ by two authorities: one of them must go."""
    generative = {"code": "ENQ-GEN", "counted": [{"question": "IA03", "values": ["A1"]}], "non_response": "exclue"}
    users = {**generative, "code": "ENQ-GENU", "among": [{"question": "IA01", "values": ["Y"]}]}
    field.book(indicators=[generative, users])
    sirens = field.draw()
    field.answer({s: {"IA01": "N" if i < 2 else "Y", "IA03": "A1" if i % 2 else "A2"} for i, s in enumerate(sirens)})
    done = estimate_edition(field.settings, "essai", "2026")
    assert len(done.hidden) >= 1 and set(done.hidden) <= {"ENQ-GEN", "ENQ-GENU"}
    with pytest.raises(DisclosureRisk, match="moins de 3 répondants"):
        estimate_edition(field.settings, "essai", "2026", suppress=False)


def test_what_weights_give_away_is_hidden_too(field: Field) -> None:
    """A has two respondents of weight 20: beside C, whose weights are 1, its weighted share would still be read closely."""
    field.book()
    sirens = field.draw(take_all=("B", "C"), size=36, minimum=10)
    kept = {"1": 2, "2": 20, "3": 6}
    answers: Answers = {}
    for code, count in kept.items():
        answers |= {
            s: {"IA01": "Y" if i % 6 == 1 else "N"} for i, s in enumerate([s for s in sirens if s[0] == code][:count])
        }
    field.answer(answers)
    with opened_edition(field.settings, "essai", "2026") as opened:
        weights, whole = opened.weighted.design.weights, opened.weighted.exhaustive
        assert sorted({round(weight) for weight in weights}) == [1, 20]
        by_count = set(protect(opened.figures, np.ones(len(weights)), whole).hidden)
        assert by_count < set(protect(opened.figures, weights, whole).hidden)


def test_nothing_is_hidden_without_need(field: Field) -> None:
    field.book()
    field.answer(mixed(field.draw()))
    with opened_edition(field.settings, "essai", "2026") as opened:
        assert protect(opened.figures, opened.weighted.design.weights, opened.weighted.exhaustive).hidden == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"strata": [{"code": h, "label": h, "population": 41} for h in "ABC"]},
            "compte 40 collectivités dans le cadre du tirage et 41",
        ),
        ({"indicators": [{**ADO, "code": "ENQ-RIEN"}]}, "n'est pas une définition d'enquête"),
        ({"weighting": {"margins": [{"by": "type", "totals": {"commune": 66}}]}}, "sans total connu"),
        ({"weighting": {"collapse": {"AB": ["A", "Z"]}}}, "« Z » n'est pas dans `strata`"),
        ({"weighting": {"margins": [{"by": "IA06", "totals": {"1": 66}}]}}, "ni type, ni strate"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_codebook_that_does_not_fit_says_why(field: Field, changes: dict[str, Any], said: str) -> None:
    field.book(**changes)
    field.answer(mixed(field.draw()))
    with pytest.raises((SurveyError, SpecError), match=said) as refused:
        estimate_edition(field.settings, "essai", "2026")
    assert "\n" not in str(refused.value)


def test_a_plan_without_its_draw_or_its_answers_is_refused(field: Field) -> None:
    field.book()
    with pytest.raises(UsageError, match="survey import"):
        estimate_edition(field.settings, "essai", "2026")
    field.answer(mixed(["100000001"]))
    with pytest.raises(SurveyError, match="plan probabiliste sans tirage"):
        estimate_edition(field.settings, "essai", "2026")
    sirens = field.draw()
    field.answer(mixed(sirens), complete=False)
    with pytest.raises(SurveyError, match="aucune réponse complète"):
        estimate_edition(field.settings, "essai", "2026")
    field.answer(mixed([siren for siren in sirens if siren[0] != "2"]))
    with pytest.raises(SurveyError, match="personne n'a répondu dans « B »"):
        estimate_edition(field.settings, "essai", "2026")


def test_who_was_not_drawn_is_left_out_and_said_and_who_is_late_is_reminded(field: Field) -> None:
    field.book()
    sirens = field.draw()
    outside = next(unit.siren for unit in frame().units if unit.siren not in sirens)
    folder = field.answer(mixed([*sirens[:-4], outside]))
    with opened_edition(field.settings, "essai", "2026") as opened:
        assert opened.people.left_out == {"collectivité hors de l'échantillon ou du cadre": 1}
        assert outside not in opened.people.sirens
        assert write_reminders(folder, opened.people.drawn) == (4, 36)  # type: ignore[arg-type]
    assert sorted(column(folder / "relances.csv", "attribute_1")) == sorted(sirens[-4:])


def two_editions(field: Field, **second: Any) -> None:
    field.book()
    first = field.draw()
    field.answer(mixed(first))
    field.book(edition="2027", **second)
    panel = field.draw("2027", panel="2026", overlap=0.75)
    field.answer(mixed(panel, 2), "2027")
    for edition in ("2026", "2027"):
        estimate_edition(field.settings, "essai", edition)


def test_a_change_uses_the_covariance_of_the_panel(field: Field) -> None:
    two_editions(field)
    rows = rows_by_domain(compare_editions(field.settings, "essai", "2026", "2027"))
    whole = rows[""]
    assert whole["statut"] == "calculee" and int(whole["n_communes"]) > 20
    assert float(whole["ic_bas"]) < float(whole["evolution"]) < float(whole["ic_haut"])
    assert float(whole["evolution"]) == pytest.approx(
        float(whole["valeur_apres"]) - float(whole["valeur_avant"]), abs=0.11
    )
    with pytest.raises(UsageError, match="elle-même"):
        compare_editions(field.settings, "essai", "2026", "2026")


REWORDED = [{**QUESTIONS[0], "label": "Plusieurs IA ?"}, *QUESTIONS[1:]]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"questions": REWORDED}, "la question IA01 a été reformulée"),
        (
            {"indicators": [{**ADO, "counted": [{"question": "IA01", "values": ["N"]}]}]},
            "les réponses comptées ont changé",
        ),
        ({"indicators": [{**ADO, "non_response": "au_denominateur"}]}, "qui est au dénominateur a changé"),
    ],
    ids=["wording", "counted", "non_response"],
)
def test_a_change_of_definition_or_base_is_refused_with_the_reason(
    field: Field, second: dict[str, Any], said: str
) -> None:
    two_editions(field, **second)
    for row in compare_editions(field.settings, "essai", "2026", "2027"):
        assert row["statut"] == "refusee" and said in row["motif"] and not row["evolution"] and row["valeur_avant"]


def test_a_hidden_figure_hides_its_change(field: Field) -> None:
    two_editions(field)
    path = field.settings.data / "restricted" / "enquetes" / "essai" / "2026" / "chiffres.csv"
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    rows[1] |= {"absence": "secret", "valeur": "", "n": ""}
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, lines[0].split(","), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    changes = rows_by_domain(compare_editions(field.settings, "essai", "2026", "2027"))
    hidden = changes[rows[1]["modalite"]]
    assert hidden["statut"] == "secret" and not any(
        hidden[name] for name in ("valeur_avant", "valeur_apres", "evolution", "n_apres")
    )


def test_publishing_replaces_an_edition_and_notes_it(field: Field, tmp_path: Path) -> None:
    two_editions(field)
    with pytest.raises(UsageError, match="DONNÉES FICTIVES"):
        publish_figures(field.settings, "essai", "2026", "2026-03-01")
    copy = tmp_path / "register"
    field.settings.register.rename(copy)
    settings = Settings(project=field.settings.project, data=field.settings.data, register=copy)
    assert publish_figures(settings, "essai", "2027", "2026-03-01") == 4
    assert publish_figures(settings, "essai", "2026", "2026-03-01") == 4
    text = (copy / "enquetes_chiffres.csv").read_text(encoding="utf-8")
    assert [row["edition"] for row in csv.DictReader(text.splitlines())] == ["2026"] * 4 + ["2027"] * 4
    assert publish_figures(settings, "essai", "2026", "2026-03-02") == 4
    assert (copy / "enquetes_chiffres.csv").read_text(encoding="utf-8") == text
    history = (copy / "historique.csv").read_text(encoding="utf-8")
    assert "2026-03-02" not in history and history.count("Chiffres de l'enquête essai, édition 2026") == 1
    rows = compare_editions(settings, "essai", "2026", "2027")
    assert publish_changes(settings, "essai", "2026", "2027", rows, "2026-03-01") == len(rows) == 4


def test_rows_are_the_same_whatever_the_order_of_answers(field: Field) -> None:
    field.book()
    answers = mixed(field.draw())
    field.answer(answers)
    first = estimate_edition(field.settings, "essai", "2026")
    field.answer(dict(reversed(answers.items())))
    assert estimate_edition(field.settings, "essai", "2026") == first


def test_a_purge_leaves_nothing_that_says_who_answered(field: Field) -> None:
    field.book()
    sirens = field.draw()
    folder = field.answer(mixed(sirens))
    estimate_edition(field.settings, "essai", "2026")
    with opened_edition(field.settings, "essai", "2026") as opened:
        assert opened.people.drawn is not None
        write_reminders(folder, opened.people.drawn)
    purge(field.settings, "essai", "2026", "fin de conservation", "essai")
    left = {path.name for path in folder.iterdir()}
    assert left == {"tirage.json", "tirage.csv", "participants.csv", "chiffres.csv", "purge.json"}
