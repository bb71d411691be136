"""The structure of a LimeSurvey form (.lss): its questions, and the names its columns have in other numberings."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from observatoire.errors import DeliveryRefused, UsageError


@dataclass(frozen=True)
class Part:
    """A sub-question: its number, code and wording; `scale` is 1 for the columns of a grid."""

    qid: str
    code: str
    label: str
    scale: int


@dataclass(frozen=True)
class FormQuestion:
    """A question as the form has it. `choices` are (scale, code, label) in order, `places` those of a ranking."""

    qid: str
    gid: str
    code: str
    label: str
    group: str
    type: str
    other: bool
    relevance: str
    parts: tuple[Part, ...]
    choices: tuple[tuple[int, str, str], ...]
    places: int


@dataclass(frozen=True)
class Form:
    """A survey: its number, title, language and questions in order."""

    sid: str
    title: str
    description: str
    language: str
    questions: tuple[FormQuestion, ...] = field(repr=False)


def read_form(path: Path) -> Form:
    """The form of a .lss file (or of the .lss inside a .lsa). Raises UsageError or DeliveryRefused."""
    if not path.is_file():
        raise UsageError(f"Fichier « {path} » introuvable. Vérifier le chemin donné.")
    try:
        content = path.read_bytes()
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                content = archive.read(next(name for name in archive.namelist() if name.endswith(".lss")))
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:  # no form has one; an entity could expand without end
            raise DeliveryRefused(f"{path.name} contient un DOCTYPE : ce n'est pas un export de LimeSurvey.")
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, zipfile.BadZipFile, StopIteration, ValueError, LookupError):
        raise DeliveryRefused(
            f"{path.name} n'est pas un .lss lisible. L'exporter de nouveau depuis LimeSurvey."
        ) from None
    if root.findtext("LimeSurveyDocType") != "Survey":
        raise DeliveryRefused(f"{path.name} n'est pas la structure d'une enquête LimeSurvey (.lss).")
    return _form(root)


def _form(root: ElementTree.Element) -> Form:
    survey = next(_rows(root, "surveys"), {})
    language = survey.get("language", "fr")
    settings = next(
        (row for row in _rows(root, "surveys_languagesettings") if row.get("surveyls_language") == language), {}
    )
    texts = _localised(root, "question_l10ns", "qid", "question", language)
    answers = _localised(root, "answer_l10ns", "aid", "answer", language)
    groups = _localised(root, "group_l10ns", "gid", "group_name", language)
    order = {row["gid"]: int(row.get("group_order", 0)) for row in _rows(root, "groups")}
    parts: dict[str, list[tuple[int, Part]]] = {}
    for row in _rows(root, "subquestions"):
        part = Part(row["qid"], row["title"], texts.get(row["qid"], ""), int(row.get("scale_id", 0)))
        parts.setdefault(row["parent_qid"], []).append((int(row.get("question_order", 0)), part))
    choices: dict[str, list[tuple[int, int, str, str]]] = {}
    for row in _rows(root, "answers"):
        choice = (int(row.get("scale_id", 0)), int(row.get("sortorder", 0)), row["code"], answers.get(row["aid"], ""))
        choices.setdefault(row["qid"], []).append(choice)
    limits = {
        row["qid"]: int(row["value"])
        for row in _rows(root, "question_attributes")
        if row.get("attribute") == "max_subquestions" and row.get("value", "").isdigit()
    }
    rows = {row["qid"]: row for row in _rows(root, "questions") if row.get("parent_qid", "0") == "0"}
    ordered = sorted(rows.values(), key=lambda row: (order.get(row["gid"], 0), int(row.get("question_order", 0))))
    questions = tuple(
        FormQuestion(
            row["qid"],
            row["gid"],
            row["title"],
            texts.get(row["qid"], ""),
            groups.get(row["gid"], ""),
            row["type"],
            row.get("other") == "Y",
            row.get("relevance", "1") or "1",
            tuple(part for _, part in sorted(parts.get(row["qid"], []), key=lambda item: (item[1].scale, item[0]))),
            tuple((scale, code, label) for scale, _, code, label in sorted(choices.get(row["qid"], []))),
            limits.get(row["qid"]) or max(len(choices.get(row["qid"], [])), len(parts.get(row["qid"], []))),
        )
        for row in ordered
    )
    title, description = settings.get("surveyls_title", ""), settings.get("surveyls_description", "")
    return Form(survey.get("sid", ""), _plain(title), _plain(description), language, questions)


def _rows(root: ElementTree.Element, section: str) -> Iterator[dict[str, str]]:
    for row in root.iterfind(f"{section}/rows/row"):
        yield {cell.tag: cell.text or "" for cell in row}


def _localised(root: ElementTree.Element, section: str, key: str, text: str, language: str) -> dict[str, str]:
    found = (row for row in _rows(root, section) if row.get("language") == language)
    return {row[key]: _plain(row.get(text, "")) for row in found}


def _plain(text: str) -> str:
    """A wording without markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def column_names(form: Form) -> dict[str, str]:
    """The names of columns in the numberings SGQA (271828X2X6SQ001) and LimeSurvey 7 (Q6_S20), and their codes.

    A name that two columns could bear (271828X2X111: question 111, or place 1 of question 11) is left out.
    """
    names: dict[str, str] = {}
    doubtful: set[str] = set()
    for question in form.questions:
        for name, code in _names(form.sid, question):
            if names.get(name, code) != code:
                doubtful.add(name)
            names[name] = code
    return {name: code for name, code in names.items() if name not in doubtful}


