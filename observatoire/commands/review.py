"""observatoire review: what analysts decide, out to a spreadsheet and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observatoire import cli_output as output
from observatoire.cli_help import FrenchTyper, Json, Wait

app = FrenchTyper(help="Faire trancher les doutes par des analystes, dans un tableur.")


@app.command()
def export(
    dossier: Annotated[
        Path | None, typer.Option("--dossier", help="Dossier où écrire (data/revue par défaut).")
    ] = None,
    json: Json = False,
) -> None:
    """Écrire en CSV et en classeur les noms, détections, thèmes, finalités, statuts, fusions et rôles à trancher."""
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
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Ajouter les décisions d'un fichier rempli à data/register/decisions.csv. Rien n'est publié avant refresh."""
    from observatoire.commands.output_review import applied
    from observatoire.review.apply import apply

    result = apply(output.settings(), fichier, auteur, date, "commande review apply", attendre)
    applied(result, json)
    raise typer.Exit(1 if result.refused else 0)


@app.command()
def decide(
    objet: Annotated[
        str, typer.Argument(help="nom, detection, theme, finalite, statut, fusion, role ou droit_de_reponse.")
    ],
    cle: Annotated[
        str,
        typer.Argument(
            help="Objet : « cas_usage|v001 », « Maurepas|commune| », une paire « … + … », ou un acteur : "
            "« cas_usage|v001 + SIREN » ou « cas_usage|v001 + Nom|autre »."
        ),
    ],
    valeur: Annotated[
        str, typer.Argument(help="Ce qui est décidé (contestee, rectifiee, maintenue, retiree, un thème, un rôle…).")
    ],
    auteur: Annotated[str, typer.Option("--auteur", help="Qui décide, ou enregistre la réponse.")],
    motif: Annotated[
        str, typer.Option("--motif", help="Pourquoi ; pour un droit de réponse, les mots de la collectivité.")
    ],
    attendu: Annotated[
        str, typer.Option("--attendu", help="Ce que disent aujourd'hui les sources ou les règles.")
    ] = "",
    preuve: Annotated[str, typer.Option("--preuve", help="Adresse de ce sur quoi la décision s'appuie.")] = "",
    guide: Annotated[str, typer.Option("--guide", help="Version du guide de codage suivi.")] = "",
    arbitrage: Annotated[
        bool, typer.Option("--arbitrage", help="Trancher entre deux analystes qui diffèrent.")
    ] = False,
    date: Annotated[
        str | None, typer.Option("--date", help="Date de la décision (AAAA-MM-JJ) ; celle du jour.")
    ] = None,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Noter une décision, ou la réponse d'une collectivité citée, dans data/register/decisions.csv."""
    from observatoire.commands.output_review import applied
    from observatoire.review import decisions_file as titles
    from observatoire.review.apply import decide as note

    cells = {
        titles.OBJECT: objet, titles.KEY: cle, titles.EXPECTED: attendu, titles.DECISION: valeur, titles.REASON: motif,
        titles.AUTHOR: auteur, titles.PROOF: preuve, titles.GUIDE: guide, titles.NATURE: "arbitrage" if arbitrage else "",
    }  # fmt: skip
    result = note(output.settings(), cells, date, "commande review decide", attendre)
    applied(result, json)
    raise typer.Exit(1 if result.refused else 0)
