"""observatoire survey, what goes out: draw, reminders, weights, estimate, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from observatoire import cli_output as output
from observatoire.cli_help import Json
from observatoire.clock import today

if TYPE_CHECKING:
    from observatoire.settings import Settings
    from observatoire.survey.sampling.frame import Frame

Name = Annotated[str, typer.Argument(help="Nom de l'enquête : data/register/enquetes/NOM.yml.")]
Edition = Annotated[str, typer.Argument(help="Édition, comme dans le livre de codes.")]
FrameFile = Annotated[
    Path | None,
    typer.Option("--cadre", help="Cadre (CSV : siren, nom, strate, type) à la place de la version en service."),
]
Vintage = Annotated[
    str | None, typer.Option("--millesime", help="Millésime du cadre ; par défaut le plus récent de la version.")
]
Publish = Annotated[
    bool, typer.Option("--publier", help="Écrire les chiffres protégés dans data/register et son historique.")
]


def draw(
    nom: Name,
    edition: Edition,
    taille: Annotated[int, typer.Option("--taille", help="Nombre de collectivités à tirer.", min=1)],
    graine: Annotated[str, typer.Option("--graine", help="Graine du tirage, à garder d'une édition à l'autre.")],
    allocation: Annotated[
        Literal["proportionnelle", "neyman"], typer.Option("--allocation", help="Répartition entre les strates.")
    ] = "proportionnelle",
    ecart: Annotated[
        list[str] | None,
        typer.Option("--ecart", help="STRATE=ÉCART-TYPE, pour l'allocation de Neyman (répétable)."),
    ] = None,
    minimum: Annotated[int, typer.Option("--minimum", help="Nombre minimal par strate.", min=1)] = 2,
    exhaustive: Annotated[
        list[str] | None, typer.Option("--exhaustive", help="Strate prise en entier (répétable).")
    ] = None,
    strate: Annotated[
        list[str] | None, typer.Option("--strate", help="Strate du champ (répétable) ; toutes par défaut.")
    ] = None,
    panel: Annotated[str | None, typer.Option("--panel", help="Édition dont une partie est gardée.")] = None,
    recouvrement: Annotated[
        float, typer.Option("--recouvrement", help="Part du panel gardée, entre 0 et 1.", min=0, max=1)
    ] = 0.75,
    cadre: FrameFile = None,
    millesime: Vintage = None,
    json: Json = False,
) -> None:
    """Tirer l'échantillon d'une édition : cadre, allocation, probabilités, panel, liste pour l'outil d'enquête.

    Le tirage se répète à l'identique avec la même graine et le même cadre. Il n'est jamais écrasé.
    """
    from observatoire.commands import output_survey_figures as shown
    from observatoire.survey.sampling.plan import DrawOptions, draw_edition

    settings = output.settings()
    options = DrawOptions(
        taille, graine, allocation, minimum, tuple(exhaustive or ()), shown.spreads(ecart or []), panel,
        recouvrement if panel else 1.0,
    )  # fmt: skip
    frame = _frame(settings, cadre, millesime)
    shown.drawn(draw_edition(settings, nom, edition, frame.only(strate or []), options), nom, edition, json)


def reminders(nom: Name, edition: Edition, json: Json = False) -> None:
    """Lister les collectivités tirées qui n'ont pas encore donné de réponse complète."""
    from observatoire.commands import output_survey_figures as shown
    from observatoire.survey.sampling.files import REMINDERS, edition_folder, read_draw, write_reminders

    folder = edition_folder(output.settings(), nom, edition)
    waiting, drawn = write_reminders(folder, read_draw(folder))
    shown.reminded(nom, edition, waiting, drawn, folder / REMINDERS, json)


def weights(nom: Name, edition: Edition, cadre: FrameFile = None, json: Json = False) -> None:
    """Calculer les poids d'une édition : tirage, non-réponse, calage sur les marges du livre de codes."""
    from observatoire.commands import output_survey_figures as shown
    from observatoire.survey.production.edition import weigh_edition

    shown.weighted(weigh_edition(output.settings(), nom, edition, _optional_frame(cadre)), json)


def estimate(
    nom: Name,
    edition: Edition,
    cadre: FrameFile = None,
    masquer: Annotated[
        Literal["auto", "aucun"],
        typer.Option("--masquer", help="auto : masquer ce qu'il faut ; aucun : refuser si un chiffre se recalcule."),
    ] = "auto",
    publier: Publish = False,
    json: Json = False,
) -> None:
    """Estimer une édition : chiffres, intervalles, secret statistique. Les réponses restent dans data/restricted.

    Avec --publier, les chiffres protégés vont dans data/register/enquetes_chiffres.csv : les relire, puis « refresh ».
    """
    from observatoire.commands import output_survey_figures as shown
    from observatoire.survey.production.edition import estimate_edition
    from observatoire.survey.production.publish import publish_figures

    settings = output.settings()
    done = estimate_edition(settings, nom, edition, _optional_frame(cadre), suppress=masquer == "auto")
    count = publish_figures(settings, nom, edition, today()) if publier else 0
    shown.estimated(done, count, json)


def compare(
    nom: Name,
    avant: Annotated[str, typer.Argument(help="Édition de départ.")],
    apres: Annotated[str, typer.Argument(help="Édition d'arrivée.")],
    cadre: FrameFile = None,
    publier: Publish = False,
    json: Json = False,
) -> None:
    """Comparer deux éditions déjà estimées ; l'évolution est refusée quand la base ou la définition change."""
    from observatoire.commands import output_survey_figures as shown
    from observatoire.survey.production.compare import compare_editions
    from observatoire.survey.production.publish import publish_changes

    settings = output.settings()
    rows = compare_editions(settings, nom, avant, apres, _optional_frame(cadre))
    count = publish_changes(settings, nom, avant, apres, rows, today()) if publier else 0
    shown.compared(rows, count, json)


def add_to(app: typer.Typer) -> None:
    """Add these commands to `observatoire survey`."""
    for command in (draw, reminders, weights, estimate, compare):
        app.command()(command)


def _frame(settings: Settings, path: Path | None, vintage: str | None) -> Frame:
    from observatoire.survey.sampling.frame import frame_of_file, frame_of_release

    if path is None:
        return frame_of_release(settings, vintage=vintage)
    return frame_of_file(path, vintage or "")


def _optional_frame(path: Path | None) -> Frame | None:
    from observatoire.survey.sampling.frame import frame_of_file

    return frame_of_file(path, "") if path else None
