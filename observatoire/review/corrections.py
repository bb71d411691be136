"""Corrections: applied to a source's text only while the source says the value they expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.sources.spec import Source
from observatoire.sql_text import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from observatoire.warehouse.context import BuildContext

APPLIED, OBSOLETE, NOT_APPLIED = "appliquée", "obsolète", "non appliquée"
FIELDS = ("table", "cle", "colonne", "valeur_attendue", "valeur_nouvelle", "motif", "auteur", "date")


@dataclass(frozen=True)
class Judged:
    """A correction, its state, why, and what the source says now."""

    correction: dict[str, Any]
    state: str
    explanation: str
    found: str | None


def key_expression(source: Source) -> str:
    """The record key of a raw table as one text, parts joined by « | »."""
    return "concat_ws('|', " + ", ".join(identifier(name) for name in source.key) + ")"


def judge_corrections(con: duckdb.DuckDBPyConnection, source: Source) -> list[Judged]:
    """The corrections of one source, in order of date then line, against the rows as received.

    A later correction of the same cell expects the value that the earlier one wrote.
    """
    corrections = [item for item in read_corrections(con) if item["table"] == source.id]
    if not corrections:
        return []
    known = [item for item in corrections if item["colonne"] in source.column_names]
    current = _current_values(con, source, known)
    judged = []
    for item in corrections:
        cell = (item["cle"], item["colonne"])
        expected, new = item["valeur_attendue"], item["valeur_nouvelle"]
        if item["colonne"] not in source.column_names:
            judged.append(Judged(item, NOT_APPLIED, f"colonne « {item['colonne']} » inconnue", None))
        elif item["colonne"] in source.key:
            judged.append(Judged(item, NOT_APPLIED, "une clé ne se corrige pas", None))
        elif cell not in current:
            judged.append(Judged(item, NOT_APPLIED, f"clé « {item['cle']} » absente de la source", None))
        elif current[cell] == expected:
            judged.append(Judged(item, APPLIED, "la source dit la valeur attendue", expected))
            current[cell] = new
        elif current[cell] == new:
            judged.append(Judged(item, OBSOLETE, "la source dit maintenant la valeur corrigée", new))
        else:
            judged.append(Judged(item, NOT_APPLIED, "la source dit une autre valeur que celle attendue", current[cell]))
    return judged


def read_corrections(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Usable corrections, oldest first."""
    names = ", ".join(identifier(name) for name in FIELDS)
    rows = con.execute(f"select {names} from staging.corrections order by date, _ligne").fetchall()
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


def corrected_columns(judged: Sequence[Judged]) -> dict[str, str]:
    """For each corrected column, the SQL expression of its value; empty when nothing applies."""
    cases: dict[str, list[str]] = {}
    for item in judged:
        if item.state == APPLIED:
            correction = item.correction
            cases.setdefault(correction["colonne"], []).insert(
                0, f"when _cle = {literal(correction['cle'])} then {literal(correction['valeur_nouvelle'])}"
            )
    return {column: f"case {' '.join(whens)} else {identifier(column)} end" for column, whens in cases.items()}


def correction_rows(context: BuildContext) -> str:
    """The query of core.corrections: every usable correction with its state.

    A correction of a table that is no source is not applied and says so.
    """
    rows = []
    for source_id in sorted({item["table"] for item in read_corrections(context.con)}):
        source = context.sources.get(source_id)
        if source:
            rows += judge_corrections(context.con, source)
        else:
            rows += [
                Judged(item, NOT_APPLIED, f"source « {source_id} » inconnue", None)
                for item in read_corrections(context.con)
                if item["table"] == source_id
            ]
    columns = ("source", *FIELDS[1:], "etat", "explication", "valeur_trouvee")
    values = [
        "(" + ", ".join(_literal(item.correction[name]) for name in FIELDS)
        + f", {literal(item.state)}, {literal(item.explanation)}, {literal(item.found)})"
        for item in rows
    ]  # fmt: skip
    types = ["VARCHAR"] * 7 + ["DATE"] + ["VARCHAR"] * 3
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in zip(columns, types, strict=True))
    if not values:
        empty = ", ".join(f"NULL::{kind} as {name}" for name, kind in zip(columns, types, strict=True))
        return f"select {empty} where false"
    return f"select {casts} from (values {', '.join(values)}) as v({', '.join(columns)})"


def _literal(value: Any) -> str:
    return literal(None if value is None else str(value))


def _current_values(
    con: duckdb.DuckDBPyConnection, source: Source, corrections: Sequence[dict[str, Any]]
) -> dict[tuple[str, str], str | None]:
    """What the source says in each cell that a correction names (absent when no row has the key)."""
    if not corrections:
        return {}
    columns = sorted({item["colonne"] for item in corrections})
    keys = ", ".join(sorted({literal(item["cle"]) for item in corrections}))
    key = key_expression(source)
    chosen = ", ".join(identifier(name) for name in columns)
    rows = con.execute(
        f"select {key}, {chosen} from raw.{identifier('_' + source.id)} where {key} in ({keys}) "
        "order by _livraison, _ligne desc"
    ).fetchall()
    return {(row[0], name): value for row in rows for name, value in zip(columns, row[1:], strict=True)}