def _names(sid: str, question: FormQuestion) -> Iterator[tuple[str, str]]:
    old, new, code = f"{sid}X{question.gid}X{question.qid}", f"Q{question.qid}", question.code
    rows = [part for part in question.parts if part.scale == 0]
    columns = [part for part in question.parts if part.scale == 1]
    if question.type == "R":
        for place in range(1, question.places + 1):
            yield f"{old}{place}", f"{code}[{place}]"
            yield f"{new}_R{place}", f"{code}[{place}]"
        for place, part in enumerate(rows[: question.places], 1):
            yield f"{new}_S{part.qid}", f"{code}[{place}]"
        return
    if not rows:
        yield from ((old, code), (new, code))
    for part in rows:
        if question.type == "1":
            for scale in (0, 1):
                yield f"{old}{part.code}#{scale}", f"{code}[{part.code}][{scale + 1}]"
                yield f"{new}_S{part.qid}#{scale}", f"{code}[{part.code}][{scale + 1}]"
        for column in columns:
            yield f"{old}{part.code}_{column.code}", f"{code}[{part.code}_{column.code}]"
            yield f"{new}_S{part.qid}_S{column.qid}", f"{code}[{part.code}_{column.code}]"
        if question.type != "1" and not columns:
            yield f"{old}{part.code}", f"{code}[{part.code}]"
            yield f"{new}_S{part.qid}", f"{code}[{part.code}]"
            yield f"{old}{part.code}comment", f"{code}[{part.code}comment]"
            yield f"{new}_S{part.qid}_Ccomment", f"{code}[{part.code}comment]"
    for ending in ("other", "comment", "othercomment"):
        yield f"{old}{ending}", f"{code}[{ending}]"
        yield f"{new}_C{ending}", f"{code}[{ending}]"


def names_of_fieldmap(fieldmap: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The names of columns that a server gives (get_fieldmap), whatever its version, and their codes."""
    fields = fieldmap.values() if isinstance(fieldmap, Mapping) else fieldmap
    names = {}
    for item in fields:
        code, part, scale = str(item.get("title") or ""), str(item.get("aid") or ""), item.get("scale_id")
        if code:
            inside = f"[{part}]" if part else ""
            second = f"[{int(scale) + 1}]" if str(item.get("type")) == "1" and scale is not None else ""
            names[str(item.get("fieldname"))] = f"{code}{inside}{second}"
    return names
