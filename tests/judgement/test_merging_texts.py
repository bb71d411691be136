"""Which texts the rules hold for one use: invented traces (DONNÉES FICTIVES) among the texts of the register."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import duckdb
import pytest

from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT

TABLES = ("traces_corpus", "traces_mots", "traces_noms", "traces_paires")
BATTERIES = "Détection de batteries dangereuses dans les camions de collecte"
SORTING = "Mesure des erreurs de tri dans les bacs des habitants"

# DONNÉES FICTIVES : key, source, of the register, authorities, theme, title, description, page.
TRACES: list[tuple[str, str, bool, list[str], str, str, str | None, str | None]] = [
    ("r1", "cas_usage", True, ["A"], "dechets", BATTERIES, "Après des incendies, des capteurs signalent les piles et batteries déposées dans les bennes.", "a.fr/x"),
    ("r2", "cas_usage", True, ["A"], "dechets", SORTING, "Une caméra placée sur la benne reconnaît les erreurs de tri et informe les habitants.", "a.fr/y"),
    ("e1", "pstw", False, ["A"], "dechets", "AI detects dangerous batteries in waste collection trucks", "After fires, sensors on the trucks report the batteries that residents drop in the bins.", None),
    ("f1", "fonds_vert", False, ["A"], "dechets", "Détection des batteries dangereuses dans les camions", None, None),
    ("f2", "fonds_vert", False, ["A"], "dechets", "Acquisition de camions de collecte au gaz", None, None),
    ("r3", "cas_usage", True, ["B"], "eau", "Repérage des fuites d'eau du réseau potable", "L'outil FuitoScan croise l'âge des canalisations et les sols pour repérer les tronçons fragiles.", "b.fr/x"),
    ("e2", "pstw", False, ["B", "C"], "eau", "FuitoScan: finding leaks in the drinking water network", "The tool crosses the age of pipes and soils to find the weak parts of the network.", None),
    ("e3", "pstw", False, ["C"], "eau", "FuitoScan: finding leaks in the drinking water network", "The tool crosses the age of pipes and soils to find the weak parts of the network.", "b.fr/x"),
    ("e4", "pstw", False, ["D"], "relation_usagers", "Chatbot for housing requests", "The chatbot answers questions of residents about housing day and night.", "d.fr/1"),
    ("e5", "pstw", False, ["D"], "relation_usagers", "Chatbot for housing questions", "The chatbot answers questions of residents about housing day and night.", "d.fr/2"),
    ("e20", "pstw", False, ["D"], "relation_usagers", "Chatbot for requests on housing", "The chatbot answers questions of residents about housing day and night.", "d.fr/3"),
    ("e40", "pstw", False, ["E"], "securite", "ZeCode against false news: Use case 2", "ZeCode helps journalists find false news on social media.", None),
    ("e60", "pstw", False, ["E"], "securite", "ZeCode against false news: Use case 3", "ZeCode helps journalists find false news on social media.", None),
    ("e120", "pstw", False, ["E"], "air_climat", "AIR: forecasting pollen", "The AIR tool forecasts pollen in the air.", None),
    ("e140", "pstw", False, ["E"], "air_climat", "A new version of Air", "Sensors measure what is in the air.", None),
    ("e80", "pstw", False, ["F"], "gestion_interne", "GPT@Nord: generative assistant for staff", "Staff draft and summarise documents with an assistant.", None),
    ("e99", "pstw", False, ["F"], "gestion_interne", "GPT@Sud: generative assistant for schools", "Teachers prepare lessons with an assistant, as staff do with GPT@Nord.", None),
    ("e160", "pstw", False, ["G"], "securite", "RiskoTool against repeat offences", "RiskoTool tells custody officers who may offend again within two years.", "g.fr/1"),
    ("e180", "pstw", False, ["H"], "securite", "RiskoTool, assessment of repeat offences", "Custody officers are told who may offend again within two years.", "h.fr/1"),
    ("e200", "pstw", False, ["H"], "mobilite", "Buses on demand", "Buses follow the calls of residents.", "h.fr/2"),
]  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as made:
        pending = load_macros(ROOT / "sql")
        for _ in range(len(pending)):  # a macro may call one defined later
            for macro in list(pending):
                with suppress(duckdb.CatalogException):
                    made.execute(macro.statement)
                    pending.remove(macro)
        made.execute("create schema raw; create schema staging; create schema core")
        register = ROOT / "data" / "register"
        for name in ("glossaire", "cas_usage"):
            made.execute(
                f"create table raw.{name} as select *, '' as _livraison, row_number() over () as _ligne "
                f"from read_csv('{register / name}.csv', all_varchar = true, header = true, delim = ',')"
            )
        made.execute("create table staging.glossaire as " + model("staging", "glossaire"))
        made.execute(
            "create table core.traces (cle varchar, source varchar, du_registre boolean, autorites varchar[], theme varchar, "
            "titre varchar, description varchar, page varchar)"
        )
        made.executemany("insert into core.traces values (?, ?, ?, ?, ?, ?, ?, ?)", TRACES)
        made.execute(
            "create or replace table core.traces as select cle as trace_id, source, cle, du_registre, autorites[1] as nom, "
            "autorites[1] as siren, autorites[1] as autorite, autorites, null::varchar as territoire, theme, "
            "null::varchar as technique, titre, description, page from core.traces"
        )
        made.execute("create table core.territoires (siren varchar, epci_siren varchar, millesime varchar)")
        made.execute("create table core.millesime_reference (millesime varchar)")
        made.execute(
            "create table core.contexte_europe as select 'c' || id as cas_id, collectivite as organisme, 'X' as pays, titre, "
            "description, 'europe' as perimetre from raw.cas_usage"
        )
        for name in TABLES:
            made.execute(f"create table core.{name} as " + model("core", name))
        yield made


def model(layer: str, name: str) -> str:
    return (ROOT / "sql" / layer / f"{name}.sql").read_text(encoding="utf-8")


def pair(con: duckdb.DuckDBPyConnection, a: str, b: str) -> tuple[Any, ...]:
    found = con.execute(
        "select proposition, reservee, motif from core.traces_paires where trace_a = ? and trace_b = ?", sorted((a, b))
    ).fetchone()
    assert found
    return found


def test_every_word_of_the_glossary_has_one_meaning(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select sens, _motifs from staging.glossaire where len(_motifs) > 0").fetchall() == []


def test_a_text_in_english_joins_the_same_use_told_in_french(con: duckdb.DuckDBPyConnection) -> None:
    proposal, reserved, reason = pair(con, "e1", "r1")
    assert (proposal, reserved) == ("meme_usage", False)
    assert "(deux langues)" in reason and "même thème" in reason


def test_two_objects_of_one_authority_and_theme_stay_two_in_both_languages(con: duckdb.DuckDBPyConnection) -> None:
    assert pair(con, "r1", "r2")[0] != "meme_usage"
    assert pair(con, "e1", "r2")[0] != "meme_usage"


def test_a_grant_joins_the_use_whose_text_says_its_title(con: duckdb.DuckDBPyConnection) -> None:
    assert pair(con, "f1", "r1")[0] == "meme_usage"
    assert pair(con, "f2", "r1")[0] == "a_examiner"


def test_a_body_in_a_group_needs_more_and_two_bodies_are_one_project_at_most(con: duckdb.DuckDBPyConnection) -> None:
    proposal, _, reason = pair(con, "e2", "r3")
    assert proposal == "meme_usage"
    assert "une collectivité et un groupe dont elle est" in reason and "nom « FuitoScan »" in reason
    assert pair(con, "e3", "r3")[0] == "a_examiner"


def test_a_source_that_writes_two_records_one_after_the_other_tells_them_apart(con: duckdb.DuckDBPyConnection) -> None:
    proposal, _, reason = pair(con, "e4", "e5")
    assert proposal == "a_examiner" and "inscrits à la suite" in reason
    assert pair(con, "e20", "e5")[0] == "meme_usage"


def test_cases_with_two_numbers_or_two_names_stay_two(con: duckdb.DuckDBPyConnection) -> None:
    proposal, _, reason = pair(con, "e40", "e60")
    assert proposal == "a_examiner" and "numéros de cas différents" in reason
    proposal, _, reason = pair(con, "e80", "e99")
    assert proposal == "a_examiner" and "deux noms dans les titres" in reason


def test_a_word_in_capitals_is_not_the_common_word(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select trace_id, nom from core.traces_noms where lower(cle) = 'air'").fetchall() == [
        ("e120", "AIR")
    ]


def test_a_rare_name_shows_the_pair_of_two_bodies_and_merges_nothing(con: duckdb.DuckDBPyConnection) -> None:
    proposal, _, reason = pair(con, "e160", "e180")
    assert proposal == "a_examiner" and "nom « RiskoTool » dans les deux titres" in reason
    assert con.execute("select count(*) from core.traces_paires where 'e160' in (trace_a, trace_b)").fetchone() == (1,)
