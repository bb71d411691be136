"""The whole of docs/operate.md in one test: server, deployment, worker, schedules, a run. All on loopback, all ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import requests

from observatoire.release.store import current_release
from observatoire.settings import Settings
from tests.helpers import CASES, edit_csv

ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], env: Mapping[str, str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its children, all ended on leaving."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=dict(env), cwd=folder, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
                try:
                    os.killpg(process.pid, number)
                    process.wait(patience)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue


T = TypeVar("T")


def until(probe: Callable[[], T], seconds: float, what: str, log: Path) -> T:
    """The first true answer of `probe`; fails with the end of the log when it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := probe():
            return answer
        time.sleep(0.5)
    pytest.fail(f"{what} did not come in {seconds:g} s\n{log.read_text()[-3000:]}")


class Api:
    """Prefect's REST API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def up(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def scheduled(self, deployment: str) -> list[datetime]:
        """When the schedules of a deployment will start runs, Paris time."""
        runs = self.post("flow_runs/filter", deployments={"id": {"any_": [deployment]}})
        starts = [run["expected_start_time"] for run in runs if run["auto_scheduled"]]
        return sorted(datetime.fromisoformat(start).astimezone(ZoneInfo("Europe/Paris")) for start in starts)


@pytest.mark.server
@pytest.mark.timeout(480)
def test_deploy_schedule_and_run(quiet: Path, room: Settings, tmp_path: Path) -> None:
    port = free_port()
    api = Api(f"http://127.0.0.1:{port}/api")
    env = {
        **os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": api.url,
        "OBSERVATOIRE_MIRROR_URL": f"http://127.0.0.1:{free_port()}",  # whatever runs, nothing is asked beyond loopback
    }  # fmt: skip
    logs = {name: tmp_path / f"{name}.log" for name in ("server", "deploy", "worker")}
    edit_csv(room.register / CASES, lambda rows: rows[0].update(titre="Un autre titre"))
    before = current_release(room)

    with ExitStack() as processes:
        start = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        processes.enter_context(running(start, env, tmp_path, logs["server"]))
        until(api.up, 120, "the server", logs["server"])

        for _ in range(2):  # what is there is brought up to date
            with running([sys.executable, "-m", "flows.deploy"], env, ROOT, logs["deploy"]) as deploy:
                assert deploy.wait(120) == 0, logs["deploy"].read_text()

        assert api.get("v2/concurrency_limits/observatoire-ecriture")["limit"] == 1
        deployments = {name: api.get(f"deployments/name/{name}") for name in
                       ("refresh/quotidien", "audit/hebdomadaire", "ingest/manuel")}  # fmt: skip
        for deployment in deployments.values():
            assert deployment["concurrency_limit"] == 1 or deployment["global_concurrency_limit"]["limit"] == 1
            assert deployment["work_pool_name"] == "observatoire"
            assert deployment["enforce_parameter_schema"]

        daily, weekly = (deployments[name]["id"] for name in ("refresh/quotidien", "audit/hebdomadaire"))
        mornings = until(lambda: api.scheduled(daily), 60, "a scheduled refresh", logs["server"])
        sundays = until(lambda: api.scheduled(weekly), 60, "a scheduled audit", logs["server"])
        assert {(at.hour, at.minute) for at in mornings} == {(6, 15)}
        assert {(at.weekday(), at.hour, at.minute) for at in sundays} == {(6, 4, 30)}
        assert api.scheduled(deployments["ingest/manuel"]["id"]) == []

        for deployment in deployments.values():  # no scheduled run comes due while the test looks on
            api.post(f"deployments/{deployment['id']}/pause_deployment")
        worker = [*PREFECT, "worker", "start", "--pool", "observatoire", "--name", "essai"]
        processes.enter_context(running(worker, env, tmp_path, logs["worker"]))
        run = api.post(f"deployments/{daily}/create_flow_run", parameters={"options": {"live": False}})["id"]

        def ended() -> Any:
            found = api.get(f"flow_runs/{run}")
            return found if found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

        state = until(ended, 180, "the end of the run", logs["worker"])["state"]
        after = current_release(room)
        assert state["type"] == "COMPLETED", logs["worker"].read_text()
        assert before and after and after.id != before.id
        assert state["message"] == f"Version {after.id} publiée."
        artifacts = api.post("artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
        assert {artifact["key"] for artifact in artifacts} == {"bilan", "changements", "controles", "fraicheur"}
