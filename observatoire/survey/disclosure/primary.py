"""Which cells are confidential by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from observatoire.survey.disclosure.tables import Cell, Tables


@dataclass(frozen=True)
class Rule:
    """The association's rule: at least `fewest` respondents, no unit above `dominance` of a total."""

    fewest: int = 3
    dominance: float = 0.85


def primary(tables: Tables, rule: Rule | None = None) -> dict[str, str]:
    """Confidential cells, by key in the order of the tables, each with its reason in French. Unpublished cells included.

    Nobody in a cell is no secret. In an exhaustive base, a share of 0 % or 100 % tells every answer, whatever the count.
    """
    applied = rule or Rule()
    found = ((key, _reason(cell, applied)) for key, cell in tables.cells.items())
    return {key: reason for key, reason in found if reason}


def _reason(cell: Cell, rule: Rule) -> str:
    if 0 < cell.contributors < rule.fewest:
        return f"moins de {rule.fewest} répondants"
    if cell.exhaustive and cell.base and cell.value in (0, cell.base):
        return "réponse unanime dans une strate exhaustive : elle révèle chaque réponse"
    if cell.value > 0 and cell.largest > rule.dominance * cell.value:
        return f"une unité pèse plus de {rule.dominance:.0%} du total".replace("%", " %")
    return ""
