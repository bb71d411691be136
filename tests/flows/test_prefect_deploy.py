"""`python -m flows.deploy` when no server answers: one French line, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.flows.test_prefect_server import free_port


def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}/api"
    done = subprocess.run(
        [sys.executable, "-m", "flows.deploy"],
        env={**os.environ, "PREFECT_API_URL": address, "PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Le serveur Prefect ne répond pas à {address} : le démarrer")
    assert done.stderr.count("\n") == 1 and "docs/operate.md" in done.stderr
