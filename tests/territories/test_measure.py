"""`observatoire evaluate names`: what it says over a small reference, and what it answers when it cannot measure."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from observatoire.settings import Settings
from tests.territories.reference import build, workspace
from tests.territories.test_reference import whole
from tests.test_cli import run

FONDS_VERT = (
    "code_departement;nom_beneficiaire_principal;siren\n1;Mairie d'Ambérieu-en-Bugey;210100046\n1;SDIS DE L'AIN;280100017\n"
    "69;METROPOLE DE LYON;20004697700019\n1;CC de nulle part;200029999\n"
)
DECP = {
    "marches": [
        {"acheteur": {"id": "21010001200010", "nom": "ABERGEMENT CLEMENCIAT"},
         "lieuExecution": {"code": "01", "typeCode": "Code département"}}
    ]
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse that holds a small whole reference."""
    folder = tmp_path_factory.mktemp("mesure")
    settings = workspace(folder)
    whole(settings)
    with closing(
        build(
            settings,
            "core.noms_territoires",
            "core.perimetre",
            "staging.noms_zones",
            "staging.noms_mots",
            "core.noms_decisions",
        )
    ):
        pass
    (folder / "fv.csv").write_text(FONDS_VERT, encoding="utf-8")
    (folder / "decp.json").write_text(json.dumps(DECP), encoding="utf-8")
    (folder / "autre.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "autre.json").write_text('{"results": []}', encoding="utf-8")
    return settings


def given(settings: Settings, name: str) -> str:
    return str(settings.data.parent / name)


def test_the_measures_have_counts_and_intervals(settings: Settings) -> None:
    files = ("--fonds-vert", given(settings, "fv.csv"), "--decp", given(settings, "decp.json"))
    done = run(settings, "evaluate", "names", *files, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found = {(item["source"], item["type"]): item for item in json.loads(done.stdout)}
    commune = found["Fonds vert 2023", "commune"]
    assert (commune["expected"], commune["right"], commune["precision"]["valeur"]) == (1, 1, 1.0)
    low, high = commune["rappel"]["intervalle_95"]
    assert 0.2 < low < 0.21 and high == 1.0
    assert found["Fonds vert 2023", "collectivite_statut_particulier"]["right"] == 1
    assert (found["Fonds vert 2023", "epci"]["missed"], found["Fonds vert 2023", "hors référence"]["wrong"]) == (1, 0)
    assert found["DECP 2019", "commune"]["right"] == found["DECP 2019, sans indice", "commune"]["right"] == 1

    shown = run(settings, "evaluate", "names", *files).stdout
    assert "| Fonds vert 2023 | commune | 1 | 1 | 0 | 0 | 0 | 100,0 % [20,7 ; 100,0] |" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Aucune vérité à comparer. Donner --fonds-vert FICHIER"),
        (("--decp", "absent.json"), "absent.json » introuvable"),
        (("--fonds-vert", "autre.csv"), "ce n'est pas un export du Fonds vert. Donner le fichier tel que reçu."),
        (("--fonds-vert", "decp.json"), "ce n'est pas un export du Fonds vert"),
        (("--decp", "autre.json"), "aucun nom à comparer"),
        (("--decp", "fv.csv"), "ce n'est pas du DECP 2019 en JSON"),
    ],
)
def test_what_cannot_be_measured_is_one_line(settings: Settings, arguments: tuple[str, ...], says: str) -> None:
    files = [argument if argument.startswith("--") else given(settings, argument) for argument in arguments]
    done = run(settings, "evaluate", "names", *files)
    assert done.returncode == 2 and says in done.stderr
    assert done.stderr.strip().count("\n") == 0 and done.stdout == ""


def test_an_embedded_reference_is_not_measured(settings: Settings, tmp_path: Path) -> None:
    files = ("--fonds-vert", given(settings, "fv.csv"))
    bare = workspace(tmp_path)
    assert "L'entrepôt n'est pas construit" in run(bare, "evaluate", "names", *files).stderr
    with closing(build(bare, "staging.territoires_cites")):
        pass
    assert "L'entrepôt n'est pas construit" in run(bare, "evaluate", "names", *files).stderr
    with closing(build(bare, "core.perimetre")):
        pass
    assert "La référence territoriale est embarquée" in run(bare, "evaluate", "names", *files).stderr
