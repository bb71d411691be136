"""Take in the answers of a survey, estimate its figures, and hand them to the register when asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import artifacts
from flows.conclusion import concluded, released
from flows.forms import SurveyOptions
from flows.secrets import secrets_of
from flows.steps import ended, publish, result_of, turn_to_write, who
from observatoire.clock import today
from observatoire.settings import Settings

if TYPE_CHECKING:
    from observatoire import pipeline

REGISTERS = ["historique", "enquetes_chiffres", "enquetes_evolutions"]


@flow(name="survey")
def survey(options: SurveyOptions) -> State[Any]:
    """Importer les réponses d'une enquête, estimer ses chiffres, et les publier si on le demande.

    Args:
        options: L'enquête, l'édition, d'où viennent les réponses, et ce qu'il faut faire ensuite.
    """
    return concluded(lambda settings: surveyed(settings, options))


def surveyed(settings: Settings, options: SurveyOptions) -> State[Any]:
    """One task for the answers, one for the figures, one for the changes if asked; then the release."""
    lines: list[str] = []
    if options.answers != "déjà importées":
        lines.append(result_of(take_answers(settings, options)))
    lines.append(result_of(estimate(settings, options)))
    if options.before:
        lines.append(result_of(compare(settings, options)))
    title = " ".join(lines)
    artifacts.show_ingested(lines, f"Enquête {options.survey} {options.edition}")
    if options.publish:
        report: pipeline.Report = result_of(publish(settings, REGISTERS, False, options.wait_minutes))
        return released(settings, report)
    return Completed(message=title)


@task(name="Importer les réponses", task_run_name="Importer {options.survey} {options.edition}", cache_policy=NO_CACHE)
def take_answers(settings: Settings, options: SurveyOptions) -> State[Any]:
    """Take in a file, or ask the form's server. Carries one French line with numbers, never an answer."""
    from observatoire.protocols import limesurvey
    from observatoire.survey.intake import importing
    from observatoire.survey.intake.privacy import KEY, survey_key

    def work() -> str:
        key = survey_key(secrets_of(KEY))
        with turn_to_write(options.wait_minutes) as seconds:
            run = importing.Run(who=who(), wait_seconds=seconds)
            if options.answers == "fichier":
                done = importing.import_file(
                    settings, options.survey, Path(options.file), edition=options.edition,
                    mapping=options.mapping or None, key=key, run=run,
                )  # fmt: skip
            else:
                account = limesurvey.account(secrets_of(limesurvey.USER, limesurvey.PASSWORD))
                done = importing.import_server(
                    settings, options.survey, edition=options.edition, key=key, account=account, run=run
                )
        return f"{done.received} réponses reçues, {done.complete} complètes, {done.kept} gardées."

    return ended(work)


@task(name="Estimer", task_run_name="Estimer {options.survey} {options.edition}", cache_policy=NO_CACHE)
def estimate(settings: Settings, options: SurveyOptions) -> State[Any]:
    """Estimate the edition, hide what must be; write the protected figures in the register when publishing is asked."""
    from observatoire.survey.production.edition import estimate_edition
    from observatoire.survey.production.publish import publish_figures

    def work() -> str:
        with turn_to_write(options.wait_minutes):
            done = estimate_edition(settings, options.survey, options.edition)
            if options.publish:
                publish_figures(settings, options.survey, options.edition, today())
        return f"{done.respondents} répondants, {len(done.rows)} chiffres, {len(done.hidden)} masqués."

    return ended(work)


@task(name="Comparer", task_run_name="Comparer {options.before} et {options.edition}", cache_policy=NO_CACHE)
def compare(settings: Settings, options: SurveyOptions) -> State[Any]:
    """Compare with an earlier edition, already estimated."""
    from observatoire.survey.production.compare import compare_editions
    from observatoire.survey.production.publish import publish_changes

    def work() -> str:
        with turn_to_write(options.wait_minutes):
            rows = compare_editions(settings, options.survey, options.before, options.edition)
            if options.publish:
                publish_changes(settings, options.survey, options.before, options.edition, rows, today())
        computed = sum(row["statut"] == "calculee" for row in rows)
        return f"{computed} évolutions calculées sur {len(rows)} depuis {options.before}."

    return ended(work)
