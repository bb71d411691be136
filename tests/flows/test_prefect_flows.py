"""The flows under Prefect: how they end, what they say in French, when they try again, how they wait for each other."""

from __future__ import annotations

import contextvars
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from observatoire import pipeline, standing
from observatoire.freshness import Stale
from observatoire.ingest import Ingested
from observatoire.release.store import current_release
from observatoire.settings import Settings
from observatoire.standing import source_rows
from observatoire.state import read_source_state, write_source_state, writer_lock
from tests.flows.conftest import Flows
from tests.helpers import CASES, edit_csv
from tests.servers import Answer, Server, html

ABSENT, REPLACED = "contours_regions", "populations"


def test_a_change_is_published_and_explained(flows: Flows, room: Settings) -> None:
    before = current_release(room)
    edit_csv(room.register / CASES, lambda rows: rows[0].update(titre="Un autre titre"))

    state = flows.refresh()

    after = current_release(room)
    assert before and after and after.id != before.id
    assert (state.type, state.name, state.message) == ("COMPLETED", "Completed", f"Version {after.id} publiée.")
    assert flows.artifact("bilan").startswith(f"# Version {after.id} publiée.\n\n## À faire")
    assert f"- Précédente : `{before.id}`" in flows.artifact("bilan")
    usages = next(row for row in flows.artifact("changements") if row["Table"] == "usages")
    assert usages == {"Table": "usages", "Lignes": usages["Lignes"], "Ajoutées": 0, "Retirées": 0, "Modifiées": 1}
    assert all(row["Que faire"] and row["Constat"] for row in flows.artifact("controles"))
    assert sorted(row["Source"] for row in flows.artifact("fraicheur")) == sorted(
        row["source"] for row in source_rows(room)
    )

    again = flows.refresh()

    assert again.message == f"Rien de neuf : la version {after.id} reste en service."


