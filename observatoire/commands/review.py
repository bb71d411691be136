"""observatoire review: what analysts decide, out to a spreadsheet and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observatoire import cli_output as output

app = typer.Typer(help="Faire trancher les doutes par des analystes, dans un tableur.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Répondre en JSON, pour un programme.")]


@app.command()
def export(
    dossier: Annotated[
        Path | None, typer.Option("--dossier", help="Dossier où écrire (data/revue par défaut).")
    ] = None,
    json: Json = False,
) -> None:
    """Écrire en CSV et en classeur les noms, détections, thèmes, finalités, statuts et fusions à trancher."""
    from observatoire.commands.output_review import exported
    from observatoire.review.export import export as write

    exported(write(output.settings(), dossier), json)


@app.command("apply")
def apply_sheet(
    fichier: Annotated[Path, typer.Argument(help="Fichier rempli (CSV ou classeur).")],
    auteur: Annotated[str, typer.Option("--auteur", help="Qui décide, pour les lignes qui ne le disent pas.")] = "",
    date: Annotated[
        str | None,
        typer.Option("--date", help="Date des décisions (AAAA-MM-JJ), pour les lignes qui ne la disent pas."),
    ] = None,
    attendre: Annotated[
        float, typer.Option("--attendre", help="Secondes à attendre si une autre écriture est en cours.", min=0)
    ] = 0.0,
    json: Json = False,
) -> None:
    """Ajouter les décisions d'un fichier rempli à data/register/decisions.csv. Rien n'est publié avant refresh."""
    from observatoire.commands.output_review import applied
    from observatoire.review.apply import apply

    result = apply(output.settings(), fichier, auteur, date, "commande review apply", attendre)
    applied(result, json)
    raise typer.Exit(1 if result.refused else 0)
