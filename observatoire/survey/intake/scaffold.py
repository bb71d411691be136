"""A draft of codebook from the structure of a LimeSurvey form: questions in codes are kept, free text is dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import write_atomically
from observatoire.survey.intake.codebook import CODE, YES_NO
from observatoire.survey.intake.codebook_file import FOLDER, TODO
from observatoire.survey.intake.lss import Form, FormQuestion, read_form
from observatoire.survey.intake.privacy import person_word

TYPES = {
    "Y": "oui_non", "L": "choix_unique", "!": "choix_unique", "O": "choix_unique", "5": "choix_unique",
    "M": "choix_multiple", "P": "choix_multiple", "F": "grille", "H": "grille", "A": "grille", "B": "grille",
    "C": "grille", "E": "grille", "1": "grille_double", ":": "grille_nombres", "R": "classement", "N": "nombre",
    "K": "nombres", "D": "date",
}  # fmt: skip
SCALES: dict[str, dict[str, str]] = {
    "5": {str(n): str(n) for n in range(1, 6)},
    "A": {str(n): str(n) for n in range(1, 6)},
    "B": {str(n): str(n) for n in range(1, 11)},
    "C": {**YES_NO, "U": "Incertain"},
    "E": {"I": "Augmenter", "S": "Sans changement", "D": "Diminuer"},
}
TEXT_ONLY = frozenset({"X"})  # a text shown, no answer
ALWAYS = frozenset({"", "1"})
SIMPLE = re.compile(r"""\(*\s*([A-Za-z][A-Za-z0-9]*)(?:\.NAOK|\.shown|\.code)?\s*==\s*["']([^"']*)["']\s*\)*""")
TICK = re.compile(r"""\(*\s*([A-Za-z][A-Za-z0-9]*)_([A-Za-z0-9]+)(?:\.NAOK)?\s*==\s*["']Y["']\s*\)*""")


def scaffold(form: Form) -> str:
    """The YAML of a codebook to complete, as text. What the form cannot say is « À COMPLÉTER »."""
    siren = next((q for q in form.questions if q.code.upper() == "SIREN"), None)
    siren = siren or next((q for q in form.questions if "siren" in q.label.casefold()), None)
    kept = [q for q in form.questions if q is not siren and q.type in TYPES and not person_word(q.code)]
    dropped = [q for q in form.questions if q is not siren and q not in kept and q.type not in TEXT_ONLY]
    content: dict[str, Any] = {
        "title": form.title or TODO,
        "description": form.description or TODO,
        "edition": TODO,
        "producer": TODO,
        "plan": TODO,
        "field": {"start": TODO, "end": TODO},
        "siren": siren.code if siren else TODO,
        **({"siren_label": siren.label} if siren else {}),
        "limesurvey": {"url": f"https://{TODO}/index.php/admin/remotecontrol", "survey": int(form.sid or 0)},
        "strata": [],
        "questions": [_question(question, {q.code: q for q in kept}) for question in kept],
        "dropped": [_dropped(question) for question in dropped],
        "indicators": [],
    }
    if form.language != "fr":
        content["limesurvey"]["language"] = form.language
    body = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return (
        f"# Livre de codes préparé depuis l'enquête {form.sid}, à relire. Compléter chaque « {TODO} ».\n"
        "# plan : probabilite (avec strata), auto_selection ou recensement. dropped : colonnes connues et jetées.\n"
        + body
    )


def _question(question: FormQuestion, kept: Mapping[str, FormQuestion]) -> dict[str, Any]:
    kind = TYPES[question.type]
    drafted: dict[str, Any] = {"code": question.code, "label": question.label, "type": kind}
    if question.group:
        drafted["theme"] = question.group
    parts = {part.code: part.label for part in question.parts if part.scale == 0}
    if kind == "grille_nombres":
        columns = [part for part in question.parts if part.scale == 1]
        parts = {f"{row}_{c.code}": f"{text} | {c.label}" for row, text in parts.items() for c in columns}
    choices = {code: label for scale, code, label in question.choices if scale == 0} or SCALES.get(question.type, {})
    if kind == "classement":
        choices = choices or parts
        parts = {str(place): f"Classement {place}" for place in range(1, question.places + 1)}
    if parts:
        drafted["parts"] = parts
    if kind == "grille_double":
        drafted["scale_1"] = choices
        drafted["scale_2"] = {code: label for scale, code, label in question.choices if scale == 1}
    elif choices and kind != "choix_multiple":
        drafted["choices"] = choices
    if question.other and kind in ("choix_unique", "choix_multiple"):
        drafted["other"] = True
    if question.relevance.strip() not in ALWAYS:
        drafted["shown_if"] = _filter(question.relevance, kept) or "inconnu"
    return drafted


def _filter(relevance: str, kept: Mapping[str, FormQuestion]) -> list[dict[str, Any]]:
    """The conditions of a relevance that is a conjunction of « code equals », empty for any other."""
    conditions: list[dict[str, Any]] = []
    for term in re.split(r"\s+and\s+|\s*&&\s*", relevance.strip()):
        simple, tick = SIMPLE.fullmatch(term), TICK.fullmatch(term)
        if simple and simple[1] in kept and TYPES[kept[simple[1]].type] in ("oui_non", "choix_unique"):
            conditions.append({"question": simple[1], "values": [simple[2]]})
        elif tick and tick[1] in kept and TYPES[kept[tick[1]].type] == "choix_multiple":
            conditions.append({"question": tick[1], "parts": [tick[2]]})
        else:
            return []
    return conditions


def _dropped(question: FormQuestion) -> dict[str, Any]:
    drafted: dict[str, Any] = {"code": question.code}
    if question.label and re.match(CODE, question.code):
        drafted["label"] = question.label
    if parts := {part.code: part.label for part in question.parts if part.scale == 0}:
        drafted["parts"] = parts
    return drafted


def draft(settings: Settings, file: Path, name: str | None) -> tuple[str, Path | None]:
    """The draft for a .lss, and where it was written when `name` is given.

    Raises UsageError when the codebook exists or the name is no plain one, DeliveryRefused when the file is no .lss.
    """
    text = scaffold(read_form(file))
    if name is None:
        return text, None
    path = settings.register / FOLDER / f"{name}.yml"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"Nom « {name} » : minuscules sans accent, chiffres et soulignés seulement.")
    if path.is_file():
        raise UsageError(f"{path.name} existe déjà et n'est pas écrasé. Choisir un autre nom, ou le supprimer.")
    write_atomically(path, text)
    return text, path
