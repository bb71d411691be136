"""A refused code is said with those that are admitted."""

from __future__ import annotations

import pytest

from observatoire.settings import Settings
from tests.test_cli import run

SIGNED = ("--auteur", "A. Exemple", "--motif", "essai")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("register", "add", "--id", "v120", "--champ", "technique=truc"), "« truc » inconnue. Admis : "),
        (("register", "add", "--id", "v120", "--champ", "annee=abc"), "« abc » n'est pas une année. La corriger"),
        (("review", "decide", "magie", "cas_usage|v001", "eau"), "« magie » inconnu. Admis : nom, detection, theme,"),
        (("review", "decide", "theme", "cas_usage|v001", "velo"),
         "Ligne 1, colonne « décision » : « velo » inconnue. Admis : eau, dechets, energie,"),
        (("review", "decide", "statut", "cas_usage|v001", "termine", "--attendu", "rien"),
         "colonne « valeur attendue » : « rien » inconnue. Admis : idee, prevu, experimentation,"),
    ],
)  # fmt: skip
def test_a_refused_code_is_said_with_those_admitted(project: Settings, arguments: tuple[str, ...], said: str) -> None:
    done = run(project, *arguments, *SIGNED)
    assert done.returncode == 1 and said in done.stdout
