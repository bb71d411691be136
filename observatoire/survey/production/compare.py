"""Changes between two editions of a survey: computed with the covariance of the panel, refused, or hidden."""

from __future__ import annotations

from collections.abc import Mapping

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import write_atomically
from observatoire.survey.change import Change, change_of_mean
from observatoire.survey.change import Edition as Sampled
from observatoire.survey.intake.codebook import Codebook, Indicator
from observatoire.survey.production.edition import Edition, Row, opened_edition, plain, read_figures, table
from observatoire.survey.production.estimate import BASE, Figure
from observatoire.survey.production.respondents import condition_questions
from observatoire.survey.sampling.frame import Frame

FILE = "evolutions.csv"
COLUMNS = (
    "enquete", "edition_avant", "edition_apres", "indicateur", "comparabilite", "libelle", "base_avant", "base_apres",
    "ventilation", "modalite", "valeur_avant", "valeur_apres", "evolution", "unite", "ic_bas", "ic_haut",
    "niveau_confiance", "n_avant", "n_apres", "n_communes", "plan", "statut", "motif", "fictif",
)  # fmt: skip
SECRET = "un des deux chiffres est masqué par la règle de confidentialité"


def compare_editions(settings: Settings, name: str, before: str, after: str, frame: Frame | None = None) -> list[Row]:
    """The changes of every figure that both editions give, written beside the second one's figures.

    Both must have been estimated: what is hidden in one hides the change. Raises UsageError otherwise, or when both are
    the same edition; SurveyError as the estimators.
    """
    if before == after:
        raise UsageError(f"Édition {before} comparée à elle-même. Donner deux éditions différentes.")
    with opened_edition(settings, name, before, frame) as first, opened_edition(settings, name, after, frame) as second:
        shown = [_values(read_figures(edition.folder)) for edition in (first, second)]
        known = {(figure.indicator.code, figure.domain.key): figure for figure in first.figures}
        rows = [
            _row(first, second, known[key], figure, shown[0], shown[1])
            for figure in second.figures
            if (key := (figure.indicator.code, figure.domain.key)) in known
        ]
        write_atomically(second.folder / FILE, table(COLUMNS, rows))
    return rows


def refusal(first: Codebook, second: Codebook, one: Indicator, two: Indicator, breakdown: str) -> str:
    """Why two editions of an indicator cannot be compared, in French; empty when they can."""
    if two.measure == "total":
        return "l'évolution d'un total n'est pas calculée : comparer les moyennes"
    if one.non_response != two.non_response or one.among != two.among:
        return "base différente : qui est au dénominateur a changé"
    counted = [(item.measure, item.counted, item.value) for item in (one, two)]
    if counted[0] != counted[1]:
        return "définition différente : les réponses comptées ont changé"
    for code in sorted(condition_questions(two)):
        before, after = first.by_code[code], second.by_code[code]
        if (before.label, before.codes, before.parts) != (after.label, after.codes, after.parts):
            return f"définition différente : la question {code} a été reformulée"
        if before.shown_if != after.shown_if:
            return f"base différente : le filtre de la question {code} a changé"
    if {s.code for s in first.strata} != {s.code for s in second.strata}:
        return "base différente : le champ de l'enquête (ses strates) a changé"
    if breakdown == BASE and first.bases != second.bases:
        return "base différente : sa définition a changé"
    return ""


def _values(rows: list[Row]) -> dict[tuple[str, str, str], Row]:
    return {(row["indicateur"], row["ventilation"], row["modalite"]): row for row in rows}


def _shown(figure: Figure, rows: Mapping[tuple[str, str, str], Row]) -> Row:
    key = (figure.indicator.code, figure.domain.key[0], " × ".join(figure.domain.labels))
    if key not in rows:
        raise UsageError(f"{figure.name} : chiffre jamais estimé. Relancer « observatoire survey estimate ».")
    return rows[key]


def _row(
    first: Edition,
    second: Edition,
    one: Figure,
    two: Figure,
    before: Mapping[tuple[str, str, str], Row],
    after: Mapping[tuple[str, str, str], Row],
) -> Row:
    old, new = _shown(one, before), _shown(two, after)
    plans = {first.codebook.plan, second.codebook.plan}
    row = {
        **dict.fromkeys(COLUMNS, ""),
        "enquete": second.codebook.name,
        "edition_avant": first.codebook.edition,
        "edition_apres": second.codebook.edition,
        "indicateur": two.indicator.code,
        "comparabilite": two.definition.comparability,
        "libelle": two.definition.fr.label,
        "base_avant": one.base_label,
        "base_apres": two.base_label,
        "ventilation": two.domain.key[0],
        "modalite": " × ".join(two.domain.labels),
        "unite": two.definition.unit,
        "plan": next(plan for plan in ("auto_selection", "probabilite", "recensement") if plan in plans),
        "fictif": "oui" if first.codebook.fictitious or second.codebook.fictitious else "non",
    }
    shown = {
        "valeur_avant": old["valeur"], "valeur_apres": new["valeur"], "n_avant": old["n"], "n_apres": new["n"],
    }  # fmt: skip
    reason = refusal(first.codebook, second.codebook, one.indicator, two.indicator, two.domain.key[0])
    if "secret" in (old["absence"], new["absence"]):
        return {**row, "statut": "secret", "motif": SECRET}
    if not reason and (one.estimate.n == 0 or two.estimate.n == 0):
        reason = "aucun répondant dans une des deux éditions"
    if reason:
        return {**row, **shown, "comparabilite": "", "statut": "refusee", "motif": reason}
    change = change_of_mean(
        Sampled(first.weighted.design, one.values, first.people.sirens, one.rows),
        Sampled(second.weighted.design, two.values, second.people.sirens, two.rows),
        level=second.codebook.weighting.level,
    )
    return {**row, **shown, **_computed(change, two, second.codebook.weighting.level)}


def _computed(change: Change, figure: Figure, level: float) -> Row:
    scale = 100.0 if figure.indicator.measure == "proportion" else 1.0
    low, high = (None if x is None else scale * x for x in (change.low, change.high))
    return {
        "statut": "calculee",
        "evolution": plain(scale * change.difference, 1),
        "ic_bas": plain(low, 1),
        "ic_haut": plain(high, 1),
        "niveau_confiance": plain(100 * level, 1) if low is not None else "",
        "n_communes": str(change.common_units),
        "motif": change.reason.replace(" : ", ", "),
    }
