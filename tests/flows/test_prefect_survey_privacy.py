"""The key comes from a Secret block, and nothing of a respondent reaches Prefect: runs, logs, artifacts, results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from observatoire.settings import Settings
from tests.survey.intake.surveys import KEY, PERSON, RESPONSES, as_csv, clear_text, rows, write_codebook

SECRETS = (*PERSON.values(), "Bruit de Léa", "Prestataire Martin", "09:13:00", "jeton2", KEY.decode())


def run(**options: Any) -> Any:
    from flows.forms import SurveyOptions
    from flows.survey import survey

    return survey(SurveyOptions(survey="essai", edition="2026", answers="fichier", **options), return_state=True)


def prefect_database() -> Path:
    """The database of the session's server."""
    from prefect.settings import get_current_settings

    url = get_current_settings().server.database.connection_url
    assert url is not None
    return Path(url.get_secret_value().split("///")[1])


@pytest.mark.long
def test_nothing_of_a_respondent_reaches_prefect(room: Settings, flows: Any, quiet: Path, tmp_path: Path) -> None:
    from prefect.blocks.system import Secret

    write_codebook(room)
    export, refused = tmp_path / "export.csv", tmp_path / "refuse.csv"
    export.write_bytes(as_csv(RESPONSES))
    refused.write_bytes(as_csv([{**row, "Q99": PERSON["MAIL"]} for row in RESPONSES]))
    without = run(file=str(export))
    assert without.is_failed() and "OBSERVATOIRE_SURVEY_KEY n'est pas définie" in without.message
    Secret(value=KEY.decode()).save("observatoire-survey-key", overwrite=True)
    try:
        run(file=str(export))  # the estimation then says that the invented survey has no figure: not what is tested
        stopped = run(file=str(refused))
    finally:
        Secret.delete("observatoire-survey-key")
    assert len(rows(room)) == 21
    assert stopped.is_failed() and "semble nommer une personne" in stopped.message
    base = prefect_database()
    assert clear_text(base.parent, "essai"), "the search finds what is there"
    assert clear_text(base.parent, *SECRETS) == []
    assert clear_text(quiet, *SECRETS) == [] and clear_text(room.data, *SECRETS) == []
