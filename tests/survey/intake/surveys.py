"""A small invented survey for the tests of the intake: its codebook, its responses, and each form of export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from observatoire.settings import Settings
from observatoire.survey.intake.importing import Import, Run, import_file

KEY = b"cle-d-essai-de-trente-deux-octets!!"
CODEBOOK: dict[str, Any] = {
    "title": "Essai",
    "description": "Enquête inventée.",
    "edition": "2026",
    "producer": "Essai",
    "plan": "auto_selection",
    "field": {"start": "2026-01-01", "end": "2026-02-01"},
    "siren": "SIREN",
    "siren_label": "Numéro SIREN",
    "questions": [
        {"code": "IA", "label": "Une IA ?", "type": "oui_non"},
        {
            "code": "OU",
            "label": "Où &amp; comment ?",
            "type": "choix_multiple",
            "parts": {"SQ1": "Eau", "SQ2": "Air, bruit"},
            "other": True,
            "shown_if": [{"question": "IA", "values": ["Y"]}],
        },
        {
            "code": "QUI",
            "label": "Qui ?",
            "type": "choix_unique",
            "choices": {"A1": "Agents", "A2": "Élus"},
            "other": True,
        },
        {"code": "EUR", "label": "Combien ?", "type": "nombre"},
        {"code": "JOUR", "label": "Depuis quand ?", "type": "date"},
    ],
    "dropped": [{"code": "LIBRE", "label": "Un mot ?"}, {"code": "MAIL", "label": "Votre adresse ?"}],
}
HEADS = {
    "id": "ID de la réponse", "submitdate": "Date de soumission", "token": "Code d'accès",
    "datestamp": "Date de la dernière action", "SIREN": "Numéro SIREN", "IA": "Une IA ?",
    "OU[SQ1]": "Où & comment ? [Eau]", "OU[SQ2]": "Où & comment ? [Air, bruit]", "OU[other]": "Où & comment ? [Autre]",
    "QUI": "Qui ?", "QUI[other]": "Qui ? [Autre]", "EUR": "Combien ?", "JOUR": "Depuis quand ?", "LIBRE": "Un mot ?",
    "MAIL": "Votre adresse ?",
}  # fmt: skip
PERSON = {"token": "JETONSECRET1", "LIBRE": "Appelez Zoé au 06 11 22 33 44", "MAIL": "zoe.durand@ville.fr"}
NOT_SHOWN = None  # in a .vv


def response(number: int, **cells: Any) -> dict[str, Any]:
    """A complete response of the authority 21000000N, with nothing answered but `cells` (heads with [ ] through a dict)."""
    return {
        "id": str(number),
        "submitdate": f"2026-01-{number:02d} 09:13:00",
        "token": f"jeton{number}",
        "datestamp": f"2026-01-{number:02d} 09:13:00",
        "SIREN": f"2100000{number:02d}",
        **dict.fromkeys(list(HEADS)[5:], ""),
        **cells,
    }


def yes(number: int, **cells: Any) -> dict[str, Any]:
    return response(
        number, **{"IA": "Y", "OU[SQ1]": "Y", "OU[other]": "Bruit de Léa", "QUI": "A2", "EUR": "1500.5", "JOUR": "2024-03-01 00:00:00", **PERSON, **cells}
    )  # fmt: skip


RESPONSES = [
    yes(1),
    response(2, IA="N", QUI="-oth-", **{"QUI[other]": "Prestataire Martin"}),
    response(3, submitdate=""),
]


def write_codebook(settings: Settings, name: str = "essai", **changes: Any) -> Path:
    """Write data/register/enquetes/NAME.yml, changed at the top level."""
    path = settings.register / "enquetes" / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({**CODEBOOK, **changes}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def as_csv(responses: Sequence[Mapping[str, Any]], delimiter: str = ";", full: bool = False, bom: bool = True) -> bytes:
    """As RemoteControl 2 and the web form write it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    heads = list(responses[0])
    writer.writerow([HEADS.get(head, head) for head in heads] if full else heads)
    writer.writerows([[row[head] or "" for head in heads] for row in responses])
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode() + b"\r\n"


def as_vv(responses: Sequence[Mapping[str, Any]]) -> bytes:
    """Tabulations, two rows of heads, {question_not_shown} for None."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    heads = list(responses[0])
    writer.writerow([HEADS.get(head, head) for head in heads])
    writer.writerow([head.replace("[", "_").replace("]", "") for head in heads])
    writer.writerows([["{question_not_shown}" if row[h] is None else row[h] for h in heads] for row in responses])
    return out.getvalue().encode()


def as_json(responses: Sequence[Mapping[str, Any]], numbered: bool = False) -> bytes:
    records = [{str(row["id"]): dict(row)} if numbered else {**row, "id": int(row["id"])} for row in responses]
    return json.dumps({"responses": records}).encode()


def as_xlsx(responses: Sequence[Mapping[str, Any]], path: Path) -> bytes:
    import xlsxwriter

    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(responses[0]))
    for number, row in enumerate(responses, 1):
        for place, value in enumerate(row.values()):
            if str(value).isdigit():
                sheet.write_number(number, place, int(value))
            elif value:
                sheet.write_string(number, place, str(value))
    book.close()
    return path.read_bytes()


def in_full(row: Mapping[str, Any]) -> dict[str, Any]:
    """A response with labels instead of codes, as « long » answers are written."""
    ticks = {head: {"Y": "Oui", "": "Non"}[row[head]] for head in ("OU[SQ1]", "OU[SQ2]")}
    return {
        **row,
        **ticks,
        "IA": {"Y": "Oui", "N": "Non", "": "N/A"}[row["IA"]],
        "QUI": {"A1": "Agents", "A2": "Élus", "-oth-": "Autre", "": ""}[row["QUI"]],
    }


def take(settings: Settings, content: bytes, name: str = "export.csv", **options: Any) -> Import:
    """Import an export of « essai » given as bytes, from a file outside the data folder."""
    path = settings.data.parent / name
    path.write_bytes(content)
    return import_file(
        settings, "essai", path, key=options.pop("key", KEY), run=Run(**options.pop("run", {})), **options
    )


def rows(settings: Settings, name: str = "essai") -> list[dict[str, Any]]:
    """The long rows, without what names the delivery."""
    path = settings.data / "restricted" / "enquetes" / name / "2026" / "reponses.parquet"
    return pq.read_table(path).drop_columns(["livraison"]).to_pylist()  # type: ignore[no-any-return]


def states(settings: Settings, siren: str) -> dict[str, tuple[str | None, str]]:
    """Value and state of each answer of an authority."""
    return {
        row["question"] + (f"[{row['sous_question']}]" if row["sous_question"] else ""): (row["valeur"], row["etat"])
        for row in rows(settings)
        if row["siren"] == siren
    }


def clear_text(folder: Path, *values: str) -> list[str]:
    """Files below `folder` that hold one of `values` in clear (Parquet pages included, uncompressed)."""
    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        content = path.read_bytes() + str(path).encode()
        if path.suffix == ".parquet":
            content += repr(pq.read_table(path).to_pylist()).encode()
        found += [f"{path.name}: {value}" for value in values if value.encode() in content]
    return found
