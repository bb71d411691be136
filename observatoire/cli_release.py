"""How the command line shows what a release holds: a comparison of two, the answer to a query."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from observatoire.cli_output import SHOWN, console, new_table, print_json, show, text
from observatoire.release.diff import Change, Diff
from observatoire.release.query import Answer

# What a reader looks for first in a comparison; the rest follows, the mechanics of checks last.
FIRST = ("usages", "chiffres_publies", "indicateurs", "corrections", "rejets", "preuves", "sources", "livraisons")
LAST = ("indicateurs_lignes", "extraits", "controles")
LONG, BEFORE_DIFFERENCE = 120, 30  # characters shown of a long cell, and of what stands before the difference

ROWS = 1000
COLUMN = 24  # characters that a long text needs at least beside other columns
BORDER = 3  # characters between two columns


def _rank(table: str) -> int:
    return FIRST.index(table) if table in FIRST else len(FIRST) + (1 + LAST.index(table) if table in LAST else 0)


def diff(result: Diff, json: bool) -> None:
    """The changes of content by table and column, then the first of them; what only changed place is one line."""
    if json:
        print_json(result.as_dict())
        return
    contents = result.contents()
    if not result.changes:
        print(f"Aucun changement entre {result.before} et {result.after}.")
        return
    if contents:
        table = new_table(
            f"De {result.before} à {result.after}",
            "Table",
            "Ajoutées",
            "Retirées",
            "Modifiées",
            "Colonnes modifiées (cellules)",
        )
        modified = result.columns_changed()
        for row in result.content_summary():
            cells = ", ".join(f"{column} {count}" for name, column, count in modified if name == row["table"])
            table.add_row(row["table"], str(row["ajoutée"]), str(row["retirée"]), str(row["modifiée"]), cells)
        show(table)
        _changes(result, contents)
    else:
        print(f"Aucun changement de contenu entre {result.before} et {result.after}.")
    if displaced := result.displaced():
        listed = ", ".join(f"{name} {count}" for name, count in displaced.items())
        print(f"Même contenu, venu d'une autre livraison ou d'une autre ligne du fichier : {listed}.")
    if len(contents) > SHOWN or displaced:
        print("« --json » donne tout.")


def _changes(result: Diff, contents: Sequence[Change]) -> None:
    table = new_table("Changements", "Table", "Ligne", "", "Colonne", "Avant", "Après")
    told = sorted(contents, key=lambda change: (_rank(change.table), change.table))
    for change in told[:SHOWN]:
        kind = result.types.get((change.table, change.column or ""), "VARCHAR")
        before, after = excerpts(cell(change.before, kind), cell(change.after, kind))
        title = result.titles.get((change.table, change.key), change.key)
        table.add_row(change.table, title, change.kind, change.column or "", before, after)
    show(table)
    if len(told) > SHOWN:
        print(f"… et {len(told) - SHOWN} autres.")


def cell(value: str | None, kind: str) -> str:
    """The text of a cell as a French reader expects it, from the text of DuckDB and the type of the column."""
    if value is not None and kind == "BOOLEAN":
        return text(value == "true")
    if value is not None and kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        try:
            return text(Decimal(value))
        except InvalidOperation:  # « inf », « nan »
            return value
    return value or ""


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Two texts, or of long ones the part where they begin to differ."""
    if max(len(before), len(after)) <= LONG:
        return before, after
    same = next(
        (place for place, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    first = max(0, same - BEFORE_DIFFERENCE)

    def part(value: str) -> str:
        shown = value[first : first + LONG]
        return ("… " if first and shown else "") + shown + (" …" if len(value) > first + LONG else "")

    return part(before), part(after)


def answer(result: Answer, json: bool) -> None:
    """Rows of a query: a table when it fits; else what all rows share, once, then a table or a block a row of the rest."""
    if json:
        print_json(result.as_dicts())
        return
    rows = [[text(value) for value in row] for row in result.rows[:ROWS]]
    columns, width = list(result.columns), console().width
    if len(rows) > 1 and not fits(columns, rows, width):
        first = result.rows[0]
        same = [all(row[place] == first[place] for row in result.rows) for place in range(len(columns))]
        if any(same):
            print("Dans toutes les lignes :")
            _block(_chosen(columns, same), _chosen(rows[0], same))
        different = [not equal for equal in same]
        columns, rows = _chosen(columns, different), [_chosen(row, different) for row in rows]
    if fits(columns, rows, width):
        table = new_table("", *columns)
        for row in rows:
            table.add_row(*row)
        show(table)
    else:
        for row in rows:
            _block(columns, row)
    more = f", {len(result.rows) - ROWS} non montrées (« --json » les donne toutes)" if len(result.rows) > ROWS else ""
    print(f"{len(result.rows)} ligne{'s' if len(result.rows) > 1 else ''}{more}.")


def fits(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether a table of these texts is readable in `width` characters: names whole, long texts folded."""
    longest = [max((len(row[place]) for row in rows), default=0) for place in range(len(columns))]
    needed = (max(len(name), min(size, COLUMN)) + BORDER for name, size in zip(columns, longest, strict=True))
    return sum(needed) <= width


def _chosen(values: Sequence[str], kept: Sequence[bool]) -> list[str]:
    return [value for value, keep in zip(values, kept, strict=True) if keep]


def _block(columns: Sequence[str], values: Sequence[str]) -> None:
    """One line a column, then the columns that have no value."""
    empty = [name for name, value in zip(columns, values, strict=True) if not value]
    for name, value in zip(columns, values, strict=True):
        if value:
            print(f"  {name} : {value}")
    if empty:
        print(f"  sans valeur : {', '.join(empty)}")
    print()
