"""The words that mean a value of the register: codes and French labels of its closed lists, « oui » and « non »."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from observatoire.review.decisions_file import flat
from observatoire.vocabularies import load_vocabularies

# Columns of cas_usage.csv whose values come from the list of vocabulaires.yml of the same name.
LISTED = ("type_collectivite", "theme", "technique", "statut", "annee_type", "montant_nature", "nature", "confiance")
YES_OR_NO = ("finalite_environnementale", "ia_explicite")
BOOLEANS = {"oui": "true", "vrai": "true", "true": "true", "non": "false", "faux": "false", "false": "false"}

Words = Mapping[str, Mapping[str, str]]


def register_words(register: Path) -> Words:
    """For each closed column of cas_usage.csv, the value that each word means, by the word without case nor accents.

    A label means its code; a value that the register may hold in the place of a code (metropole) means itself. Raises
    SpecError.
    """
    vocabularies = load_vocabularies(register)
    listed = {
        name: {flat(labels["fr"]): code for code, labels in vocabularies[name].items()}
        | {flat(value): value for code, labels in vocabularies[name].items() for value in (code, *labels.get("register", []))}
        for name in LISTED
    }  # fmt: skip
    return {**listed, **dict.fromkeys(YES_OR_NO, BOOLEANS)}


def meant(words: Words, column: str, text: str) -> str:
    """The value that a text means in a column; the text itself when it means none: the rules of staging then say so."""
    return words.get(column, {}).get(flat(text), text)
