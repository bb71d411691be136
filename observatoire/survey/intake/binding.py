"""Which column of an export holds which answer: by code, by wording, or by the names a structure gives; never by place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from observatoire.errors import DeliveryRefused
from observatoire.survey.intake.codebook import Answer, Codebook, plain_label

# What LimeSurvey says of a response: its own names, then those of exports with wordings (French, English).
SYSTEM = {
    "id": ("id de la réponse", "response id"),
    "submitdate": ("date de soumission", "date submitted"),
    "datestamp": ("date de la dernière action", "date last action"),
    "token": ("code d'accès", "code d’accès", "access code", "invitation code"),
}
# Known, never kept, and of no interest to the search for persons: LimeSurvey's own columns.
IGNORED = re.compile(
    r"lastpage|startlanguage|seed|startdate|ipaddr|refurl|interviewtime|grouptime\d+|dernière page|last page|"
    r"langue de départ|start language|tête de série|date de lancement|date started|adresse ip|ip address|"
    r"url référente|url de référence|referrer url|temps total.*|durée pour .*|total time.*|group time.*|question time.*"
)
OPENED = ("comment", "commentaire", "other", "othercomment", "autre", "commentaire pour autre")
SCALES = ("échelle {}", "scale {}")
CUT = ".."  # what an export with shortened wordings ends its heads with


@dataclass(frozen=True)
class Binding:
    """Places of the columns: of each answer found, of the response's own columns (`system`), and of the others.

    `listed` are columns that the codebook knows and drops; `unlisted` those that it does not know.
    """

    answers: Mapping[Answer, int]
    system: Mapping[str, int]
    listed: tuple[int, ...]
    unlisted: tuple[int, ...]
    missing: tuple[Answer, ...]
    siren: int | None


def known_heads(codebook: Codebook, aliases: Mapping[str, str]) -> dict[str, Answer | str | None]:
    """What each possible head stands for: an answer, « siren » or a column of the response; None for a text that is dropped.

    A head that two answers could bear is left out: it says nothing certain.
    """
    heads: dict[str, Answer | str | None] = {}
    ambiguous: set[str] = set()

    def add(forms: Iterable[str], meaning: Answer | str | None) -> None:
        for form in {_key(form) for form in forms}:
            if form in heads and heads[form] != meaning:
                ambiguous.add(form)
            heads[form] = meaning

    for question in codebook.questions:
        for answer in question.answers():
            add(_code_forms(answer, question.type), answer)
            add(_text_forms(codebook, answer), answer)
        if question.type != "choix_multiple":
            add([f"{question.code}_other"], None)
        add([f"{question.code}_{part}comment" for part in ("", "other", *question.parts)], None)
        add([f"{question.code}Time"], None)
    for dropped in codebook.dropped:
        labels = [dropped.label] if dropped.label else []
        add([dropped.code, *labels], None)
        for part, text in dropped.parts.items():
            add([f"{dropped.code}[{part}]", f"{dropped.code}_{part}", *(f"{label} [{text}]" for label in labels)], None)
    for name, labels_of in SYSTEM.items():
        add([name, *labels_of], name)
    add([codebook.siren, *([codebook.siren_label] if codebook.siren_label else [])], "siren")
    for name, code in aliases.items():
        if _key(code) in heads:
            add([name], heads[_key(code)])
    return {form: meaning for form, meaning in heads.items() if form not in ambiguous}


def known_count(codebook: Codebook, heads: Sequence[str], aliases: Mapping[str, str]) -> int:
    """How many heads the codebook knows."""
    known = known_heads(codebook, aliases)
    return sum(_key(head) in known for head in heads)


def bind(codebook: Codebook, heads: Sequence[str], aliases: Mapping[str, str]) -> Binding:
    """The places of what the codebook keeps in an export. Raises DeliveryRefused naming what is missing or doubled.

    `aliases` are the names of columns in another numbering (SGQA, Q<qid>) with the code each stands for.
    """
    known = known_heads(codebook, aliases)
    kept = {_key(text) for item in codebook.questions for text in (item.code, item.label)}
    left = {_key(text) for item in codebook.dropped for text in (item.code, item.label) if text}
    places: dict[Answer | str, int] = {}
    listed: list[int] = []
    unlisted: list[int] = []
    for place, head in enumerate(heads):
        meaning = known.get(_key(head), "")
        if meaning == "":
            dropped = IGNORED.fullmatch(head.strip().casefold()) or _is_text(aliases.get(head, head), kept, left)
            (listed if dropped else unlisted).append(place)
        elif meaning is None:
            listed.append(place)
        elif meaning in places:
            raise DeliveryRefused(
                f"Deux colonnes portent l'en-tête « {head} ». Exporter avec les codes des questions comme en-têtes."
            )
        else:
            places[meaning] = place
    answers = {answer: places[answer] for answer in codebook.answers if answer in places}
    system = {name: places[name] for name in SYSTEM if name in places}
    missing = tuple(answer for answer in codebook.answers if answer not in places)
    _refuse_unusable(heads, system, missing)
    return Binding(answers, system, tuple(listed), tuple(unlisted), missing, places.get("siren"))


def _refuse_unusable(heads: Sequence[str], system: Mapping[str, int], missing: Sequence[Answer]) -> None:
    if sum(CUT in head[-5:] for head in heads) > len(heads) / 4:
        raise DeliveryRefused(
            "Les en-têtes sont des intitulés abrégés, qui ne distinguent pas les questions. "
            "Exporter avec les codes des questions comme en-têtes."
        )
    if missing:
        named = ", ".join(answer.name for answer in missing[:5]) + (", …" if len(missing) > 5 else "")
        raise DeliveryRefused(
            f"{len(missing)} réponses du livre de codes sans colonne : {named}. Exporter toutes les questions avec leurs codes "
            "comme en-têtes, donner --structure FICHIER.lss si les colonnes ont d'autres noms, ou corriger le livre de codes."
        )
    if absent := [name for name in ("id", "submitdate") if name not in system]:
        raise DeliveryRefused(
            f"Colonne « {absent[0]} » absente : sans elle, une réponse ne se reconnaît pas. L'ajouter à l'export."
        )


def _code_forms(answer: Answer, kind: str) -> list[str]:
    """The heads that name an answer by codes: of CSV and JSON, then of .vv."""
    if not answer.part:
        return [answer.question]
    if kind == "grille_double":
        part, _, scale = answer.part.rpartition("_")
        return [f"{answer.question}[{part}][{scale}]", f"{answer.question}_{part}_{int(scale) - 1}"]
    return [answer.name, f"{answer.question}_{answer.part}"]


def _text_forms(codebook: Codebook, answer: Answer) -> list[str]:
    """The heads that name an answer by its wording. « Fonctionnement | 2025 » is written [Fonctionnement][2025]."""
    question = codebook.by_code[answer.question]
    if not answer.part:
        return [question.label]
    if question.type == "grille_double":
        part, _, scale = answer.part.rpartition("_")
        return [f"{question.label} [{question.parts[part]}][{form.format(scale)}]" for form in SCALES]
    if answer.part == "other":
        return [f"{question.label} [Autre]", f"{question.label} [Other]"]
    return [f"{question.label} [{']['.join(question.parts[answer.part].split(' | '))}]"]


def _is_text(head: str, kept: Collection[str], left: Collection[str]) -> bool:
    """Whether a head is a free text of a kept question (its « Autre », its comment), or any part of a dropped one."""
    question, _, parts = head.strip().partition("[")
    if _key(question) in left or _key(question.partition("_")[0]) in left:
        return True
    return _key(question) in kept and parts.rstrip("]").casefold().endswith(OPENED)


def _key(head: str) -> str:
    return unicodedata.normalize("NFC", plain_label(head))
