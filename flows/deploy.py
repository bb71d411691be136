"""`python -m flows.deploy`: the work pool, the limit that makes flows queue, and the deployments of prefect.yaml.

Can be run again at any time: what exists is brought up to date.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings

from flows.steps import WRITING

POOL = "observatoire"
ROOT = Path(__file__).resolve().parents[1]


def create_pool(client: SyncPrefectClient) -> None:
    """The work pool whose worker runs the flows as processes of its machine."""
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))


def create_limit(client: SyncPrefectClient) -> None:
    """The limit of one writer among all flows. Prefect only warns about a limit that does not exist: it must."""
    client.upsert_global_concurrency_limit_by_name(WRITING, 1)


def deploy() -> int:
    """Create what the deployments need, then deploy all of them. Returns the exit code of `prefect deploy`.

    2, with one line on the error output, when there is no server or it does not answer.
    """
    address = get_current_settings().api.url
    if not address:
        print(
            "Aucun serveur Prefect : définir PREFECT_API_URL (par exemple http://127.0.0.1:4200/api).", file=sys.stderr
        )
        return 2
    try:
        with get_client(sync_client=True) as client:
            create_pool(client)
            create_limit(client)
    except httpx.TransportError:
        print(
            f"Le serveur Prefect ne répond pas à {address} : le démarrer (« prefect server start --host 127.0.0.1 », voir "
            "docs/operate.md) ou corriger PREFECT_API_URL, puis relancer.",
            file=sys.stderr,
        )
        return 2
    # prefect.yaml names the checkout by this variable, so that no file of the project holds a path of a machine.
    environment = {**os.environ, "OBSERVATOIRE_ROOT": str(ROOT)}
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(deploy())
