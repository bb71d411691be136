"""The `observatoire` command. French for people, --json for programs; exit codes 0, 1, 2, 3 (released but degraded)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from observatoire import cli_output as output
from observatoire.cli_help import FrenchTyper, Json, Wait
from observatoire.cli_usage import in_french
from observatoire.commands import evaluate as evaluate_commands
from observatoire.commands import register as register_commands
from observatoire.commands import review as review_commands
from observatoire.commands import survey as survey_commands
from observatoire.errors import ObservatoireError, UsageError

app = FrenchTyper(
    "Données de l'observatoire de l'IA dans les territoires : collecter, construire, contrôler, publier, interroger.",
    "observatoire",
)

app.add_typer(evaluate_commands.app, name="evaluate")
app.add_typer(register_commands.app, name="register")
app.add_typer(review_commands.app, name="review")
app.add_typer(survey_commands.app, name="survey")


@app.command()
def refresh(
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Ne collecter que cette source (répétable).")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Utiliser le réseau pour collecter.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Tout reconstruire depuis l'archive.")] = False,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Collecter, construire, contrôler et publier une version. Sans rien de neuf, la version en service reste."""
    from observatoire import pipeline

    settings = output.settings()
    with output.progress(json) as tell:
        report = pipeline.refresh(settings, source or [], live, force, "commande refresh", attendre, tell)
    output.report(report, json)
    raise typer.Exit(report.exit_code)


@app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="Identifiant de la source (voir « observatoire sources »).")],
    file: Annotated[Path | None, typer.Option("--file", help="Fichier à prendre à la place de l'adresse.")] = None,
    millesime: Annotated[str | None, typer.Option("--millesime", help="Seulement ce millésime de la source.")] = None,
    date: Annotated[
        str | None, typer.Option("--date", help="Date du fichier (AAAA-MM-JJ), quand son nom ne la dit pas.")
    ] = None,
    revenir: Annotated[
        bool, typer.Option("--revenir", help="Prendre le fichier même s'il est plus ancien que la livraison utilisée.")
    ] = False,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Prendre la livraison d'une source, de son adresse ou d'un fichier, sans rien publier.

    Une liste remise par fichier (data/register/imports) donne des lignes proposées au registre, qui n'est pas modifié.
    """
    from observatoire import pipeline

    settings = output.settings()
    if source in pipeline.load_lists(settings):
        results, proposals = pipeline.take_list(settings, source, file, "commande ingest", attendre, date)
        output.proposed(results, proposals, json)
    else:
        results = pipeline.ingest_one(settings, source, file, millesime, "commande ingest", attendre, date, revenir)
        output.ingested(results, json)
    raise typer.Exit(1 if all(result.degraded for result in results) else 3 if any(r.degraded for r in results) else 0)


@app.command()
def build(
    force: Annotated[bool, typer.Option("--force", help="Tout reconstruire depuis l'archive.")] = False,
    attendre: Wait = 0.0,
    json: Json = False,
) -> None:
    """Construire, contrôler et publier ce que l'archive contient déjà, sans rien collecter."""
    from observatoire import pipeline

    settings = output.settings()
    with output.progress(json) as tell:
        report = pipeline.build_only(settings, force, "commande build", attendre, tell)
    output.report(report, json)
    raise typer.Exit(report.exit_code)


@app.command()
def audit(json: Json = False, attendre: Wait = 0.0) -> None:
    """Vérifier l'archive et reconstruire à part la version en service, octet pour octet."""
    from observatoire import pipeline

    settings = output.settings()
    with output.progress(json) as tell:
        found = pipeline.audit(settings, "commande audit", attendre, tell)
    output.audit(found, json)
    raise typer.Exit(1 if found else 0)


@app.command()
def sources(json: Json = False) -> None:
    """Montrer chaque source : ce qui est utilisé, depuis quand elle est dégradée et pourquoi."""
    from observatoire.standing import source_rows

    output.sources(source_rows(output.settings()), json)


@app.command()
def releases(json: Json = False) -> None:
    """Montrer les versions publiées, la plus récente d'abord."""
    from observatoire.standing import release_rows

    output.releases(release_rows(output.settings()), json)


@app.command()
def diff(
    avant: Annotated[str, typer.Argument(help="Version de départ (ou le début de son nom).")],
    apres: Annotated[str, typer.Argument(help="Version d'arrivée.")] = "current",
    json: Json = False,
) -> None:
    """Montrer ce qui a changé entre deux versions, ligne par ligne et cellule par cellule."""
    from observatoire.cli_release import diff as show
    from observatoire.release.diff import diff_releases
    from observatoire.release.store import find_release

    settings = output.settings()
    show(diff_releases(find_release(settings, avant), find_release(settings, apres)), json)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="Requête SQL (DuckDB) sur les tables publiées.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Telles que connues à cette date (AAAA-MM-JJ).")] = None,
    version: Annotated[str, typer.Option("--version", help="Version à interroger.")] = "current",
    json: Json = False,
) -> None:
    """Interroger les tables publiées."""
    from observatoire.cli_release import answer as show
    from observatoire.release.query import ask
    from observatoire.release.store import find_release

    settings = output.settings()
    show(ask(settings, find_release(settings, version), sql, as_of), json)


@app.command()
def trace(
    identifiant: Annotated[
        str,
        typer.Argument(
            help="indicateur_id, usage_id, clé du registre, preuve_id, chiffre_id, clé d'un candidat ou décision."
        ),
    ],
    version: Annotated[str, typer.Option("--version", help="Version à interroger.")] = "current",
    json: Json = False,
) -> None:
    """Remonter d'un chiffre, d'un usage, d'un candidat ou d'une décision aux octets dont il vient."""
    from observatoire.cli_trace import trace as show
    from observatoire.pipeline import load_all_sources
    from observatoire.release.store import find_release
    from observatoire.trace import trace as follow
    from observatoire.vocabularies import load_vocabularies

    settings = output.settings()
    found = follow(settings, find_release(settings, version), identifiant, load_all_sources(settings))
    show(found, json, load_vocabularies(settings.register)["absence"])


@app.command()
def doctor(json: Json = False) -> None:
    """Dire ce qui manque à cette machine, et comment l'obtenir."""
    from observatoire.doctor import examine

    findings = examine(output.settings())
    output.findings(findings, json)
    raise typer.Exit(0 if all(finding.ok for finding in findings if finding.needed) else 1)


def main() -> None:
    """Entry point: an error of ours is one French line and its exit code; anything else is a fault of the program."""
    try:
        sys.exit(app(prog_name="observatoire", standalone_mode=False))
    except ObservatoireError as error:
        output.failure(error)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(1)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            sys.exit(UsageError.exit_code)
        refused = in_french(error)
        output.failure(refused)
        sys.exit(refused.exit_code)
    except KeyboardInterrupt:
        print("Interrompu. La version en service n'a pas changé.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
