"""What the tests of the intake share: settings over an empty project with the invented codebook."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from observatoire.settings import Settings
from tests.survey.intake.surveys import write_codebook


@pytest.fixture
def office(tmp_path: Path) -> Settings:
    """An empty project whose register holds the codebook « essai » alone."""
    settings = Settings(project=tmp_path, data=tmp_path / "data", register=tmp_path / "register")
    write_codebook(settings)
    return settings
