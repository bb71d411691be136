"""Reading codebooks: what is wrong is said in French, with the file and the line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from observatoire.errors import SpecError, UsageError
from observatoire.survey.intake.codebook import Codebook
from observatoire.yaml_file import LOADER

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FOLDER = "enquetes"
TODO = "À COMPLÉTER"
FRENCH = {
    "missing": "option obligatoire absente",
    "extra_forbidden": "option inconnue",
    "string_type": "un texte est attendu",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "bool_type": "oui ou non (true ou false) est attendu",
    "bool_parsing": "oui ou non (true ou false) est attendu",
    "dict_type": "une table « clé : valeur » est attendue",
    "model_type": "une table « clé : valeur » est attendue",
    "tuple_type": "une liste est attendue",
    "list_type": "une liste est attendue",
    "too_short": "la liste est vide",
    "greater_than": "un nombre strictement positif est attendu",
    "greater_than_equal": "le nombre est trop petit",
    "less_than_equal": "le nombre est trop grand",
    "string_pattern_mismatch": "la forme n'est pas celle attendue",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ est attendue",
    "date_parsing": "une date AAAA-MM-JJ est attendue",
    "date_type": "une date AAAA-MM-JJ est attendue",
}


def load_codebook(register: Path, name: str, edition: str | None = None) -> Codebook:
    """The codebook NAME.yml, or NAME-EDITION.yml for an edition that has a file of its own.

    Raises UsageError when there is none, SpecError (file, line, option) when it is wrong.
    """
    folder = register / FOLDER
    path = folder / f"{name}.yml"
    if edition is not None and (folder / f"{name}-{edition}.yml").is_file():
        path = folder / f"{name}-{edition}.yml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in folder.glob("*.yml"))) or "aucun"
        raise UsageError(
            f"Enquête « {name} » : data/register/{FOLDER}/{path.name} n'existe pas (connus : {known}). "
            "En préparer un avec « observatoire survey scaffold »."
        )
    codebook = read_codebook(path)
    if edition is not None and codebook.edition != edition:
        raise UsageError(
            f"Enquête « {name} » : {path.name} décrit l'édition {codebook.edition}. "
            f"Écrire data/register/{FOLDER}/{name}-{edition}.yml."
        )
    return codebook


def load_codebooks(register: Path) -> list[Codebook]:
    """Every codebook of the register, by file name. Raises SpecError when one is wrong."""
    return [read_codebook(path) for path in sorted((register / FOLDER).glob("*.yml"))]


def read_codebook(path: Path) -> Codebook:
    """The codebook of one file. Raises SpecError naming the file, the line and the option."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=LOADER)
        content = yaml.load(text, Loader=LOADER)
    except UnicodeDecodeError as error:
        raise _wrong(path, 1, "le fichier n'est pas en UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _wrong(
            path, mark.line + 1 if mark else 1, "YAML illisible (deux-points, guillemets ou retrait)"
        ) from error
    if not isinstance(content, dict):
        raise _wrong(path, 1, "une table « clé : valeur » est attendue")
    if twice := _repeated(root):
        raise _wrong(path, *twice)
    if left := next((line for value, line in _scalars(root) if TODO in value), None):
        raise _wrong(path, left, f"« {TODO} » est encore à remplacer")
    try:
        return Codebook(**{"name": path.stem.partition("-")[0], **content})
    except ValidationError as error:
        first = error.errors()[0]
        line = _line(root, first["loc"]) if first["loc"] else _line_of(root, _said(first))
        raise _wrong(path, line, _said(first)) from error


def _wrong(path: Path, line: int, what: str) -> SpecError:
    return SpecError(f"data/register/{FOLDER}/{path.name}, ligne {line} : {what}. Corriger cette ligne.")


def _said(error: ErrorDetails) -> str:
    """What one error says in French."""
    where = ".".join(
        str(item) for item in error["loc"] if not str(item).startswith(("function-", "tuple[", "literal["))
    )
    kind = error["type"]
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "literal_error":
        expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return f"{where} : « {error['input']} » n'est pas parmi {expected}"
    return f"{where} : {FRENCH.get(kind, 'valeur non valable')}"


def _line(node: Any, location: Sequence[int | str]) -> int:
    """The line (from 1) of the nearest node of the YAML tree that an error speaks of."""
    for item in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(item)]
            if not found:
                continue  # the name of a missing option, or of a variant of a type
            key, value = found[0]
            if not isinstance(value, yaml.CollectionNode):
                return int(key.start_mark.line) + 1
            node = value
        elif isinstance(node, yaml.SequenceNode) and isinstance(item, int) and item < len(node.value):
            node = node.value[item]
    return int(node.start_mark.line) + 1 if node is not None else 1


def _line_of(root: Any, said: str) -> int:
    """The last line where the file writes what a message quotes, or begins with (faults between two blocks)."""
    words = [*re.findall(r"« ([^»]*) »", said), re.split(r"[ ,]", said, maxsplit=1)[0]]
    lines = {word: [line for value, line in _scalars(root) if value == word] for word in words}
    return next((found[-1] for found in lines.values() if found), 1)


def _scalars(node: Any) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value), int(node.start_mark.line) + 1
    elif isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for part in item if isinstance(item, tuple) else (item,):
                yield from _scalars(part)


def _repeated(node: Any) -> tuple[int, str] | None:
    """The first key written twice in one table (YAML keeps the last and says nothing)."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                return int(key.start_mark.line) + 1, f"« {key.value} » est écrit deux fois"
            seen.add(key.value)
            if inner := _repeated(value):
                return inner
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            if inner := _repeated(value):
                return inner
    return None
