"""The flow of surveys, on the invented one: figures come out, answers stay."""

from __future__ import annotations

from typing import Any

import pytest

from observatoire.settings import Settings
from observatoire.survey.sampling.files import edition_folder
from observatoire.survey.sampling.plan import DrawOptions, draw_edition
from tests.survey.exemple import FOLDER, MINIMUM, SEED, SIZE, TAKE_ALL, example_frame


def run(**options: Any) -> Any:
    from flows.forms import SurveyOptions
    from flows.survey import survey

    return survey(SurveyOptions(**{"survey": "exemple", "edition": "2026", **options}), return_state=True)


def test_answers_go_in_and_only_figures_come_out(room: Settings, flows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVATOIRE_SURVEY_KEY", "cle-inventee-pour-le-tutoriel-0123456789")
    file = str(FOLDER / "reponses-2026.csv")
    missing = run(answers="fichier", file=file)
    assert missing.is_failed() and "plan probabiliste sans tirage" in missing.message
    draw_edition(room, "exemple", "2026", example_frame(), DrawOptions(SIZE, SEED, minimum=MINIMUM, take_all=TAKE_ALL))
    done = run(answers="fichier", file=file)
    assert done.is_completed(), done.message
    assert done.message.startswith("207 réponses reçues, 204 complètes") and "23 chiffres, 4 masqués" in done.message
    assert (edition_folder(room, "exemple", "2026") / "chiffres.csv").is_file()
    refused = run(answers="déjà importées", publish=True)
    assert refused.is_failed() and "DONNÉES FICTIVES" in refused.message
    assert "exemple" not in (room.register / "enquetes_chiffres.csv").read_text(encoding="utf-8")
