"""The questions of every codebook, as rows of a published table: what was asked, never what was answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from observatoire.survey.intake.codebook import Codebook, Question
from observatoire.survey.intake.codebook_file import load_codebooks

COLUMNS = (
    "enquete", "edition", "titre_enquete", "question", "ordre", "libelle", "libelle_en", "type", "theme", "parties",
    "choix", "condition", "indicateurs", "plan", "terrain_debut", "terrain_fin", "fictif",
)  # fmt: skip
TYPES = (
    "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "INTEGER", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR[]",
    "VARCHAR[]", "VARCHAR", "VARCHAR[]", "VARCHAR", "DATE", "DATE", "BOOLEAN",
)  # fmt: skip


def question_rows(register: Path) -> list[tuple[Any, ...]]:
    """One row per kept question, in the order of COLUMNS. Raises SpecError when a codebook is wrong."""
    return [
        _row(book, order, question)
        for book in load_codebooks(register)
        for order, question in enumerate(book.questions, 1)
    ]


def _row(book: Codebook, order: int, question: Question) -> tuple[Any, ...]:
    from observatoire.survey.production.respondents import condition_questions

    used = [item.code for item in book.indicators if question.code in condition_questions(item)]
    return (
        book.name, book.edition, book.title, question.code, order, question.label, question.en, question.type,
        question.theme, [f"{code} = {label}" for code, label in question.parts.items()],
        [f"{code} = {label}" for code, label in question.codes.items()], _filter(question), used, book.plan,
        book.field.start.isoformat(), book.field.end.isoformat(), book.fictitious,
    )  # fmt: skip


def _filter(question: Question) -> str | None:
    """When the question is shown, in French; None when always."""
    if question.shown_if == "inconnu":
        return "filtre inconnu"
    parts = []
    for condition in question.shown_if:
        where = f"{condition.question}[{', '.join(condition.parts)}]" if condition.parts else condition.question
        parts.append(f"{where} parmi {', '.join(condition.values)}" if condition.values else f"{where} coché")
    return " et ".join(parts) or None
