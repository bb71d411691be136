"""The sources and the lists that this project knows: the package's, those of OBSERVATOIRE_SOURCES_DIR and of the register."""

from __future__ import annotations

from observatoire.settings import Settings
from observatoire.sources.imports import RegisterImport, load_imports
from observatoire.sources.spec import Source, load_sources


def load_all_sources(settings: Settings) -> dict[str, Source]:
    """The package's sources and those of OBSERVATOIRE_SOURCES_DIR."""
    return load_sources(settings.extra_sources)


def load_lists(settings: Settings) -> dict[str, RegisterImport]:
    """The lists without an API that someone hands over as files (data/register/imports), by name."""
    from observatoire.review.proposals import REGISTER

    return load_imports(settings.register, load_all_sources(settings)[REGISTER].column_names)
