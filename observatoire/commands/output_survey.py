"""What the survey commands show: numbers and codes, never an answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.cli_output import print_json

if TYPE_CHECKING:
    from observatoire.survey.intake.importing import Import


def imported(done: Import, json: bool) -> None:
    """An import: what came, what was kept, what the export did not carry."""
    if json:
        print_json(done.as_dict())
        return
    if done.fictitious:
        print("DONNÉES FICTIVES")
    state = "nouvelle livraison" if done.new else "livraison déjà connue"
    print(f"{done.survey} {done.edition} : {state} {done.delivery[:8]}, lignes dans data/restricted.")
    print(f"{done.received} réponses reçues ({done.complete} complètes), {done.kept} gardées, {done.rows} lignes.")
    for count, what in (
        (done.without_siren, "sans SIREN à 9 chiffres, écartées"),
        (done.same_token, "au même jeton qu'une autre : la dernière complète est gardée"),
        (done.same_authority, "de la même collectivité qu'une autre : la dernière complète est gardée"),
        (done.dropped_columns, "colonnes jetées à l'entrée (texte libre, personnes, mesures de l'outil)"),
    ):
        if count:
            print(f"- {count} {what}")
    for name, count in done.unreadable.items():
        print(f"- {name} : {count} réponses hors des codes attendus, comptées « inconnu »")
    for loss in done.losses:
        print(f"- {loss}")


def drafted(text: str, path: Path | None, json: bool) -> None:
    """A draft of codebook: its text, or where it was written."""
    if json:
        print_json({"fichier": str(path) if path else None, "texte": text})
    elif path is None:
        print(text, end="")
    else:
        print(f"Livre de codes préparé : {path}. Le relire et compléter chaque « À COMPLÉTER ».")


def purged(facts: dict[str, Any], json: bool) -> None:
    """A purge: what was deleted."""
    if json:
        print_json(facts)
        return
    print(
        f"{facts['enquete']} {facts['edition']} : {facts['lignes_effacees']} lignes et {len(facts['livraisons'])} livraisons effacées."
    )
    print("Les fichiers d'origine, gardés hors de l'observatoire, sont à détruire à la main.")
