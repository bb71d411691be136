"""Names resolved to SIREN over the embedded reference, the files of data/register."""

from __future__ import annotations

import csv

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.errors import UsageError
from observatoire.territories.names import resolve
from tests.real.names_reference import REGISTER, ROOT, embedded_reference

GOLD = ROOT / "tests" / "gold"


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """The embedded perimeter: the cited authorities, no COG."""
    con = duckdb.connect()
    con.execute("set threads = 2")
    embedded_reference(con)
    return con


def resolved(con: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, ...]]) -> list[dict[str, object]]:
    """The resolution of rows of (nom, type_indice, territoire_indice, siret, code_postal), in their order."""
    con.execute(
        "create or replace table core.essai (nom_id varchar, nom varchar, type_indice varchar, "
        "territoire_indice varchar, siret varchar, code_postal varchar)"
    )
    for number, row in enumerate(rows):
        con.execute("insert into core.essai values (?, ?, ?, ?, ?, ?)", [f"{number:05d}", *(row + (None,) * 5)[:5]])
    resolve(con, "core.essai", "core.essai_resolu")
    result = con.execute("select * from core.essai_resolu order by nom_id")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def one(con: duckdb.DuckDBPyConnection, *row: str | None) -> dict[str, object]:
    return resolved(con, [row])[0]


