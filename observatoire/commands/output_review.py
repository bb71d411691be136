"""What the commands about decisions and the register show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.cli_output import SHOWN, print_json

if TYPE_CHECKING:
    from observatoire.review.apply import Applied
    from observatoire.review.export import Exported


def exported(result: Exported, json: bool) -> None:
    """Where the sheets are and what they ask."""
    if json:
        print_json(result.as_dict())
        return
    for kind, number in result.counts.items():
        print(f"{kind} : {number} à trancher")
    for file in result.files:
        print(file)
    print("Remplir « décision » et « motif », puis : observatoire review apply FICHIER --auteur « Prénom Nom ».")


def applied(result: Applied, json: bool) -> None:
    """What was added, what was already there, and each refused line."""
    if json:
        print_json(result.as_dict())
        return
    for item in result.refused:
        print(f"Ligne {item.ligne}, colonne « {item.colonne} » : {item.motif}. La corriger et relancer.")
    for row in result.added[:SHOWN]:
        print(f"{row['decision_id']} : {row['objet_type']} de {row['cle']} → {row['valeur']}")
    if len(result.added) > SHOWN:
        print(f"… et {len(result.added) - SHOWN} autres dans data/register/decisions.csv.")
    refused = len({item.ligne for item in result.refused})
    print(
        f"{len(result.added)} décision(s) ajoutée(s), {result.known} déjà enregistrée(s), {refused} ligne(s) refusée(s), "
        f"{result.undecided} sans décision."
    )
    if result.added:
        print("Lancer « observatoire refresh » pour les voir dans une version.")
