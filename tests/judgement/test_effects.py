"""Declared effects: what is one, its value in its canonical unit, and all that looks like one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.judgement.effects import UNITS, effects_query
from observatoire.sql_text import literal
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT

CON = duckdb.connect()
for macro in load_macros(ROOT / "sql"):
    if macro.name == "texte_normalise":
        CON.execute(macro.statement)


Effects = list[tuple[Decimal, str, str]]


def effects(*texts: str) -> list[Effects]:
    """The effects of each text, in order: value, unit, clause."""
    CON.execute(
        "create or replace temp table lus as select unnest(range(len($1::varchar[]))) as cle, unnest($1::varchar[]) as texte",
        [list(texts)],
    )
    found: dict[int, list[dict[str, Any]]] = dict(CON.execute(effects_query("select cle, texte from lus")).fetchall())
    return [
        [(item["valeur"], item["unite"], item["extrait"]) for item in found.get(place, [])]
        for place in range(len(texts))
    ]


STATED = [
    ("L'outil aurait réduit de 15 % la consommation", "15", "%"),
    ("23 % de réduction", "23", "%"),
    ("une baisse de 30\u202f% des consommations", "30", "%"),
    ("kilomètres en baisse de 30 pour cent", "30", "%"),
    ("15 % de refus en moins", "15", "%"),
    ("15 % de refus en moins depuis un an", "15", "%"),
    ("20 % économisés", "20", "%"),
    ("environ 10 % d'économie", "10", "%"),
    ("12,7 % de gain", "12.7", "%"),
    ("-40% de fuites", "40", "%"),
    ("Le gaspillage alimentaire : -23 %", "23", "%"),
    ("Réduction des émissions de CO2 de 12 %", "12", "%"),
    ("Une baisse de 12 points du taux de refus", "12", "point"),
    ("110 000 m3 évités par an", "110000", "m3"),
    ("110\u202f000\u00a0m³ évités", "110000", "m3"),
    ("1,2 million de m3 économisés", "1200000", "m3"),
    ("Les pertes ont diminué de 1 250 mètres cubes par jour", "1250", "m3"),
    ("économise 1 200,5 kWh par an", "1200.5", "kWh"),
    ("économie de 2,5 MWh", "2500", "kWh"),
    ("231 tonnes de biodéchets évitées", "231", "t"),
    ("3 500 kg de déchets en moins", "3.5", "t"),
    ("450 tonnes de CO2 évitées", "450", "t CO2"),
    ("réduction de 2.500 tonnes de CO2 par an", "2500", "t CO2"),
    ("une réduction de 3 000 km parcourus", "3000", "km"),
    ("5,5 degrés gagnés sur la place pour moins de 40 000 euros", "5.5", "°C"),
    ("gain de temps de 25 heures par mois", "25", "heure"),
    ("2,8 M€ d'économies par an", "2800000", "EUR"),
    ("économies de 1,2 million d'euros", "1200000", "EUR"),
    ("reduces train downtime by 45% in the region", "45", "%"),
    ("the network saved 1,200 kWh of energy in the year", "1200", "kWh"),
]
OTHERS = [
    "98 % de précision",
    "98 % du territoire couvert",
    "un marché de 97 500 euros",
    "Marché de 2,8 M€ pour la réduction des déchets",
    "réduction du bruit pour 40 000 euros",
    "vise 10 % d'économies",
    "40 tonnes de papier évitées visées la première année",
    "visant 10 % d'économies",
    "les capteurs couvrent 90 % des rues et donnent l'alerte en moins d'une heure",
    "les capteurs couvrent 90 % des rues et donnent l'alerte en moins de deux heures",
    "avec un objectif de baisse de 30 %",
    "baisse de 30 % jusqu'en 2026",
    "moins de 3 % de réduction",
    "de 10 à 15 % d'économies",
    "réduit à 12 % le taux de refus",
    "fréquentation en hausse de 20 %",
    "125 collèges et 16 % de capteurs en panne",
    "baisse de 12 tournées",
    "10 million euros in additional tax",
    "the solution should reduce the consumption, a goal of 30% saved",
    "",
]


@pytest.fixture(scope="module")
def declared() -> dict[str, Effects]:
    """The effects of every example: one query."""
    texts = [*(text for text, _, _ in STATED), *OTHERS]
    return dict(zip(texts, effects(*texts), strict=True))


@pytest.mark.parametrize(("text", "value", "unit"), STATED)
def test_a_quantity_said_to_be_saved_is_an_effect(
    declared: dict[str, Effects], text: str, value: str, unit: str
) -> None:
    found = declared[text]
    assert [(item[0], item[1]) for item in found] == [(Decimal(value), unit)]


@pytest.mark.parametrize("text", OTHERS)
def test_what_looks_like_an_effect_is_none(declared: dict[str, Effects], text: str) -> None:
    assert declared[text] == []


SAID = [
    ("kilomètres en baisse de 30 %", "affirme", "exact", None),
    ("L'outil a permis d'économiser 12 tonnes", "affirme", "exact", None),
    ("environ 10 % d'économie", "affirme", "environ", None),
    ("une baisse de près de 10 %", "affirme", "environ", None),
    ("économies de 20 % environ", "affirme", "environ", None),
    ("jusqu'à 30 % de réduction", "affirme", "au_plus", None),
    ("plus de 20 % économisés", "affirme", "plus_de", None),
    ("une réduction d'au moins 12 tonnes par jour", "affirme", "au_moins", "jour"),
    ("110 000 m3 évités par an", "affirme", "exact", "an"),
    ("gain de temps de 25 heures par mois", "affirme", "exact", "mois"),
    ("une économie annuelle de 30 000 kWh", "affirme", "exact", "an"),
    ("réduit de 15 % la consommation annuelle", "affirme", "exact", None),
    ("L'outil aurait réduit de 15 % la consommation", "annonce", "exact", None),
    ("70 % d'économie annoncée", "annonce", "exact", None),
    ("la ville simule trois places ; 5,5 degrés gagnés", "annonce", "exact", None),
    ("la ville suit en simultané trois places ; 5,5 degrés gagnés", "affirme", "exact", None),
    ("L'outil pourrait réduire de 15 % la consommation", "possible", "exact", None),
    ("L'outil permet d'économiser 12 tonnes par semaine", "possible", "exact", "semaine"),
    ("Pilots show that adoption can reduce emissions by around 2%", "possible", "environ", None),
    ("the solution could reduce the consumption by up to 30% a year", "possible", "au_plus", "an"),
]


def test_how_the_text_says_it_goes_with_the_effect() -> None:
    CON.execute("create or replace temp table lus as select unnest($1::varchar[]) as cle", [[row[0] for row in SAID]])
    found = dict(CON.execute(effects_query("select cle, cle as texte from lus")).fetchall())
    said = [
        (text, *([item[name] for item in found[text] for name in ("portee", "qualificatif", "periode")]))
        for text, *_ in SAID
    ]
    assert said == SAID


def test_what_a_text_states_comes_before_what_it_says_possible() -> None:
    text = "L'outil peut réduire de 40 % la consommation. Le site a baissé de 12 % la sienne."
    assert [item[0] for item in effects(text)[0]] == [12, 40]


def test_a_quantity_told_twice_keeps_the_reserve_of_either() -> None:
    text = "L'outil aurait réduit de 15 % l'énergie.\n15 % d'énergie économisée, environ 20 % d'eau économisée\n20 % d'eau en moins"
    query = effects_query(f"select 1 as cle, {literal(text)} as texte")
    [(_, found)] = CON.execute(query).fetchall()
    assert [(int(item["valeur"]), item["portee"], item["qualificatif"]) for item in found] == [
        (20, "affirme", "environ"), (20, "affirme", "environ"), (15, "annonce", "exact"), (15, "annonce", "exact"),
    ]  # fmt: skip


def test_the_clause_that_says_it_goes_with_it_and_all_are_kept_in_order() -> None:
    text = "498 bacs suivis : kilomètres en baisse de 30 %, mais 16 % de capteurs en panne ; 31 tonnes évitées (CO2 : -9 %)."
    assert effects(text)[0] == [
        (Decimal(30), "%", "kilomètres en baisse de 30 %"),
        (Decimal(31), "t", "31 tonnes évitées"),
        (Decimal(9), "%", "-9 %"),
    ]


def test_thousands_and_decimals_follow_the_language() -> None:
    french = "La ville a réduit la consommation de 1,250 kWh et le service de 2.500 kWh"
    assert effects("une baisse de 1,250 kWh de la ville")[0][0][0] == Decimal("1.25")
    assert effects("a cut of 1,250 kWh in the city, and savings of 2.500 kWh for the region")[0] == [
        (Decimal(1250), "kWh", "a cut of 1,250 kWh in the city"),
        (Decimal("2.5"), "kWh", "and savings of 2.500 kWh for the region"),
    ]
    assert effects(french)[0][0][0] == Decimal("1.25")


@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=20, max_size=40), st.sampled_from([" ", "\u00a0", "\u202f", ""]))
def test_a_number_is_read_as_it_was_written(numbers: list[int], separator: str) -> None:
    texts = [f"une baisse de {f'{number:,}'.replace(',', separator)} kWh" for number in numbers]
    assert [[item[0] for item in found] for found in effects(*texts)] == [[Decimal(number)] for number in numbers]


def test_every_unit_has_a_canonical_one_that_keeps_its_size() -> None:
    assert {unit for _, unit, _ in UNITS} == {
        "%", "point", "m3", "litre", "kWh", "t CO2", "t", "km", "ha", "°C", "heure", "EUR",
    }  # fmt: skip


def test_an_absurd_number_is_no_effect_and_no_error() -> None:
    assert effects(f"une baisse de {'9' * 40} milliards de TWh", "une baisse de 999999999 milliards de TWh") == [[], []]