def gold(name: str) -> list[dict[str, str]]:
    with (GOLD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_register_as_adjudicated(con: duckdb.DuckDBPyConnection) -> None:
    """Every row of the register comes out as adjudicated one by one: none missing, none wrongly attached."""
    expected = gold("noms_registre.csv")
    assert len(expected) == 158
    found = resolved(
        con, [(row["collectivite"], row["type_indice"], row["territoire_indice"] or None) for row in expected]
    )
    wrong = [
        (row["id"], row["collectivite"], result["siren"], result["siren_statut"])
        for row, result in zip(expected, found, strict=True)
        if (result["siren"], result["siren_statut"]) != (row["siren"] or None, row["siren_statut"])
    ]
    assert wrong == []


def test_gold_is_the_register() -> None:
    with (REGISTER / "cas_usage.csv").open(encoding="utf-8", newline="") as file:
        register = {row["id"]: row["collectivite"] for row in csv.DictReader(file)}
    assert {row["id"]: row["collectivite"] for row in gold("noms_registre.csv")} == register


@pytest.mark.parametrize(
    ("name", "kind", "place", "siren"),
    [
        ("Mairie de Nantes", None, None, "214401093"),
        ("VILLE DE NANTES", None, None, "214401093"),
        ("Commune de Nîmes", None, None, "213001894"),
        ("NIMES", "commune", "30", "213001894"),
        ("Hyeres", None, "Var", "218300697"),
        ("St-Tropez", None, None, "218301190"),
        ("ST TROPEZ", None, "83", "218301190"),
        ("Roche-Vanneau (La)", None, None, "212105282"),
        ("ROCHE VANNEAU", None, "Côte-d'Or", "212105282"),
        ("Ville d'Issy les Moulineaux", None, None, "219200409"),
        ("VERNON (27)", None, None, "212706816"),
        ("CAPI", None, None, "243800604"),
        ("CA Porte de l’Isère", None, None, "243800604"),
        ("Communauté d'agglomération Porte de l'Isère (CAPI)", None, None, "243800604"),
        ("Agglopolys", "epci", None, "200030385"),
        ("Communauté d'agglomération de Blois", None, None, "200030385"),
        ("CC COEUR COTE FLEURIE", None, None, "241400415"),
        ("Communauté de communes Cœur Côte Fleurie", None, "14", "241400415"),
        ("MET NANTES METROPOLE", None, None, "244400404"),
        ("Métropole de Nantes", None, None, "244400404"),
        ("Nevers Agglo", None, None, "245804406"),
        ("Métropole européenne de Lille", None, None, "200093201"),
        ("MEL", "epci", "Nord", "200093201"),
        ("Région Sud (Provence-Alpes-Côte d'Azur)", None, None, "231300021"),
        ("Conseil régional d'Île de France", None, None, "237500079"),
        ("REG PAYS-DE-LA-LOIRE", None, None, "234400034"),
        ("Conseil départemental de la Gironde", None, None, "223300013"),
        ("CD 33", None, None, "223300013"),
        ("CD33", None, None, "223300013"),
        ("DEPARTEMENT DE L ORNE", None, None, "226100014"),
        ("D�partement de la Haute-Sa�ne", None, None, "227000015"),
        ("Communaut� d' Agglom�ration de Nevers", None, None, "245804406"),
        ("Mairie N�mes", None, None, "213001894"),
        ("EPT Grand Paris Seine Ouest", None, None, "200057974"),
        ("GPSO", "ept", None, "200057974"),
        ("Métropole de Lyon", None, None, "200046977"),
        ("Grand Lyon", None, "Métropole de Lyon", "200046977"),
        ("Lyon", "commune", None, "216901231"),
        ("Lyon 3e arrondissement", None, None, "216901231"),
        ("Mairie du 15e arrondissement de Paris", None, None, "217500016"),
        ("Paris", None, None, "217500016"),
        ("Département de Paris", None, None, "217500016"),
        ("Collectivité européenne d'Alsace", None, None, "200094332"),
        ("Département du Bas-Rhin", None, None, "200094332"),
        ("Collectivité de Corse", None, None, "200076958"),
        ("Collectivité territoriale de Martinique", None, None, "200055507"),
        ("Région Guyane", None, None, "200052678"),
        ("Saint-Savin", "commune", "Auvergne-Rhône-Alpes", "213804552"),
        ("Saint-Savin", "commune", "Isère / Savoie", "213804552"),
        ("Commune de Nantes - budget principal", None, None, "214401093"),
    ],
)
def test_ways_of_writing(
    con: duckdb.DuckDBPyConnection, name: str, kind: str | None, place: str | None, siren: str
) -> None:
    result = one(con, name, kind, place)
    assert (result["siren"], result["siren_statut"]) == (siren, "résolu")
    assert 0.5 < result["score"] <= 1  # type: ignore[operator]


@pytest.mark.parametrize(
    "name",
    [
        "SDIS du Gard",
        "CH de Vannes",
        "Centre hospitalier de Vannes",
        "Syndicat mixte du bassin de Thau",
        "Île-de-France Mobilités",
        "Eau de Paris",
        "Vendée Numérique",
        "Géovendée",
        "MDPH de Seine-Maritime",
        "Parc naturel régional du Queyras",
        "CCAS de Nantes",
        "Ville de Lyon (CCAS)",
        "Ville de Nîmes - CCAS",
        "CCAS - Ville de Nîmes",
        "Office de tourisme de Nîmes",
        "Nantes Métropole Habitat",
        "Préfecture de la Loire",
        "Société d'économie mixte de Belfort",
        "ARNia (Bourgogne-Franche-Comté)",
        "Groupement de commandes Commune de Nice / CCAS de Nice",
    ],
)
@pytest.mark.parametrize("hinted", [False, True])
def test_another_body_is_never_the_authority_it_names(con: duckdb.DuckDBPyConnection, name: str, hinted: bool) -> None:
    result = one(con, name, "autre" if hinted else None)
    assert result["siren"] is None
    assert result["siren_statut"] in ("hors référence", "non résolu")


def test_a_hint_of_another_body_is_believed_over_a_bare_name(con: duckdb.DuckDBPyConnection) -> None:
    for kind in ("syndicat", "autre"):
        result = one(con, "Bourges", kind, "Cher")
        assert (result["siren"], result["siren_statut"]) == (None, "hors référence")


def test_communes_are_not_approached_when_most_are_not_there(con: duckdb.DuckDBPyConnection) -> None:
    """« Nantez » may be a commune that the embedded reference does not hold; all départements are there."""
    assert one(con, "Nantez", "commune", "Loire-Atlantique")["siren"] is None
    assert one(con, "Département de la Girronde")["siren"] == "223300013"


def test_homonyms_are_listed_not_guessed(con: duckdb.DuckDBPyConnection) -> None:
    result = one(con, "Maurepas")
    assert (result["siren"], result["siren_statut"], result["regle"]) == (None, "ambigu", "homonymes")
    assert result["candidats"] == ["217803832", "218004943"]
    assert one(con, "Maurepas", "commune", "Yvelines")["siren"] == "217803832"
    assert one(con, "Maurepas", None, None, None, "80360")["siren"] == "218004943"


def test_the_rule_and_the_runner_up_are_told(con: duckdb.DuckDBPyConnection) -> None:
    found = [
        (row["siren"], row["regle"], row["second"])
        for row in resolved(con, [("Nantes",), ("Nantes Métropole",), ("CD 44",)])
    ]
    assert found == [
        ("214401093", "nom officiel", "244400404"),
        ("244400404", "nom officiel", None),
        ("224400028", "numéro du département", None),
    ]


def test_a_name_of_two_levels_needs_a_hint(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "La Réunion")["siren_statut"] == "ambigu"
    assert one(con, "La Réunion", "region")["siren"] == "239740012"
    assert one(con, "Département de la Réunion")["siren"] == "229740014"


def test_a_hint_that_contradicts_leaves_the_name_unresolved(con: duckdb.DuckDBPyConnection) -> None:
    result = one(con, "Nantes", "commune", "Gard")
    assert (result["siren"], result["siren_statut"], result["regle"]) == (None, "non résolu", "contredit les indices")
    assert "214401093" in result["candidats"]  # type: ignore[operator]


def test_siret_of_an_authority_decides(con: duckdb.DuckDBPyConnection) -> None:
    result = one(con, "BUDGET PRINCIPAL", None, None, "21440109300015")
    assert (result["siren"], result["regle"], result["score"]) == ("214401093", "SIRET", 1.0)


def test_one_row_for_each_name_even_empty(con: duckdb.DuckDBPyConnection) -> None:
    rows: list[tuple[str | None, ...]] = [(None,), ("",), ("  -- ",), ("(", None), ("Nantes",), ("Nantes",)]
    found = resolved(con, rows)
    assert [row["siren"] for row in found] == [None] * 4 + ["214401093"] * 2
    assert all(row["candidats"] is not None for row in found)


def test_a_missing_column_is_said(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table core.incomplet as select 'a' as nom_id, 'Nantes' as nom")
    with pytest.raises(UsageError, match="type_indice"):
        resolve(con, "core.incomplet", "core.rien")
    with pytest.raises(UsageError, match=r"core\.absente"):
        resolve(con, "core.absente", "core.rien")


def decide(con: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, ...]]) -> None:
    """Replace the decisions by rows of (nom, type_indice, territoire_indice, siren, SIREN that the rules found then)."""
    con.execute("delete from core.noms_decisions")
    for number, (name, kind, place, siren, expected) in enumerate(rows, 1):
        con.execute(
            "insert into core.noms_decisions values (?, ?, ?, ?, ?, ?, date '2026-01-15', ?)",
            [f"d{number}", name, kind, place, siren, expected, number],
        )


