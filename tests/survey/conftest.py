"""DONNÉES FICTIVES: a small edition with answers one can count by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from observatoire.settings import Settings
from observatoire.sql_text import literal
from observatoire.survey.sampling.files import ANSWERS, edition_folder
from observatoire.survey.sampling.frame import Frame, Unit
from observatoire.survey.sampling.plan import DrawOptions, draw_edition

SIZES = {"A": 40, "B": 20, "C": 6}
Answers = dict[str, dict[str, str | None]]  # SIREN -> question or question[part] -> value; None: not answered
QUESTIONS: list[dict[str, Any]] = [
    {"code": "IA01", "label": "Une IA ?", "type": "oui_non"},
    {"code": "IA02", "label": "Où ?", "type": "choix_multiple", "parts": {"SQ1": "Eau", "SQ2": "Autre"},
     "shown_if": [{"question": "IA01", "values": ["Y"]}]},
    {"code": "IA03", "label": "Générative ?", "type": "choix_unique", "choices": {"A1": "Oui", "A2": "Non"}},
    {"code": "IA06", "label": "Dépense", "type": "nombre"},
]  # fmt: skip
ADO = {"code": "ENQ-ADO", "counted": [{"question": "IA01", "values": ["Y"]}], "non_response": "exclue"}


def book(**changes: Any) -> dict[str, Any]:
    """A codebook; `changes` replace what is not under test."""
    return {
        "name": "essai", "title": "DONNÉES FICTIVES essai", "description": "DONNÉES FICTIVES", "edition": "2026",
        "fictitious": True, "producer": "Personne", "plan": "probabilite", "field": {"start": "2026-01-01", "end": "2026-02-01"},
        "frame_vintage": "2025", "siren": "SIREN", "questions": QUESTIONS,
        "strata": [{"code": h, "label": f"Strate {h}", "population": n} for h, n in SIZES.items()],
        "indicators": [ADO | {"domains": [["strate"]]}], **changes,
    }  # fmt: skip


def frame() -> Frame:
    units = [
        Unit(f"{code}{i:08d}", f"Ville {code}{i}", "commune" if h != "C" else "region", h, "", "", None)
        for code, (h, size) in enumerate(SIZES.items(), 1)
        for i in range(size)
    ]
    return Frame(tuple(units), "2025-01-01", "essai")


class Field:
    """A survey in a project of its own: writes codebooks, draws, answers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def book(self, **changes: Any) -> None:
        """Write the codebook of an edition."""
        content = book(**changes)
        path = self.settings.register / "enquetes" / f"essai-{content['edition']}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def draw(self, edition: str = "2026", **options: Any) -> list[str]:
        """Draw an edition (30 units, C taken whole); SIREN by SIREN, in the order of the draw."""
        chosen = DrawOptions(**{"size": 36, "seed": "1", "take_all": ("C",), "minimum": 10, **options})
        return [unit.siren for unit in draw_edition(self.settings, "essai", edition, frame(), chosen).draw.sample]

    def answer(self, answers: Answers, edition: str = "2026", complete: bool = True) -> Path:
        """Write `reponses.parquet` as an import does."""
        rows = [
            (f"r{siren}", siren, *_cell(name), value, "sans_reponse" if value is None else "non_coche" if value == "" else "repondu",
             complete, "2026-01-15", "a" * 64)
            for siren, cells in answers.items() for name, value in cells.items()
        ]  # fmt: skip
        folder = edition_folder(self.settings, "essai", edition)
        folder.mkdir(parents=True, exist_ok=True)
        columns = "reponse_id, siren, question, sous_question, valeur, etat, complete, date_reponse, livraison"
        listed = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)
        query = f"select * replace (date_reponse::date as date_reponse, valeur::text as valeur) from (values {listed}) as t({columns})"
        with duckdb.connect() as con:
            con.execute(f"copy ({query}) to '{folder / ANSWERS}'")
        return folder


def _cell(name: str) -> tuple[str, str]:
    question, _, part = name.rstrip("]").partition("[")
    return question, part


@pytest.fixture
def field(project: Settings) -> Iterator[Field]:
    yield Field(project)
