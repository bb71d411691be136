"""Settings, read from the environment when a command starts and passed along; never read at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from observatoire.errors import UsageError

PREFIX = "OBSERVATOIRE_"
# Files of the register that are read as they are, beside those that are sources.
REGISTER_INPUTS = ("vocabulaires.yml", "definitions.yml", "lexique_ia.yml", "lexique_themes.yml", "themes.yml")
CODEBOOKS = "enquetes/*.yml"


@dataclass(frozen=True)
class Settings:
    """Where things are and how much of the machine may be used.

    `project` is the checkout: sql/, data/register/ and the specs are read from it.
    `data` holds raw/, curated/, restricted/, state/ and work/.
    """

    project: Path
    data: Path
    register: Path
    mirror_url: str | None = None
    log_level: str = "INFO"
    threads: int | None = None
    memory_limit: str | None = None
    extra_sources: Path | None = None

    @property
    def raw(self) -> Path:
        return self.data / "raw"

    @property
    def curated(self) -> Path:
        return self.data / "curated"

    @property
    def state(self) -> Path:
        return self.data / "state"

    @property
    def work(self) -> Path:
        return self.data / "work"

    @property
    def sql(self) -> Path:
        return self.project / "sql"

    @property
    def warehouse(self) -> Path:
        return self.work / "warehouse.duckdb"

    def with_data(self, data: Path) -> Settings:
        """The same settings over another data folder."""
        return replace(self, data=data)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from OBSERVATOIRE_* variables.

        Raises UsageError when THREADS is not a positive whole number.
        """
        env = os.environ if environ is None else environ
        project = Path(env.get(PREFIX + "PROJECT_DIR") or default_project())
        data = Path(env.get(PREFIX + "DATA_DIR") or project / "data").absolute()
        threads = env.get(PREFIX + "THREADS") or None
        if threads is not None and not (threads.isdigit() and int(threads) > 0):
            raise UsageError(
                f"OBSERVATOIRE_THREADS = « {threads} » : un nombre entier positif est attendu. Corriger la variable."
            )
        extra = env.get(PREFIX + "SOURCES_DIR")
        return cls(
            project=project,
            data=data,
            register=Path(env.get(PREFIX + "REGISTER_DIR") or project / "data" / "register").absolute(),
            mirror_url=(env.get(PREFIX + "MIRROR_URL") or "").rstrip("/") or None,
            log_level=env.get(PREFIX + "LOG_LEVEL") or "INFO",
            threads=int(threads) if threads else None,
            memory_limit=env.get(PREFIX + "MEMORY_LIMIT") or None,
            extra_sources=Path(extra).absolute() if extra else None,
        )


def register_inputs(register: Path) -> list[str]:
    """Names of the files of the register that are read as they are: the fixed ones, then the codebooks of surveys."""
    return [*REGISTER_INPUTS, *sorted(path.relative_to(register).as_posix() for path in register.glob(CODEBOOKS))]


def default_project() -> Path:
    """The checkout this package runs from, or the current folder when it is installed elsewhere."""
    here = Path(__file__).resolve().parent.parent
    return here if (here / "sql").is_dir() else Path.cwd()
