"""Reading what buyers type: every repair is certain, the rest is left empty with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        pending = load_macros(ROOT / "sql")
        for _ in range(4):  # a macro may call one of a later file
            failed = []
            for macro in pending:
                try:
                    made.execute(macro.statement)
                except duckdb.Error:
                    failed.append(macro)
            pending = failed
        yield made


def value(con: duckdb.DuckDBPyConnection, expression: str, *arguments: Any) -> Any:
    row = con.execute(f"select {expression}", list(arguments)).fetchone()
    assert row
    return row[0]


def luhn(digits: str) -> bool:
    total = 0
    for rank, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + rank % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


@pytest.mark.parametrize(
    ("siret", "good"),
    [
        ("21590328700013", True),
        ("21590328700014", False),
        ("35600000000048", True),  # La Poste, head office
        ("35600000049837", True),  # La Poste: digits sum to a multiple of 5, Luhn fails
        ("35600000049838", False),
        ("00000000000000", False),
        ("2159032870001", False),
        ("215903287000130", False),
        ("2159032870001A", False),
        ("-2159032870001", False),
        ("", False),
        (None, False),
    ],
)
def test_siret(con: duckdb.DuckDBPyConnection, siret: str | None, good: bool) -> None:
    assert value(con, "est_siret(?::varchar)", siret) is good


@given(number=st.integers(1, 10**14 - 1))
def test_siret_is_luhn_but_for_la_poste(con: duckdb.DuckDBPyConnection, number: int) -> None:
    text = f"{number:014d}"
    expected = luhn(text) or (text.startswith("356000000") and sum(map(int, text)) % 5 == 0)
    assert value(con, "est_siret(?)", text) is expected


@given(number=st.integers(1, 10**9 - 1))
def test_both_checks_of_a_siren_agree(con: duckdb.DuckDBPyConnection, number: int) -> None:
    text = f"{number:09d}"
    assert (value(con, "siren_certain(?)", text) == text) is value(con, "est_siren(?)", text) is luhn(text)


@pytest.mark.parametrize(
    ("text", "siren"),
    [
        ("21590328700013", "215903287"),
        ("215903287", "215903287"),
        ("21590328700014", None),
        ("215903288", None),
        ("#", None),
        (None, None),
    ],
)
def test_siren_of_a_field(con: duckdb.DuckDBPyConnection, text: str | None, siren: str | None) -> None:
    assert value(con, "siren_certain(identifiant_compact(?::varchar))", text) == siren


@pytest.mark.parametrize(
    ("text", "kept"),
    [(" 215 903 287 00013 ", "21590328700013"), ("\t21590328700013", "21590328700013"), ("CDL", None), ("  ", None)],
)
def test_spaces_in_identifiers(con: duckdb.DuckDBPyConnection, text: str, kept: str | None) -> None:
    assert value(con, "identifiant_compact(?)", text) == kept


@pytest.mark.parametrize(
    ("siren", "public"), [("215903287", True), ("130025265", True), ("552045999", False), (None, None)]
)
def test_only_a_public_body_has_a_public_siren(
    con: duckdb.DuckDBPyConnection, siren: str | None, public: bool | None
) -> None:
    assert value(con, "est_siren_public(?::varchar)", siren) is public


@pytest.mark.parametrize(
    ("text", "cpv", "reason"),
    [
        ("45320000-6", "45320000", None),
        ("45320000", "45320000", None),
        ("9132100", "09132100", "zéro initial remis"),
        ("3000000-1", "03000000", "zéro initial remis"),
        ("4532000", None, "illisible"),
        ("0", None, "illisible"),
        ("CDL", None, "absent"),
        (None, None, "absent"),
    ],
)
def test_cpv(con: duckdb.DuckDBPyConnection, text: str | None, cpv: str | None, reason: str | None) -> None:
    assert value(con, "cpv_huit(?::varchar)", text) == cpv
    assert value(con, "cpv_motif(?::varchar)", text) == reason


@pytest.mark.parametrize(
    ("text", "day", "reason"),
    [
        ("2018-12-17", "2018-12-17", None),
        ("2018-12-17+01:00", "2018-12-17", "fuseau ou heure retirés"),
        ("2018-12-17T10:00:00Z", "2018-12-17", "fuseau ou heure retirés"),
        ("0218-10-29", None, "illisible"),
        ("2018-02-30", None, "illisible"),
        ("17/12/2018", None, "illisible"),
        ("2018-12-17 ou 18", None, "illisible"),
        ("CDL", None, "absente"),
        (None, None, "absente"),
    ],
)
def test_dates(con: duckdb.DuckDBPyConnection, text: str | None, day: str | None, reason: str | None) -> None:
    assert value(con, "date_marche(?::varchar)::varchar", text) == day
    assert value(con, "date_motif(?::varchar)", text) == reason


@pytest.mark.parametrize(
    ("text", "nature", "reason"),
    [
        ("47600.87", "Marché", None),
        ("47600.87", "Accord-cadre", "plafond d'accord-cadre"),
        ("47600.87", "Marché subséquent", "marché subséquent"),
        ("47600.87", None, None),
        ("0", "Accord-cadre", "zéro"),
        ("1", "Marché", "symbolique"),
        ("-5", "Marché", "négatif"),
        ("999999999", "Marché", "sentinelle"),
        ("12311111111", "Marché", "sentinelle"),
        ("123456.78", "Marché", "sentinelle"),
        ("1.0e17", "Marché", "absurde"),
        ("6000000000", "Marché", "absurde"),
        ("NC", "Marché", "absent"),
        ("12 000 €", "Marché", "illisible"),
        (None, "Marché", "absent"),
    ],
)
def test_amounts(con: duckdb.DuckDBPyConnection, text: str | None, nature: str | None, reason: str | None) -> None:
    found = value(con, "montant_motif($1::varchar, montant_lu($1::varchar), $2::varchar, null::varchar)", text, nature)
    assert found == reason


def test_an_amount_in_french(con: duckdb.DuckDBPyConnection) -> None:
    assert str(value(con, "montant_francais(?)", "1\u00a0021\u202f667,50 €")) == "1021667.50"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Curage, voir jean.dupont@exemple.fr", "Curage, voir [adresse retirée]"),
        ("Travaux de l'Antenne Caf@Boulogne-sur-Mer", "Travaux de l'Antenne Caf@Boulogne-sur-Mer"),
        ("Appeler le 06 12 34 56 78.", "Appeler le [téléphone retiré]."),
        ("Appeler le +33 6.12.34.56.78", "Appeler le [téléphone retiré]"),
        ("Lot 2018-0012, 45 000 repas", "Lot 2018-0012, 45 000 repas"),
        (None, None),
    ],
)
def test_contacts_are_cut(con: duckdb.DuckDBPyConnection, text: str | None, kept: str | None) -> None:
    assert value(con, "sans_contact(?::varchar)", text) == kept
    assert value(con, "contact_retire(sans_contact(?::varchar))", text) is (text != kept)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('[{"modification":{"id":1}},{"modification":{"id":2}}]', ["1", "2"]),
        ('[{"id":1}]', ["1"]),
        ('{"modification":{"id":"3"}}', ["3"]),
        ('{"modification":[{"id":"3"},{"id":"4"}]}', ["3", "4"]),
        ("[]", []),
        ("pas du JSON", []),
    ],
)
def test_modifications_of_each_shape(con: duckdb.DuckDBPyConnection, text: str, ids: list[str]) -> None:
    read = "list_transform(modifications_lues(?::varchar), lambda m: json_extract_string(m, '$.id'))"
    assert value(con, read, text) == ids
