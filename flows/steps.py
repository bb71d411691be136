"""The tasks: each calls one step of observatoire.pipeline and ends in a state whose message is one French line.

An error of ours is a returned state, not a raised exception, so that what an analyst reads is the line and no traceback.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.tasks import Task

from observatoire import pipeline
from observatoire.errors import LockHeld, ObservatoireError
from observatoire.ingest import Ingested
from observatoire.review.cases import Put, add_cases, edit_case
from observatoire.settings import Settings

WRITING = "observatoire-ecriture"
RETRY_DELAYS = [300.0, 900.0]
SERVER_ANSWERS = 20.0  # seconds: giving up sooner would take a slow server for a taken slot


@contextmanager
def turn_to_write(minutes: float) -> Iterator[float]:
    """Hold the only slot of the limit shared by all flows; gives the seconds left to wait for the writer's lock.

    The limit makes flows queue among themselves wherever they run; the lock also keeps the command line out.
    Raises LockHeld when the slot is still taken after `minutes`, or when the limit was never created.
    """
    deadline = time.monotonic() + 60 * minutes
    with ExitStack() as stack:
        try:
            # A server that is away for a moment must not kill a build: the lock still protects the data.
            stack.enter_context(
                concurrency(
                    WRITING,
                    timeout_seconds=max(60 * minutes, SERVER_ANSWERS),
                    strict=True,
                    raise_on_lease_renewal_failure=False,
                )
            )
        except TimeoutError:
            raise LockHeld(
                f"Une autre exécution Prefect écrit encore après {minutes:g} min d'attente (limite « {WRITING} »). "
                "Attendre sa fin puis relancer, ou allonger l'attente."
            ) from None
        except ConcurrencySlotAcquisitionError:
            raise LockHeld(
                f"La limite de concurrence « {WRITING} » n'existe pas sur ce serveur. Lancer « python -m flows.deploy »."
            ) from None
        yield max(deadline - time.monotonic(), 0)


def who() -> str:
    """How the writer's lock names this run."""
    return f"exécution Prefect « {flow_run.name} »"


def ended(work: Callable[[], Any]) -> State[Any]:
    """What `work` returned as a completed state; an error of ours as a failed state with its French line."""
    try:
        return Completed(data=work())
    except ObservatoireError as error:
        return Failed(message=str(error), data=error)


def may_recover(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only a source that could not be reached is asked again: a refused delivery or a held lock will not change."""
    return isinstance(state.data, list) and any(item.outcome == "échec" for item in state.data)


def take_in(
    settings: Settings, source: str, file: str, vintage: str, date: str, back: bool, wait_minutes: float
) -> State[Any]:
    """Take in one source; the state carries its list of Ingested and fails when one of them is degraded."""

    def work() -> list[Ingested]:
        with turn_to_write(wait_minutes) as seconds:
            path = Path(file) if file else None
            return pipeline.ingest_one(settings, source, path, vintage or None, who(), seconds, date or None, back)

    state = ended(work)
    results: list[Ingested] = state.data if isinstance(state.data, list) else []
    lines = [item.message or item.source for item in results if item.degraded]
    return Failed(message=" ; ".join(lines), data=results) if lines else state


@task(
    name="Collecter",
    task_run_name="Collecter {source}",
    cache_policy=NO_CACHE,
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_jitter_factor=0.2,
    retry_condition_fn=may_recover,
)
def collect(settings: Settings, source: str, wait_minutes: float) -> State[Any]:
    """Ask a source over the network. The protocol repeats a broken exchange; the task, a source that is still down."""
    return take_in(settings, source, "", "", "", False, wait_minutes)


@task(name="Prendre le fichier", task_run_name="Prendre {source}", cache_policy=NO_CACHE)
def take_file(
    settings: Settings, source: str, file: str, vintage: str, date: str, back: bool, wait_minutes: float
) -> State[Any]:
    """Take in a file: the one given, or (empty) the source's own file of the register."""
    return take_in(settings, source, file, vintage, date, back, wait_minutes)


@task(name="Proposer la liste", task_run_name="Proposer {name}", cache_policy=NO_CACHE)
def propose_list(settings: Settings, name: str, file: str, date: str, wait_minutes: float) -> State[Any]:
    """Archive a list handed over as a file and propose its rows. Carries the list of Ingested and the Proposals."""

    def work() -> tuple[list[Ingested], Any]:
        with turn_to_write(wait_minutes) as seconds:
            path = Path(file) if file else None
            return pipeline.take_list(settings, name, path, who(), seconds, date or None)

    return ended(work)


@task(name="Écrire au registre", cache_policy=NO_CACHE)
def put_case(
    settings: Settings, key: str, fields: Mapping[str, str], author: str, reason: str, wait_minutes: float
) -> State[Any]:
    """Add a case to the register, or edit the one given, after its rules. Carries the Put."""

    def work() -> Put:
        with turn_to_write(wait_minutes) as seconds:
            if key:
                return edit_case(settings, key, fields, author, reason, who=who(), wait_seconds=seconds)
            return add_cases(settings, [fields], author, reason, who=who(), wait_seconds=seconds)

    return ended(work)


@task(name="Construire, contrôler, publier", cache_policy=NO_CACHE)
def publish(settings: Settings, registers: Sequence[str] | None, force: bool, wait_minutes: float) -> State[Any]:
    """Build, check and release after reading these register sources (None: take nothing in). Carries the Report."""
    tell = progress()

    def work() -> pipeline.Report:
        with turn_to_write(wait_minutes) as seconds:
            if registers is None:
                return pipeline.build_only(settings, force, who=who(), wait_seconds=seconds, tell=tell)
            return pipeline.refresh(
                settings, registers, live=False, force=force, who=who(), wait_seconds=seconds, tell=tell
            )

    return ended(work)


@task(name="Vérifier et reconstruire à part", cache_policy=NO_CACHE)
def rebuild_and_compare(settings: Settings, wait_minutes: float) -> State[Any]:
    """Verify the archive, rebuild the current release aside and compare. Carries the list of differences."""
    tell = progress()

    def work() -> list[str]:
        with turn_to_write(wait_minutes) as seconds:
            return pipeline.audit(settings, who=who(), wait_seconds=seconds, tell=tell)

    return ended(work)


def progress() -> pipeline.Tell:
    """Steps as lines of the run's log: the first of each stage for everyone, all of them at level DEBUG."""
    logger = get_run_logger()
    stages: set[str] = set()

    def tell(what: str, done: int, total: int) -> None:
        stage = what.split()[0]
        logger.log(logging.DEBUG if stage in stages else logging.INFO, "%s (%d/%d)", what, done, total)
        stages.add(stage)

    return tell


def collect_all(settings: Settings, sources: Sequence[str], wait_minutes: float) -> list[Ingested]:
    """Ask every source once, one after the other; then those that could not be reached, whose retries wait together.

    One source after the other with its retries would take hours when the whole network is down.
    """
    once = collect.with_options(retries=0)
    first = {name: once(settings, name, wait_minutes) for name in sources}
    results = {name: result_of(state) for name, state in first.items()}
    again = {
        name: collect.submit(settings, name, wait_minutes)
        for name, items in results.items()
        if any(item.outcome == "échec" for item in items)
    }
    for name, future in again.items():
        future.wait()
        results[name] = result_of(future.state)
    return [item for items in results.values() for item in items]


def result_of(state: State[Any]) -> Any:
    """What a task carries, degraded or not. Raises its error when it has nothing else to give."""
    outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
