"""Files of form tools as columns of text, whatever their form: CSV, .vv, JSON, workbook.

Nothing here writes or logs a value: an error says the record and what is expected, never what it holds.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import DeliveryRefused, UsageError

Cell = str | None
Known = Callable[[Sequence[str]], int]

NOT_SHOWN = "{question_not_shown}"
DELIMITERS = (";", ",", "\t")
NAMED = {";": "point-virgule", ",": "virgule", "\t": "tabulation"}


@dataclass(frozen=True)
class Export:
    """What a file holds. `columns` are in the order of `heads`, all of one length.

    A cell is None only where the file says « not shown » (`tells_not_shown`, which only .vv does); « » is empty.
    """

    form: str
    heads: tuple[str, ...]
    columns: tuple[tuple[Cell, ...], ...]
    tells_not_shown: bool = False

    @property
    def records(self) -> int:
        return len(self.columns[0]) if self.columns else 0


def read_export(path: Path, known: Known) -> Export:
    """The content of an export of LimeSurvey, its form known by its name and its first bytes.

    `known` counts the heads that the codebook knows: it tells the separator, no sniffing of the answers does.
    Raises UsageError when the file is missing, DeliveryRefused when it cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"Fichier « {path} » introuvable. Vérifier le chemin donné.")
    content = path.read_bytes()
    if content[:4] == b"PK\x03\x04":
        return workbook(content)
    if path.suffix.lower() == ".lss" or content.lstrip()[:5] == b"<?xml":
        raise DeliveryRefused(
            "Ce fichier .lss décrit le questionnaire et ne contient aucune réponse. Le donner à « survey scaffold » ou à "
            "--structure, et importer un export des réponses (.vv, CSV, JSON ou XLSX)."
        )
    text = decoded(content, "utf-8")
    if text.lstrip()[:1] in ("{", "["):
        return json_responses(text)
    return delimited(text, known)


def decoded(content: bytes, encoding: str) -> str:
    """The text of a file, without the byte order mark. Raises DeliveryRefused with the line, not its content."""
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DeliveryRefused(
            f"Encodage {encoding} attendu, octet invalide à la ligne {line}. Reprendre l'export sans le réenregistrer "
            "dans un tableur."
        ) from None


def delimited(text: str, known: Known) -> Export:
    """A CSV export (separator « ; », « , » or tabulation) or a .vv. Raises DeliveryRefused."""
    found = {mark: known(_first_record(text, mark)) for mark in DELIMITERS}
    second = _second_record(text)
    if "id" in second and "submitdate" in second:
        return vv(text)
    mark = max(DELIMITERS, key=lambda item: found[item])
    if not found[mark]:
        raise DeliveryRefused(
            "Aucun en-tête n'est connu du livre de codes. Exporter avec les codes des questions comme en-têtes, "
            "et vérifier que c'est bien cette enquête."
        )
    return table_of(text, mark, "csv")


def table_of(text: str, delimiter: str, form: str) -> Export:
    """A delimited table with one row of heads. Raises DeliveryRefused on a record of another width."""
    records = _records(text, delimiter)
    return _columns(form, records[0], records[1:])


def vv(text: str) -> Export:
    """A .vv: tabulations, two rows of heads (wordings, then codes), and the cells that were not shown."""
    records = _records(text, "\t")
    export = _columns("vv", records[1], records[2:])
    columns = tuple(tuple(None if cell == NOT_SHOWN else cell for cell in column) for column in export.columns)
    return Export("vv", export.heads, columns, tells_not_shown=True)


def json_responses(text: str) -> Export:
    """A JSON export: {"responses": [...]}, each a record, or a record under its number (LimeSurvey 3)."""
    try:
        content = json.loads(text, object_pairs_hook=_distinct_keys)
    except (ValueError, RecursionError):
        raise DeliveryRefused("JSON illisible ou tronqué. Reprendre l'export.") from None
    responses = content.get("responses") if isinstance(content, dict) else content
    if not isinstance(responses, list) or not all(isinstance(item, dict) for item in responses):
        raise DeliveryRefused("Ce JSON n'a pas de liste « responses ». Reprendre l'export des réponses au format JSON.")
    records = [next(iter(item.values())) if _numbered(item) else item for item in responses]
    return exported(records)


def exported(records: Sequence[Mapping[str, Any]]) -> Export:
    """Records of JSON as columns; a field that a record does not have is empty."""
    heads = list(dict.fromkeys(name for record in records for name in record))
    columns = tuple(tuple(plain(record.get(head)) for record in records) for head in heads)
    return Export("json", tuple(heads), columns)


def workbook(content: bytes, sheet: str | None = None) -> Export:
    """The first sheet of a workbook, or the one named. Raises DeliveryRefused."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python(skip_empty_area=False)
    except Exception:
        raise DeliveryRefused("Classeur illisible, ou feuille absente. Reprendre l'export.") from None
    filled = [[plain(cell) for cell in row] for row in rows if any(cell != "" for cell in row)]
    if not filled:
        raise DeliveryRefused("Le classeur est vide. Reprendre l'export.")
    return _columns("xlsx", filled[0], filled[1:])


def plain(value: Any) -> str:
    """A value of JSON or of a workbook as an export in CSV writes it."""
    import datetime as dt

    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def _numbered(record: dict[str, Any]) -> bool:
    return len(record) == 1 and isinstance(next(iter(record.values())), dict)


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise DeliveryRefused(
            "Deux questions ont le même en-tête dans ce JSON : l'une a écrasé l'autre. Exporter avec les codes des questions."
        )
    return dict(pairs)


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _second_record(text: str) -> list[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        next(reader, None)
        return next(reader, [])
    except csv.Error:
        return []


def _records(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(sys.maxsize)
    reader, records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), []
    try:
        records = [record for record in reader if record]
    except csv.Error:
        raise DeliveryRefused(
            f"Guillemets mal fermés vers la ligne {reader.line_num} (séparateur {NAMED.get(delimiter, delimiter)}). "
            "Reprendre l'export sans le réenregistrer dans un tableur."
        ) from None
    if not records:
        raise DeliveryRefused("Le fichier est vide. Reprendre l'export.")
    return records


def _columns(form: str, heads: list[str], records: list[list[str]]) -> Export:
    """Records turned into columns. Raises DeliveryRefused on a record of another width or a head written twice."""
    for number, record in enumerate(records, 1):
        if len(record) != len(heads):
            raise DeliveryRefused(
                f"La réponse n° {number} du fichier a {len(record)} cellules au lieu de {len(heads)}. Reprendre l'export."
            )
    columns = tuple(tuple(record[place] for record in records) for place in range(len(heads)))
    return Export(form, tuple(heads), columns)
