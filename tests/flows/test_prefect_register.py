"""The form of the register, run as Prefect runs it."""

from __future__ import annotations

from typing import Any

from observatoire.settings import Settings
from tests.helpers import read_csv

CASE = {
    "collectivite": "Ville d'Essai", "type_collectivite": "commune", "titre": "Un essai", "theme": "eau",
    "finalite_environnementale": "true", "technique": "predictif", "statut": "experimentation", "nature": "usage",
    "ia_explicite": "true", "source_url": "https://exemple.fr/essai",
}  # fmt: skip


def run(**options: Any) -> Any:
    from flows.forms import RegisterOptions
    from flows.register import register

    return register(RegisterOptions(author="C. Exemple", reason="Vu", publish=False, **options), return_state=True)


def test_a_case_is_written_or_every_fault_is_said(room: Settings, flows: Any) -> None:
    state = run(**CASE)
    assert state.is_completed() and state.message == "v159 au registre (ajout), noté dans historique.csv."
    assert read_csv(room.register / "cas_usage.csv")[-1]["id"] == "v159"
    state = run(case_id="v159", statut="termine", emptied=["confiance"])
    assert state.message == "v159 au registre (modification), noté dans historique.csv."
    assert read_csv(room.register / "historique.csv")[-1]["auteur"] == "C. Exemple"

    before = (room.register / "cas_usage.csv").read_bytes()
    state = run(**{**CASE, "titre": "Autre", "source_url": "exemple", "annee": "hier"})
    assert state.is_failed() and "colonne « source_url »" in state.message and "colonne « annee »" in state.message
    assert "\n" not in state.message and "Traceback" not in state.message
    assert run(case_id="v999", statut="termine").message.startswith("« v999 » n'est pas au registre")
    assert (room.register / "cas_usage.csv").read_bytes() == before
