"""observatoire survey: from the form to figures. What comes in: import, scaffold, purge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observatoire import cli_output as output
from observatoire.cli_help import FrenchTyper, Json, Wait
from observatoire.commands import survey_figures

app = FrenchTyper(help="Enquêtes : tirer, importer, estimer.")

Name = Annotated[str, typer.Argument(help="Nom de l'enquête : data/register/enquetes/NOM.yml.")]
Edition = Annotated[str | None, typer.Option("--edition", help="Édition, si le livre de codes en a plusieurs.")]


@app.command("import")
def import_answers(
    nom: Name,
    fichier: Annotated[
        Path | None,
        typer.Argument(help="Export des réponses (.vv, CSV, JSON, XLSX). Sans lui, le serveur est interrogé."),
    ] = None,
    edition: Edition = None,
    structure: Annotated[
        Path | None, typer.Option("--structure", help="Structure .lss, si les colonnes ne portent pas les codes.")
    ] = None,
    correspondance: Annotated[
        str | None, typer.Option("--correspondance", help="Correspondance du livre de codes, pour un autre outil.")
    ] = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Refaire les lignes depuis l'archive, sans fichier ni serveur.")
    ] = False,
    moins: Annotated[
        bool, typer.Option("--moins", help="Accepter un export qui a moins de réponses que le précédent.")
    ] = False,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Importer les réponses d'une enquête, pseudonymisées, dans data/restricted.

    Seules les questions du livre de codes sont gardées. La clé est dans OBSERVATOIRE_SURVEY_KEY.
    """
    from observatoire.commands import output_survey
    from observatoire.errors import UsageError
    from observatoire.survey.intake import importing

    settings, run = output.settings(), importing.Run("commande survey import", attendre, moins)
    if archive and (fichier or structure or correspondance):
        raise UsageError("--archive ne prend ni fichier, ni structure, ni correspondance. Choisir l'un ou l'autre.")
    if correspondance and not fichier:
        raise UsageError("--correspondance dit comment lire un fichier. Donner ce fichier.")
    if archive:
        done = importing.rebuild(settings, nom, edition, run)
    elif fichier:
        done = importing.import_file(
            settings,
            nom,
            fichier,
            edition=edition,
            structure=structure,
            mapping=correspondance,
            run=run,
        )
    else:
        done = importing.import_server(settings, nom, edition=edition, run=run)
    output_survey.imported(done, json)


@app.command()
def scaffold(
    fichier: Annotated[Path, typer.Argument(help="Structure du questionnaire, exportée de LimeSurvey (.lss).")],
    nom: Annotated[
        str | None, typer.Option("--nom", help="Écrire data/register/enquetes/NOM.yml au lieu d'afficher.")
    ] = None,
    json: Json = False,
) -> None:
    """Préparer le livre de codes d'une enquête depuis sa structure .lss. Un livre existant n'est jamais écrasé."""
    from observatoire.commands import output_survey
    from observatoire.survey.intake.scaffold import draft

    output_survey.drafted(*draft(output.settings(), fichier, nom), json)


@app.command()
def purge(
    nom: Name,
    edition: Annotated[str, typer.Option("--edition", help="Édition à effacer.")],
    motif: Annotated[
        str, typer.Option("--motif", help="Raison de la purge, gardée au journal (sans nom de personne).")
    ],
    oui: Annotated[bool, typer.Option("--oui", help="Confirmer : les réponses sont effacées pour de bon.")] = False,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Effacer les réponses d'une édition : lignes, livraisons, octets. Une trace reste (date, motif, empreintes)."""
    from observatoire.commands import output_survey
    from observatoire.errors import UsageError
    from observatoire.state import writer_lock
    from observatoire.survey.intake.store import purge as purge_edition

    if not oui:
        raise UsageError(f"La purge de {nom} {edition} est définitive. Relancer avec --oui pour la confirmer.")
    settings, who = output.settings(), "commande survey purge"
    with writer_lock(settings, who, attendre):
        facts = purge_edition(settings, nom, edition, motif, who)
    output_survey.purged(facts, json)


survey_figures.add_to(app)
