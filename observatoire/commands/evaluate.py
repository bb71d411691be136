"""observatoire evaluate: how often the automatic judgements are right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observatoire import cli_output as output
from observatoire.cli_help import FrenchTyper, Json

app = FrenchTyper(help="Mesurer la qualité des jugements automatiques.")

Half = Annotated[
    str, typer.Option("--moitie", help="Moitié des textes étiquetés : apprentissage (où l'on règle) ou test.")
]
Draw = Annotated[
    int | None,
    typer.Option("--vague", min=1, help="Un seul tirage des textes ou des paires étiquetés (1, 2…) ; tous par défaut."),
]


@app.command()
def names(
    fonds_vert: Annotated[Path | None, typer.Option("--fonds-vert", help="Export du Fonds vert (CSV).")] = None,
    decp: Annotated[list[Path] | None, typer.Option("--decp", help="Fichier DECP 2019 (JSON), répétable.")] = None,
    json: Json = False,
) -> None:
    """Mesurer la reconnaissance des noms contre les SIREN que de vraies livraisons déclarent (référence complète)."""
    from observatoire.territories.measure import measure_names

    output.measures(measure_names(output.settings(), fonds_vert, decp or []), json)


@app.command()
def merges(moitie: Half = "apprentissage", vague: Draw = None, json: Json = False) -> None:
    """Mesurer les rapprochements proposés contre des paires étiquetées à la main (Fonds vert et PSTW pris avant)."""
    from observatoire.commands.output_evaluate import merges as show
    from observatoire.judgement.merges import measure_merges

    half = checked_half(moitie)
    with output.progress(json) as tell:
        measured = measure_merges(output.settings(), half, vague, tell)
    show(measured, json)


FondsVert = Annotated[
    Path | None,
    typer.Option("--fonds-vert", help="Export du Fonds vert (CSV), dont les textes ne sont pas gardés ici."),
]


@app.command()
def detection(
    moitie: Half = "apprentissage", fonds_vert: FondsVert = None, vague: Draw = None, json: Json = False
) -> None:
    """Mesurer « est-ce de l'IA » contre deux codages indépendants : précision, rappel, F1, confusions."""
    from observatoire.commands.output_judgement import detection as show
    from observatoire.judgement.evaluate import measure_detection

    show(measure_detection(output.settings(), checked_half(moitie), fonds_vert, vague), json)


@app.command()
def themes(
    moitie: Half = "apprentissage",
    fonds_vert: FondsVert = None,
    pstw: Annotated[
        Path | None,
        typer.Option("--pstw", help="Livraison de Public Sector Tech Watch (CSV ou XLSX), pour ses fonctions COFOG."),
    ] = None,
    vague: Draw = None,
    json: Json = False,
) -> None:
    """Mesurer thème, finalité environnementale, technique et statut contre deux codages indépendants."""
    from observatoire.commands.output_judgement import themes as show
    from observatoire.judgement.evaluate import measure_themes

    show(measure_themes(output.settings(), checked_half(moitie), fonds_vert, pstw, vague), json)


def checked_half(name: str) -> str:
    """The name of a half of the gold set. Raises UsageError for another one."""
    from observatoire.errors import UsageError

    if name not in ("apprentissage", "test"):
        raise UsageError(f"Moitié « {name} » inconnue. Donner --moitie apprentissage ou --moitie test.")
    return name