def test_a_degraded_source_shows_without_stopping_anything(
    flows: Flows, room: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that cannot be reached is asked again, spaced; a refused delivery is not; the rest is published."""
    from flows import steps

    monkeypatch.setattr(steps.collect, "retry_delay_seconds", 0)
    addresses = {name: online_address(room, name) for name in (ABSENT, REPLACED)}
    with Server() as server:
        monkeypatch.setenv("OBSERVATOIRE_MIRROR_URL", server.url)
        server.script(addresses[ABSENT], Answer(404))
        server.script(addresses[REPLACED], html())

        state = flows.refresh(sources=[ABSENT, REPLACED, "hotes"], live=True)

        assert len(server.requests(addresses[ABSENT])) == 2 + len(steps.RETRY_DELAYS)
        assert len(server.requests(addresses[REPLACED])) == 1
    release = current_release(room)
    assert release
    assert (state.type, state.name) == ("COMPLETED", "Dégradée")
    assert state.message == (
        f"Rien de neuf, la version {release.id} reste publiée, mais 2 sources dégradées : {ABSENT}, {REPLACED}."
    )
    assert state.data.result["exit_code"] == 3
    assert flows.artifact("bilan").count("**Source dégradée** depuis le ") == 2
    worst = flows.artifact("fraicheur")[:2]
    assert [row["Source"] for row in worst] == [ABSENT, REPLACED]
    assert all(row["État"].startswith("DÉGRADÉE") and row["Que faire"] for row in worst)


def test_what_there_is_to_look_at_in_a_delivery_that_was_taken_is_an_alert() -> None:
    from flows.artifacts import headline, summary

    taken = Ingested("decp_officiel", None, "nouvelle", "decp_officiel : condition élargie refusée.")
    report = pipeline.Report("2026-06-01-00000000", True, ingested=[taken])
    assert "\n- **Alerte.** decp_officiel : condition élargie refusée.\n" in summary(report)
    assert headline(report) == "Version 2026-06-01-00000000 publiée."


def test_a_stale_source_is_said_and_the_end_is_degraded(
    flows: Flows, room: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Stale("2026-01-01T00:00:00Z", "plus revue depuis le 2025-12-01, cadence mensuelle. Lancer ceci.")
    monkeypatch.setattr(standing, "staleness", lambda source, *_: stale if source.id == "hotes" else None)

    state = flows.refresh()

    release = current_release(room)
    assert release and (state.type, state.name) == ("COMPLETED", "Dégradée")
    assert state.message == f"Rien de neuf, la version {release.id} reste publiée, mais 1 source périmée : hotes."
    assert state.data.result["exit_code"] == 3
    assert f"- **Source périmée.** hotes : {stale.message}" in flows.artifact("bilan")
    first = flows.artifact("fraicheur")[0]
    assert (first["Source"], first["État"]) == ("hotes", "PÉRIMÉE depuis 2026-01-01T00:00:00Z")


def test_a_source_degraded_by_an_older_run_is_degraded_still(flows: Flows, room: Settings) -> None:
    state = read_source_state(room, ABSENT)
    write_source_state(room, state.failed(f"{ABSENT} : le serveur a répondu 503", "2026-11-20T08:00:00Z"))

    ended = flows.refresh()

    assert (ended.type, ended.name) == ("COMPLETED", "Dégradée")
    assert ended.message.endswith(f"mais 1 source dégradée : {ABSENT}.")
    assert f"- **Source dégradée** depuis le 2026-11-20 : {ABSENT} : le serveur" in flows.artifact("bilan")


def online_address(settings: Settings, name: str) -> str:
    protocol: Any = pipeline.load_all_sources(settings)[name].protocol
    (address,) = [protocol.url] if protocol.url else protocol.vintages.values()
    return str(address)


def test_only_the_task_that_uses_the_network_tries_again(quiet: object) -> None:
    from flows import audit, ingest, refresh, steps

    assert steps.collect.retries == 2
    others = (steps.take_file, steps.publish, steps.rebuild_and_compare)
    assert [other.retries for other in (*others, refresh.refresh, ingest.ingest, audit.audit)] == [0] * 6


def test_failed_checks_end_in_their_french_line(flows: Flows, room: Settings) -> None:
    before = current_release(room)
    spec = room.sql / "curated" / "chiffres_publies.yml"
    broken, found = re.subn(r'(code: CHP-05, rule: )"[^"]*"', r'\1"valeur is not null"', spec.read_text())
    assert found == 1
    spec.write_text(broken)

    state = flows.refresh()

    assert (state.type, state.name) == ("FAILED", "Failed")
    assert state.message.startswith("CHP-05 (chiffres_publies.terrain_fin, 84 lignes) : Le terrain finit avant")
    assert before and state.message.endswith(f"La version {before.id} reste en service.")
    assert flows.artifact("bilan") == "# Échec\n\n" + state.message.replace(" ; ", "  \n") + "\n"
    assert "Traceback" not in flows.artifact("bilan") and "\n" not in state.message
    assert current_release(room) == before


def test_a_fault_of_the_program_is_not_dressed_up(
    flows: Flows, room: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> pipeline.Report:
        raise KeyError("x")

    monkeypatch.setattr(pipeline, "refresh", broken)
    state = flows.refresh()
    assert state.type == "FAILED" and "KeyError" in state.message
    assert "Erreur inattendue du programme (KeyError)" in flows.artifact("bilan")


def test_a_wrong_choice_is_refused_in_french(flows: Flows, room: Settings) -> None:
    unknown = flows.refresh(sources=["inconnue"])
    assert unknown.type == "FAILED" and unknown.message.startswith("Source « inconnue » inconnue. Sources connues :")
    offline = flows.refresh(sources=[ABSENT])
    assert offline.type == "FAILED" and "Activer « Utiliser le réseau »" in offline.message


def test_a_file_is_taken_in_and_published(flows: Flows, room: Settings) -> None:
    same = flows.ingest(source="hotes", file=str(room.register / "hotes.csv"), publish=False)
    assert (same.type, same.message) == ("COMPLETED", "hotes : livraison inchangée.")
    published = flows.ingest(source="hotes")
    assert published.type == "COMPLETED" and published.message.startswith("Rien de neuf : la version")


def test_a_list_handed_over_is_proposed_and_the_register_stays(flows: Flows, room: Settings) -> None:
    before = (room.register / CASES).read_bytes()
    columns = pipeline.load_lists(room)["partenaire"].source.column_names
    header, wrong = room.data / "liste.csv", room.data / "autre.csv"
    header.write_text(";".join(columns) + "\n" + ";".join("?" for _ in columns) + "\n", encoding="utf-8")
    wrong.write_text("a;b\n1;2\n")

    state = flows.ingest(source="partenaire", file=str(header))

    assert (state.type, state.message) == ("COMPLETED", "partenaire : 0 ligne proposée au registre.")
    assert "# Liste partenaire\n\n- partenaire : 0 ligne" in flows.artifact("bilan")
    assert "\n- Ligne 2, colonne « " in flows.artifact("bilan")
    assert (room.register / CASES).read_bytes() == before
    refused = flows.ingest(source="partenaire", file=str(wrong))
    assert refused.type == "FAILED" and "absente" in refused.message
    missing = flows.ingest(source="partenaire")
    assert missing.type == "FAILED" and "--file" in missing.message


def test_a_refused_file_publishes_nothing(flows: Flows, room: Settings) -> None:
    wrong = room.data / "mauvais.csv"
    wrong.write_text("a,b\n1,2\n")
    state = flows.ingest(source="hotes", file=str(wrong))
    assert state.type == "FAILED"
    assert "Livraison refusée, la précédente" in state.message
    assert flows.artifact("bilan").startswith("# Livraison de hotes\n\n- hotes")
    assert not any(row["Que faire"] for row in flows.artifact("fraicheur")), "the source did nothing wrong"
    missing = flows.ingest(source="hotes", file=str(room.data / "absent.csv"))
    assert missing.type == "FAILED" and "introuvable" in missing.message


def test_an_audit_sees_a_changed_byte(flows: Flows, room: Settings) -> None:
    release = current_release(room)
    assert release
    with (release.path / "usages.parquet").open("ab") as handle:
        handle.write(b"x")
    state = flows.audit()
    assert state.type == "FAILED"
    assert state.message == f"1 différence : {release.id} : usages.parquet est abîmé ou manque."
    assert "usages.parquet" in flows.artifact("audit")


@pytest.mark.long
def test_an_audit_rebuilds_the_same_bytes(flows: Flows, room: Settings) -> None:
    state = flows.audit()
    assert state.type == "COMPLETED" and state.message.startswith("Conforme : ")


def test_a_flow_says_who_holds_the_lock_or_waits_for_it(flows: Flows, room: Settings) -> None:
    with ExitStack() as other:
        other.enter_context(writer_lock(room, "commande refresh"))
        refused = flows.refresh(wait_minutes=0)
        assert refused.type == "FAILED"
        assert refused.message.startswith("Une écriture est déjà en cours (commande refresh, processus")

        started = threading.Event()
        releaser = threading.Thread(target=lambda: (started.wait(60), time.sleep(1), other.close()))
        releaser.start()
        started.set()
        waited = flows.refresh(wait_minutes=2)
        releaser.join()
    assert waited.type == "COMPLETED"


def test_two_flows_at_once_write_one_after_the_other(
    flows: Flows, room: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit alone keeps them apart: the writer's lock is taken deeper than what is counted here."""
    real, inside, most = pipeline.refresh, threading.Semaphore(0), []

    def counted(*args: Any, **options: Any) -> pipeline.Report:
        inside.release()
        most.append(inside._value)
        try:
            time.sleep(0.5)
            return real(*args, **options)
        finally:
            inside.acquire()

    monkeypatch.setattr(pipeline, "refresh", counted)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(contextvars.copy_context().run, flows.refresh, wait_minutes=3) for _ in range(2)]
        states = [run.result(timeout=200) for run in runs]
    assert [state.type for state in states] == ["COMPLETED", "COMPLETED"]
    assert most == [1, 1]


def test_a_taken_limit_and_a_missing_one_are_said(
    flows: Flows, room: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.concurrency.sync import concurrency

    from flows import steps

    with monkeypatch.context() as patch:
        patch.setattr(steps, "SERVER_ANSWERS", 2.0)
        with concurrency(steps.WRITING, strict=True):
            taken = flows.refresh(wait_minutes=0)
    assert taken.type == "FAILED" and taken.message.startswith("Une autre exécution Prefect écrit encore")

    monkeypatch.setattr(steps, "WRITING", "absente")
    missing = flows.refresh(wait_minutes=1)
    assert missing.type == "FAILED"
    assert missing.message == (
        "La limite de concurrence « absente » n'existe pas sur ce serveur. Lancer « python -m flows.deploy »."
    )
