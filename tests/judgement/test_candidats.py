"""Judged candidates: the tables that the lexicons make, decisions of analysts, effects, and how all is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from observatoire.commands import output_judgement
from observatoire.errors import UsageError
from observatoire.judgement.evaluate import measure_detection
from observatoire.judgement.models import judgement_models
from observatoire.settings import Settings
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT

COLUMNS = (
    "candidat_id", "source", "cle", "type_candidat", "acheteur", "siren", "territoire_indice", "objet", "cpv",
    "montant_nature", "statut_declare", "url", "licence", "date_precision",
)  # fmt: skip
TEXTS = {
    "a": ("decp", "Solution d'IA pour le tri : 15 % de refus en moins"),
    "b": ("decp", "Caméras de détection automatique des départs de feux"),
    "c": ("decp", "Télérelève des compteurs d'eau"),
    "d": ("decp", "Réfection de la toiture du gymnase"),
    "e": ("pstw", "A pilot: an AI tool is tested in the museum"),
    "f": ("decp", "Servizi per the museum: ai turisti"),
}
DECLARED = {"e": "termine", "c": "deploye"}  # what the source declares of two of them, in a column
SETTINGS = Settings(ROOT, ROOT / "data", ROOT / "data" / "register")


@pytest.fixture(scope="module")
def judged() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse reduced to what the judged tables read, with two decisions: one that stands, one that came too late."""
    with closing(duckdb.connect()) as con:
        con.execute("create schema core")
        for macro in load_macros(ROOT / "sql"):
            if macro.name in ("texte_normalise", "decision_fonde_usage", "decision_tient"):
                con.execute(macro.statement)
        con.execute(
            f"create table core.candidats_bruts ({', '.join(name + ' varchar' for name in COLUMNS)}, republiee boolean, "
            "montant decimal(18, 2), date date, _livraison varchar, _ligne bigint)"
        )
        con.executemany(
            "insert into core.candidats_bruts (candidat_id, source, cle, objet) values ($1, $2, $1, $3)",
            [[key, source, text] for key, (source, text) in TEXTS.items()],
        )
        con.executemany("update core.candidats_bruts set statut_declare = $2 where cle = $1", [*DECLARED.items()])
        con.execute(
            "create table core.contexte_europe (source varchar, cle_source varchar, fonction varchar, sous_fonction varchar)"
        )
        con.execute(
            "create table core.decisions_confrontees as select * from (values "
            "('d1', 'detection', 'decp|b', 'à examiner', 'oui', true), ('d2', 'detection', 'decp|a', 'non', 'non', true)) "
            "as v(decision_id, objet_type, objet, valeur_attendue, valeur, retenue)"
        )
        con.execute("create schema staging")
        con.execute(
            "create table staging.cas_usage as select 'v1' as id, 'Tri' as titre, null::varchar as description, "
            "'12 tonnes évitées, 5 % de refus en moins' as resume_preuve"
        )
        for model in judgement_models(SETTINGS):
            assert model.function
            con.execute(f"create table {model.name} as {model.function(None)}")
        for name in ("candidats_juges", "candidats"):
            con.execute(f"create table core.{name} as " + (ROOT / "sql" / "core" / f"{name}.sql").read_text("utf-8"))
        yield con


def one(con: duckdb.DuckDBPyConnection, key: str, columns: str) -> Any:
    return con.execute(f"select {columns} from core.candidats where candidat_id = $1", [key]).fetchone()


def test_each_text_is_judged_in_the_language_of_its_source(judged: duckdb.DuckDBPyConnection) -> None:
    found = dict(judged.execute("select candidat_id, decision from core.candidats_detection").fetchall())
    assert found == {"a": "oui", "b": "à examiner", "c": "non", "e": "oui"}


def test_what_is_not_ai_has_no_theme(judged: duckdb.DuckDBPyConnection) -> None:
    assert one(judged, "a", "theme, themes[1], finalite_environnementale") == ("dechets", "dechets", True)
    assert one(judged, "c", "theme, themes, technique") == (None, None, None)


def test_the_status_that_the_source_declares_wins_over_the_one_read_in_its_text(
    judged: duckdb.DuckDBPyConnection,
) -> None:
    columns = "statut, statut_declare, statut_texte"
    assert one(judged, "e", columns) == ("termine", "termine", "experimentation")
    assert one(judged, "a", columns) == ("inconnu", None, "inconnu")
    assert one(judged, "c", columns) == ("deploye", "deploye", None)


def test_a_decision_that_stands_wins_and_the_rules_word_is_kept(judged: duckdb.DuckDBPyConnection) -> None:
    assert one(judged, "b", "decision, decision_automatique, decisions") == ("oui", "à examiner", ["d1"])


def test_a_decision_whose_expected_value_is_gone_changes_nothing(judged: duckdb.DuckDBPyConnection) -> None:
    assert one(judged, "a", "decision, decisions") == ("oui", None)


def test_the_first_effect_a_text_declares_goes_with_it(judged: duckdb.DuckDBPyConnection) -> None:
    assert one(judged, "a", "effet_valeur, effet_unite, effet_extrait") == (Decimal(15), "%", "15 % de refus en moins")
    assert one(judged, "b", "effet_valeur, effet_unite, effet_extrait") == (None, None, None)


def test_the_effects_of_a_case_are_read_in_all_its_texts(judged: duckdb.DuckDBPyConnection) -> None:
    found = judged.execute("select cle, unnest(effets).extrait from core.registre_effets").fetchall()
    assert found == [("v1", "12 tonnes évitées"), ("v1", "5 % de refus en moins")]


def test_detection_on_the_half_where_rules_were_tuned(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure_detection(SETTINGS, "apprentissage")
    assert (found.precision.value or 0) >= 0.97 and (found.recall.value or 0) >= 0.95
    assert found.missing > 50 and found.f1 and found.f1[1] <= found.f1[0] <= found.f1[2]
    output_judgement.detection(found, json=False)
    assert "non évalués (donner --fonds-vert)" in capsys.readouterr().out


def test_texts_of_the_frozen_half_are_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure_detection(SETTINGS, "test")
    assert found.errors and (found.precision.value or 0) >= 0.9 and (found.recall.value or 0) >= 0.85
    output_judgement.detection(found, json=True)
    assert '"erreurs": []' in capsys.readouterr().out


def test_measuring_without_labelled_texts_is_one_line(project: Settings) -> None:
    with pytest.raises(UsageError, match="textes étiquetés"):
        measure_detection(project, "apprentissage")
