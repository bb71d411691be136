"""A process that has everything imported and forks a refresh at each line it reads: killing a run then costs little.

Each line is « DATA PROJECT »; the answer is the child's process id, then « fini » or « tué » when it ends.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

HEAVY = (
    "duckdb", "pandas", "pyarrow.parquet", "great_expectations", "great_expectations.expectations", "sqlglot.lineage",
    "observatoire.pipeline", "observatoire.build", "observatoire.release.write", "observatoire.release.vintages",
    "observatoire.figures.definitions", "observatoire.formats.csv", "observatoire.protocols.register",
)  # fmt: skip


def run(data: str, project: str) -> None:
    """A refresh in this process, as the command does it."""
    from observatoire import pipeline
    from observatoire.settings import Settings

    place = Path(project)
    pipeline.refresh(Settings(project=place, data=Path(data), register=place / "data" / "register"), who="essai")


def main() -> None:
    for name in HEAVY:
        importlib.import_module(name)
    from observatoire.settings import Settings
    from observatoire.warehouse.models import load_models

    load_models(Settings.from_env({}).sql, {}, {})  # the trees are then shared by every child
    print("prêt", flush=True)
    for line in sys.stdin:
        data, project = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run(data, project)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print("tué" if os.WIFSIGNALED(status) else f"fini {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