def test_a_decision_wins_and_is_guarded(con: duckdb.DuckDBPyConnection) -> None:
    try:
        decide(
            con,
            [
                ("Maurepas", None, None, "217803832", None),
                ("Maurepas", "commune", "Somme", "218004943", "218004943"),
                ("Numérian", None, None, "999999999", None),  # not of the reference: not applied
                ("Bourges", None, None, None, "211800339"),
                ("Nantes", None, None, "217500016", "999999999"),  # the rules say something else than expected
            ],
        )
        found = resolved(
            con,
            [("maurepas ",), ("Maurepas", "commune", "Somme"), ("Numérian",), ("Bourges",), ("Nantes",), ("Lyon",)],
        )
        assert [(row["siren"], row["siren_statut"], row["regle"], row["decision_id"]) for row in found] == [
            ("217803832", "résolu", "décision", "d1"),
            ("218004943", "résolu", "décision", "d2"),
            (None, "non résolu", "aucun nom semblable", None),
            (None, "hors référence", "décision", "d4"),
            ("214401093", "résolu", "nom officiel", None),
            ("216901231", "résolu", "nom officiel", None),
        ]
    finally:
        decide(con, [])


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("noms_usage", "'12', 'X', 'usage', null, null", "siren : « 12 » n'est pas un SIREN"),
        ("noms_usage", "'217500016', null, 'usage', null, null", "nom : vide"),
        ("noms_usage", "'217500016', 'X', 'surnom', null, null", "genre : « surnom » inconnu"),
        ("noms_usage", "'217500016', 'X', 'usage', 'ville', null", "forme : « ville » inconnue"),
        ("noms_zones", "'X', '67;68'", "departements : « 67;68 » n'est pas une liste"),
        ("noms_zones", "null, '67'", "nom : vide"),
        ("noms_mots", "'Été', 'saison', 'forte'", "mot : « Été »"),
        ("noms_mots", "'ete', 'saison', 'moyenne'", "force : « moyenne » inconnue"),
    ],
)
def test_a_bad_row_of_the_register_says_why(con: duckdb.DuckDBPyConnection, table: str, row: str, reason: str) -> None:
    text = (ROOT / "sql" / "staging" / f"{table}.sql").read_text(encoding="utf-8")
    query = text.replace(
        f"select * from raw.{table}", f"select * from raw.{table} where false union all select {row}, '', 1"
    )
    (reasons,) = con.execute(f"select _motifs from ({query})").fetchall()
    assert len(reasons[0]) == 1 and reasons[0][0].startswith(reason)


def test_every_name_of_the_register_files_is_used(con: duckdb.DuckDBPyConnection) -> None:
    for table in ("noms_usage", "noms_zones", "noms_mots"):
        assert con.execute(f"select _motifs from staging.{table} where len(_motifs) > 0").fetchall() == []


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_flat_names_are_stable(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Flattening twice changes nothing, whatever the case and the accents."""
    row = con.execute("select nom_plat($1), nom_plat(nom_plat($1))", [text]).fetchone()
    assert row is not None
    flat, again = row
    assert flat == again
    assert not flat or (flat.strip() == flat and all(c in "abcdefghijklmnopqrstuvwxyz0123456789 " for c in flat))


@given(st.text(alphabet="abcdefgh", min_size=2, max_size=12), st.integers(0, 11), st.sampled_from("abcz"))
@settings(max_examples=60, deadline=None)
def test_one_edit_always_shares_a_deletion(con: duckdb.DuckDBPyConnection, key: str, place: int, letter: str) -> None:
    place %= len(key)
    swapped = key[:place] + key[place + 1 : place + 2] + key[place] + key[place + 2 :]
    edits = [key[:place] + key[place + 1 :], key[:place] + letter + key[place:],
             key[:place] + letter + key[place + 1 :], swapped]  # fmt: skip
    for edit in edits:
        row = con.execute("select list_has_any(nom_suppressions($1), nom_suppressions($2))", [key, edit]).fetchone()
        assert row == (True,), (key, edit)
