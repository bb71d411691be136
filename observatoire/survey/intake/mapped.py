"""The file of any form tool (Framaforms, Sphinx, Google Forms, Grist), read as the codebook's mapping says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from observatoire.errors import DeliveryRefused, UsageError
from observatoire.survey.intake.answers import day_of
from observatoire.survey.intake.codebook import (
    OTHER_LABEL,
    TICKED,
    Answer,
    Codebook,
    FileMapping,
    Question,
    plain_label,
)
from observatoire.survey.intake.exports import Cell, Export, decoded, table_of, workbook
from observatoire.survey.intake.pseudonymised import Responses

Read = tuple[Export, Responses, dict[Answer, int], list[int], int]


def read_mapped(codebook: Codebook, name: str, file: Path) -> Read:
    """The export (with one column a ticked part), its responses, the place of each answer, the columns that nothing
    lists and the number of columns dropped.

    Raises UsageError on an unknown mapping or file, DeliveryRefused on a missing column or two responses of one number.
    """
    mapping = codebook.mappings.get(name)
    if mapping is None:
        known = ", ".join(codebook.mappings) or "aucune"
        raise UsageError(f"Correspondance « {name} » absente du livre de codes de {codebook.name} (connues : {known}).")
    if not file.is_file():
        raise UsageError(f"Fichier « {file} » introuvable. Vérifier le chemin donné.")
    content = file.read_bytes()
    is_workbook = content[:4] == b"PK\x03\x04"
    export = (
        workbook(content, mapping.sheet)
        if is_workbook
        else table_of(decoded(content, mapping.encoding), mapping.delimiter, "csv")
    )
    places = {head.strip(): place for place, head in enumerate(export.heads)}
    own = [
        mapping.siren,
        mapping.id,
        mapping.token,
        mapping.date,
        mapping.complete.question if mapping.complete else None,
    ]
    named = [head for head in own if head] + [column.column for column in mapping.columns.values()]
    if missing := [head for head in named if head not in places]:
        raise DeliveryRefused(
            f"Colonne « {missing[0]} » absente du fichier. Corriger `mappings: {name}` dans le livre de codes, "
            "ou refaire l'export avec cette colonne."
        )
    dropped = {_flat(text) for item in codebook.dropped for text in (item.code, item.label) if text}
    unlisted = [place for head, place in places.items() if head not in named and _flat(head) not in dropped]
    responses = _responses(mapping, export, places)
    wide, answers = _spread(codebook, mapping, export, places)
    return (
        replace(export, heads=wide.heads, columns=wide.columns),
        responses,
        answers,
        unlisted,
        len(places) - len(set(named)),
    )


def _flat(text: str) -> str:
    return plain_label(text)


def _responses(mapping: FileMapping, export: Export, places: Mapping[str, int]) -> Responses:
    def column(head: str | None) -> list[str]:
        return [cell or "" for cell in export.columns[places[head]]] if head else [""] * export.records

    ids = column(mapping.id) if mapping.id else [str(number) for number in range(1, export.records + 1)]
    if len(set(ids)) != len(ids):
        raise DeliveryRefused(f"Deux réponses ont le même numéro (colonne « {mapping.id} »). Reprendre l'export.")
    days = [day_of(cell, mapping.date_format) or day_of(cell) for cell in column(mapping.date)]
    complete = [True] * export.records
    if mapping.complete:
        accepted = {_flat(value) for value in mapping.complete.values}
        complete = [_flat(cell) in accepted for cell in column(mapping.complete.question)]
    moments = [day or "" for day in days]
    # Later rows of the file are later responses: the rank breaks ties within a day.
    ranked = [f"{moment}#{number:09d}" for number, moment in enumerate(moments)]
    return Responses(ids, column(mapping.token), column(mapping.siren), ranked, complete, days)


def _spread(
    codebook: Codebook, mapping: FileMapping, export: Export, places: Mapping[str, int]
) -> tuple[Export, dict[Answer, int]]:
    """The export with, after its own columns, one for each part of a question whose ticks were in one cell."""
    heads, columns = list(export.heads), list(export.columns)
    by_name = {answer.name: answer for answer in codebook.answers}
    answers: dict[Answer, int] = {}
    for target, column in mapping.columns.items():
        cells = export.columns[places[column.column]]
        if column.split is None:
            answers[by_name[target]] = places[column.column]
            continue
        for answer, ticks in _parted(codebook.by_code[target], cells, column.split).items():
            answers[answer] = len(columns)
            heads.append(answer.name)
            columns.append(ticks)
    return Export(export.form, tuple(heads), tuple(columns)), answers


def _parted(question: Question, cells: Sequence[Cell], mark: str) -> dict[Answer, tuple[Cell, ...]]:
    """Ticks of each part from cells such as « Eau et déchets, Énergie ». A label may itself hold the mark.

    What is no label is « Autre » when the question offers it, else it makes the cell unreadable for every part.
    """
    answers = list(question.answers())
    flat = {plain_label(label): part for part, label in question.parts.items()}
    flat |= {part.casefold(): part for part in question.parts}
    if question.other:
        flat[plain_label(OTHER_LABEL)] = "other"
    found = [_labels(cell or "", mark, flat, question.other) for cell in cells]
    return {
        answer: tuple("?" if ticks is None else TICKED if answer.part in ticks else "" for ticks in found)
        for answer in answers
    }


def _labels(cell: str, mark: str, flat: Mapping[str, str], other: bool) -> set[str] | None:
    """The parts that a cell names; None when something in it is no label and « Autre » is not offered."""
    pieces = [piece.strip() for piece in cell.split(mark.strip() or mark)] if cell.strip() else []
    ticks: set[str] = set()
    while pieces:
        longest = next(
            (size for size in range(len(pieces), 0, -1) if plain_label(f"{mark.strip()} ".join(pieces[:size])) in flat),
            0,
        )
        if longest:
            ticks.add(flat[plain_label(f"{mark.strip()} ".join(pieces[:longest]))])
        elif other:
            ticks.add("other")
        elif pieces[0]:
            return None
        pieces = pieces[max(longest, 1) :]
    return ticks
