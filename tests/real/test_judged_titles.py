"""Judgement of two real lists in which AI is rare: every text judged « oui » or « à examiner » is known and explained.

docs/accuracy.md says why each is there.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from observatoire.judgement.detection import judgement_query, lexicon_query
from observatoire.judgement.lexicon import load_lexicon
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT

OUI = {"12116140", "12148422", "13005599"}  # AI is said
EXAMINE = {
    "11362650", "11459387", "11589240", "11822717", "11995468", "12047324", "12174559", "12514754", "12668332",
    "14179447",  # early or automatic detection of fires, the means not said
    "12676850",  # a tool that forecasts floods, the method not said
}  # fmt: skip

CONTRACTS = """
select m.objet as cle, m.objet as texte
from (select unnest(marches) as m from read_json('{shared}/deliveries/decp-2019/*.json',
    columns = {{marches: 'STRUCT(objet VARCHAR)[]'}}, maximum_object_size = 100000000))
"""
GRANTS = """
select numero_dossier_ds as cle, nom_du_projet as texte
from read_csv('{shared}/deliveries/fonds-vert-2023/fonds-vert-2023-export.csv', delim = ';', header = true, all_varchar = true)
"""


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for macro in load_macros(ROOT / "sql"):
        if macro.name == "texte_normalise":
            con.execute(macro.statement)
    con.execute("create table lexique as " + lexicon_query(load_lexicon(ROOT / "data" / "register")))
    return con


def found(con: duckdb.DuckDBPyConnection, query: str, shared: Path) -> tuple[int, dict[str, set[str]]]:
    """How many texts were read, and the keys of each decision but « non »."""
    con.execute("create or replace table textes as " + query.format(shared=shared))
    lexicon = load_lexicon(ROOT / "data" / "register")
    rows = con.execute(
        "select decision, list(distinct cle) from "
        f"({judgement_query(lexicon, 'lexique', '(select distinct cle, texte from textes)', 'cle', 'texte')}) group by decision"
    ).fetchall()
    counted = con.execute("select count(*) from textes").fetchone()
    assert counted
    return counted[0], {decision: set(keys) for decision, keys in rows if decision != "non"}


def test_no_contract_of_2018_and_2019_is_taken_for_ai(con: duckdb.DuckDBPyConnection, shared: Path) -> None:
    count, judged = found(con, CONTRACTS, shared)
    assert count > 10_000 and judged == {}


def test_funded_projects_that_speak_of_ai_are_the_known_ones(con: duckdb.DuckDBPyConnection, shared: Path) -> None:
    count, judged = found(con, GRANTS, shared)
    assert count == 10_782
    assert judged == {"oui": OUI, "à examiner": EXAMINE}
