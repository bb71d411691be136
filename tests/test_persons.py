"""What names a person is told by one rule, whichever engine reads the text."""

from __future__ import annotations

import duckdb
import pytest

from observatoire.persons import EMAIL, NAME, TELEPHONE, contact_in
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT

# A text and what is left of it.
NAMED = {
    "Voir jean.dupont@exemple.fr": "Voir [adresse retirée]",
    "Voir josé@exemple.fr, svp": "Voir [adresse retirée], svp",
    "Appeler le 06 12 34 56 78.": "Appeler le [téléphone retiré].",
    "Tél.0612345678": "Tél.[téléphone retiré]",
    "+33 (0)6.11.22.33.44": "[téléphone retiré]",
    "Au +33 6 11 22 33 44, le matin": "Au [téléphone retiré], le matin",
    "0033 6 11 22 33 44": "[téléphone retiré]",
    "A pilot; contact: John Smith (City)": "A pilot; contact: [nom retiré] (City)",
    "Contact person: Dr. Anne O'Neill": "Contact person: [nom retiré]",
    "Auteur : Zoé Le Goff-Martin, 2024": "Auteur : [nom retiré], 2024",
}
NOBODY = [
    "Travaux de l'Antenne Caf@Boulogne-sur-Mer",
    "Lot 2018-0012, 45 000 repas",
    "210000001 ; 1234567890123 ; 2026-01-02 ; 0,0612345678",
    "https://exemple.fr/article/2017/07/21/113858/40",
    "Contact : par le site de la ville",
    "Citizens contact Irish Revenue Services",
    "",
]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for macro in load_macros(ROOT / "sql"):
        if macro.name in ("sans_adresse_ni_telephone", "sans_contact", "contact_retire", "recu_sans_contact"):
            con.execute(macro.statement)
    return con


def value(con: duckdb.DuckDBPyConnection, expression: str, text: str) -> object:
    row = con.execute(f"select {expression}", [text]).fetchone()
    assert row
    return row[0]


@pytest.mark.parametrize(("text", "left"), [*NAMED.items(), *((text, text) for text in NOBODY)])
def test_both_engines_find_the_same(con: duckdb.DuckDBPyConnection, text: str, left: str) -> None:
    assert value(con, "sans_contact(?)", text) == left
    assert value(con, "contact_retire(sans_contact(?))", text) is (contact_in(text) is not None)
    assert (contact_in(text) is not None) is (text in NAMED) and contact_in(left) is None


@pytest.mark.parametrize("pattern", [EMAIL, TELEPHONE, NAME])
def test_the_macro_holds_the_patterns_of_python(pattern: str) -> None:
    macros = (ROOT / "sql" / "macros" / "personnes.sql").read_text(encoding="utf-8")
    assert f"'{pattern.replace(chr(39), chr(39) * 2)}'" in macros


def test_a_record_keeps_its_keys_and_addresses(con: duckdb.DuckDBPyConnection) -> None:
    for kept in ("0612345678", "https://exemple.fr/0612345678"):
        assert value(con, "recu_sans_contact(?)", kept) == kept
    assert value(con, "recu_sans_contact(?)", "au 0612345678") == "au [téléphone retiré]"
    assert value(con, "recu_sans_contact(?)", "a@exemple.fr") == "[adresse retirée]"
