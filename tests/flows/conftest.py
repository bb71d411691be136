"""What the tests of the flows share: a release to start from, and one Prefect server for the session.

Prefect is imported inside fixtures only: it costs seconds, and it reads its settings when imported.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from observatoire import pipeline
from observatoire.settings import Settings
from tests.conftest import copy_project

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLI_COLORS": "false",
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A project of its own whose first release is made, without Prefect. Never written to: tests work on copies."""
    settings = copy_project(tmp_path_factory.mktemp("publie"))
    pipeline.refresh(settings)
    return settings


@pytest.fixture
def room(built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the project and of its release, which the environment designates."""
    shutil.copytree(built.project, tmp_path / "projet")
    shutil.copytree(built.data, tmp_path / "data", symlinks=True)
    project = tmp_path / "projet"
    monkeypatch.setenv("OBSERVATOIRE_PROJECT_DIR", str(project))
    monkeypatch.setenv("OBSERVATOIRE_DATA_DIR", str(tmp_path / "data"))
    return replace(built, project=project, data=tmp_path / "data", register=project / "data" / "register")


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Prefect sends nothing, and keeps its files in a folder of the session."""
    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**QUIET, "PREFECT_HOME": str(home)}.items():
            patch.setenv(name, value)
        yield home


class Flows:
    """Runs the flows as Prefect does and reads what they leave."""

    def refresh(self, **options: Any) -> Any:
        from flows.forms import RefreshOptions
        from flows.refresh import refresh

        return refresh(RefreshOptions(**options), return_state=True)

    def ingest(self, **options: Any) -> Any:
        from flows.forms import IngestOptions
        from flows.ingest import ingest

        return ingest(IngestOptions(**options), return_state=True)

    def audit(self, **options: Any) -> Any:
        from flows.audit import audit
        from flows.forms import AuditOptions

        return audit(AuditOptions(**options), return_state=True)

    def artifact(self, key: str) -> Any:
        """The data of the last artifact of that key: a text, or the rows of a table."""
        import json

        from prefect.artifacts import Artifact

        found = Artifact.get(key=key)
        assert found is not None
        return json.loads(found.data) if found.type == "table" else found.data


@pytest.fixture(scope="session")
def server(quiet: Path) -> Iterator[None]:
    """One Prefect server for the session, where the limit of one writer exists."""
    from prefect.client.orchestration import get_client
    from prefect.testing.utilities import prefect_test_harness

    from flows.deploy import create_limit

    with prefect_test_harness(server_startup_timeout=120):
        with get_client(sync_client=True) as client:
            create_limit(client)
        yield


@pytest.fixture
def flows(server: None) -> Flows:
    """No run of another test holds the slot: this server, unlike a real one, never takes back the slot of a run whose
    word of its end was lost, and every test after it would wait for minutes."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    from flows.steps import WRITING

    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(WRITING, GlobalConcurrencyLimitUpdate(active_slots=0))
    return Flows()
