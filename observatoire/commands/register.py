"""observatoire register: keep the register of documented uses alive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observatoire import cli_output as output
from observatoire.cli_help import FrenchTyper, Json, Wait

app = FrenchTyper(help="Tenir le registre des cas documentés.")

Author = Annotated[str, typer.Option("--auteur", help="Qui change le registre ou vérifie les liens.")]
Date = Annotated[str | None, typer.Option("--date", help="Date du changement (AAAA-MM-JJ) ; celle du jour par défaut.")]


@app.command()
def add(
    champ: Annotated[
        list[str] | None,
        typer.Option("--champ", help="Un champ du cas, colonne=valeur (répétable) ; vide : retirer la valeur."),
    ] = None,
    fichier: Annotated[
        Path | None,
        typer.Option("--fichier", help="Cas à ajouter, avec les colonnes du registre (par exemple des propositions)."),
    ] = None,
    cle: Annotated[str | None, typer.Option("--id", help="Cas à modifier ; sans lui, un cas est ajouté.")] = None,
    auteur: Author = "",
    motif: Annotated[str, typer.Option("--motif", help="Pourquoi ce changement.")] = "",
    date: Date = None,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Ajouter ou modifier un cas, après les contrôles du registre, avec sa ligne dans historique.csv."""
    from observatoire.commands.output_review import put
    from observatoire.errors import UsageError
    from observatoire.review.cases import add_cases, edit_case, read_cases, read_fields

    settings, who = output.settings(), "commande register add"
    fields = read_fields(champ or [])
    if bool(fields) == bool(fichier) or (cle and fichier):
        raise UsageError("Donner des --champ, ou un --fichier de cas à ajouter (sans --id).")
    if cle:
        result = edit_case(settings, cle, fields, auteur, motif, date, who, attendre)
    else:
        cases = read_cases(fichier) if fichier else [fields]
        result = add_cases(settings, cases, auteur, motif, date, who, attendre)
    put(result, json)
    raise typer.Exit(1 if result.faults else 0)


@app.command()
def check(
    live: Annotated[
        bool, typer.Option("--live", help="Interroger chaque page citée et noter ce qui répond (demande --auteur).")
    ] = False,
    auteur: Author = "",
    date: Date = None,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Dire ce qui est à vérifier : cas sans preuve depuis 24 mois, statuts dépassés, liens morts, changements non notés.

    Les âges sont comptés jusqu'au jour où la commande est lancée.
    """
    from observatoire.commands.output_review import links_checked, upkeep
    from observatoire.errors import UsageError
    from observatoire.pipeline import load_all_sources
    from observatoire.review.links import check_links
    from observatoire.review.upkeep import examine, examined_release
    from observatoire.vocabularies import load_vocabularies

    settings, who = output.settings(), "commande register check"
    if (auteur or date) and not live:
        raise UsageError("--auteur et --date signent une vérification des liens : ajouter --live, ou les retirer.")
    if live:
        examined_release(settings)  # said before minutes of requests
        with output.progress(json) as tell:
            links = check_links(settings, auteur, date, who, attendre, tell=tell)
        links_checked(links, json)
    found = examine(settings, load_all_sources(settings), who, attendre)
    upkeep(found, json, load_vocabularies(settings.register)["statut"])
