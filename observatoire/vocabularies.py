"""The closed lists of data/register/vocabulaires.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from observatoire.errors import SpecError
from observatoire.yaml_file import read_yaml

FILE = "vocabulaires.yml"


def load_vocabularies(register: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Each list by name, then each code with its labels. Raises SpecError when the file is wrong."""
    try:
        content = read_yaml(register / FILE)
    except (OSError, yaml.YAMLError) as error:
        raise SpecError(f"{FILE} illisible. Restaurer data/register/{FILE}.") from error
    for name, codes in content.items():
        for code, labels in codes.items():
            if not isinstance(labels, dict) or not {"fr", "en"} <= labels.keys():
                raise SpecError(f"{FILE} : {name}.{code} doit avoir un libellé fr et un libellé en.")
        for language in ("fr", "en"):
            if len({labels[language] for labels in codes.values()}) < len(codes):
                raise SpecError(f"{FILE} : deux codes de {name} ont le même libellé {language}. Les distinguer.")
    return dict(content)


def codes_by_list(register: Path) -> dict[str, list[str]]:
    """The codes of each list, in the order of the file."""
    return {name: list(codes) for name, codes in load_vocabularies(register).items()}


def vocabulary_rows(register: Path) -> list[tuple[str, str, str, str, str, int]]:
    """Rows (liste, valeur, code, fr, en, ordre): each accepted value of the register and the code it stands for."""
    rows = []
    for name, codes in load_vocabularies(register).items():
        for order, (code, labels) in enumerate(codes.items(), 1):
            for value in (code, *labels.get("register", [])):
                rows.append((name, value, code, labels["fr"], labels["en"], order))
    return rows
