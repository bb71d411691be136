"""Who does what in a use: what columns say, what analysts decide of an actor, and projects that count once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from observatoire.review.apply import apply
from observatoire.review.decisions_file import COLUMNS, DECISION, KEY, OBJECT, REASON
from observatoire.review.export import doubts
from observatoire.review.sheet import write_csv
from tests.conftest import copy_project
from tests.helpers import Warehouse, edit_csv, ingest_register
from tests.review.conftest import DAY, LATER, Row, decide, undecided

SOLAR = "cas_usage|v033 + cas_usage|v110"
MEALS = "cas_usage|v030 + cas_usage|v055"
CAPI, SAVIN = "243800604", "213804552"
OTHER_WORDS = "les sources ou les règles disent autre chose que la valeur attendue"
STILL = "la valeur attendue est toujours là"
SILENT = "les sources et les règles n'en disent toujours rien"
DIFFER = "un autre analyste a décidé autrement : aucun des deux avis ne s'applique"

# Each decision on an actor, its state and why, and what columns said.
FATES: tuple[tuple[Row, str, str, str | None], ...] = (
    (("fusion", SOLAR, "", "meme_projet", "A", DAY), "appliquée", SILENT, None),
    (("fusion", MEALS, "", "meme_usage", "A", DAY), "appliquée", SILENT, None),
    (("role", f"cas_usage|v056 + {CAPI}", "", "porteur", "A", DAY), "appliquée", SILENT, None),
    (("role", f"cas_usage|v001 + {CAPI}", "utilisateur", "utilisateur+porteur", "A", DAY), "appliquée", STILL, "utilisateur"),
    (("role", "cas_usage|v110 + Géovendée|autre", "utilisateur", "porteur", "A", DAY), "en conflit", DIFFER, "utilisateur"),
    (("role", "cas_usage|v110 + GEOVENDEE|autre", "utilisateur", "exploitant", "B", DAY), "en conflit", DIFFER, "utilisateur"),
    (("role", "cas_usage|v036 + État|autre", "financeur", "aucun", "A", DAY), "appliquée", STILL, "financeur"),
    (("role", "cas_usage|v114 + Eau Cœur d'Essonne|autre", "", "exploitant", "A", DAY), "appliquée", SILENT, None),
    (
        ("role", "cas_usage|v032 + État|autre", "", "financeur", "A", DAY),
        "obsolète", "les sources ou les règles disent désormais la même chose", "financeur",
    ),
    (
        ("role", "cas_usage|v002 + État|autre", "financeur", "aucun", "A", DAY),
        "obsolète", "les sources ou les règles disent désormais la même chose", None,
    ),
    (("role", "cas_usage|v034 + État|autre", "porteur", "exploitant", "A", DAY), "non appliquée", OTHER_WORDS, "financeur"),
    (
        ("role", "cas_usage|v001 + CAPI (Communauté d'agglomération Porte de l'Isère)|epci", "", "porteur", "A", DAY),
        "non appliquée", f"cet acteur a un SIREN : le désigner par {CAPI}", None,
    ),
    (
        ("role", "cas_usage|v056 + ca porte de l'isère (CAPI)|epci", "", "exploitant", "A", DAY),
        "non appliquée", f"cet acteur a un SIREN : le désigner par {CAPI}", None,
    ),
    (
        ("role", "cas_usage|v005 + 999999999", "", "exploitant", "A", DAY),
        "non appliquée", "le SIREN n'est ni de la référence ni d'un organisme publié : donner « Nom|type »", None,
    ),
    (
        ("role", f"cas_usage|v056 + {SAVIN}", "utilisateur", "aucun", "A", DAY),
        "non appliquée", "la collectivité de l'usage y garde un rôle : lui en donner un autre", "utilisateur",
    ),
    (("role", "cas_usage|v999 + État|autre", "", "financeur", "A", DAY), "non appliquée", "objet absent des sources", None),
    (
        ("role", "cas_usage|v055 + État|autre", "", "financeur", "A", DAY),
        "non appliquée", "l'usage est décrit par cas_usage|v030 : décider sur cette clé", None,
    ),
    (("role", "cas_usage|v109 + Agence de l'eau|autre", "", "financeur", "A", DAY), "en conflit", DIFFER, None),
    (("role", "cas_usage|v109 + Agence de l'eau|autre", "", "porteur", "B", DAY), "en conflit", DIFFER, None),
    (
        ("role", "cas_usage|v033 + Vendée Numérique|autre", "utilisateur", "utilisateur", "A", DAY),
        "remplacée", "écartée par l'arbitrage d00022", "utilisateur",
    ),
    (("role", "cas_usage|v033 + Vendée Numérique|autre", "utilisateur", "porteur", "B", DAY), "appliquée", STILL, "utilisateur"),
    (("role", "cas_usage|v033 + Vendée Numérique|autre", "utilisateur", "porteur", "C!", LATER), "appliquée", STILL, "utilisateur"),
)  # fmt: skip
WRONG: tuple[Row, ...] = (
    ("role", "cas_usage|v001", "", "porteur", "A", DAY),
    ("role", "cas_usage|v001 + État|royaume", "", "financeur", "A", DAY),
    ("role", "cas_usage|v001 + État|autre", "", "roi", "A", DAY),
    ("role", "cas_usage|v001 + État|autre", "roi", "financeur", "A", DAY),
    ("role", "cas_usage|v001 + État|autre", "", "", "A", DAY),
)
TABLES = (
    "curated.usages", "curated.usages_acteurs", "curated.decisions", "core.projets_figures", "core.doutes", "core.rejets",
)  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two Vendée bodies with one project, and a decision of each fate on an actor."""
    settings = copy_project(tmp_path_factory.mktemp("roles"))
    decide(settings, *(row for row, *_ in FATES), *WRONG)
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build(*TABLES)
    return warehouse


def actors(warehouse: Warehouse, key: str) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "select a.siren, a.collectivite, a.type_collectivite, a.role, a.origine, a.decision_id "
        "from curated.usages_acteurs as a inner join curated.usages as u using (usage_id) "
        f"where u.cle_source = '{key}' order by a.collectivite, a.role"
    )


@pytest.mark.parametrize("number", range(1, len(FATES) + 1))
def test_each_fate_is_said(played: Warehouse, number: int) -> None:
    _, *expected = FATES[number - 1]
    query = f"select etat, explication, valeur_trouvee from curated.decisions where decision_id = 'd{number:05d}'"
    assert played.rows(query) == [tuple(expected)]


def test_a_bad_row_says_why(played: Warehouse) -> None:
    first = len(FATES) + 1
    assert played.rows("select ligne, colonne, motif from core.rejets where source = 'decisions' order by all") == [
        (first, "cle", "« cas_usage|v001 » ne désigne pas un objet de ce type"),
        (first + 1, "cle", "« royaume » n'est pas un type de collectivité"),
        (first + 2, "valeur", "« roi » inconnue"),
        (first + 3, "valeur_attendue", "« roi » inconnue"),
        (first + 4, "valeur", "vide"),
    ]


def test_a_body_is_added_by_its_siren_or_its_name(played: Warehouse) -> None:
    assert actors(played, "v056") == [
        (CAPI, "CA Porte de l'Isère (CAPI)", "epci", "porteur", "decision", "d00003"),
        (SAVIN, "Saint-Savin", "commune", "utilisateur", "usage", None),
    ]
    assert [(row[1], *row[3:]) for row in actors(played, "v114")] == [
        ("Agence de l'eau Seine-Normandie", "financeur", "programme", None),
        ("Cœur d'Essonne Agglomération", "utilisateur", "usage", None),
        ("Eau Cœur d'Essonne", "exploitant", "decision", "d00008"),
    ]


def test_an_actor_may_have_two_roles_and_lose_one(played: Warehouse) -> None:
    name = "CAPI (Communauté d'agglomération Porte de l'Isère)"
    assert actors(played, "v001") == [
        (CAPI, name, "epci", "porteur", "decision", "d00004"),
        (CAPI, name, "epci", "utilisateur", "decision", "d00004"),
    ]
    assert played.rows("select valeur from curated.decisions where decision_id = 'd00004'") == [
        ("porteur + utilisateur",)
    ]
    assert [row[1] for row in actors(played, "v036")] == ["SDIS de Vaucluse"], "the State is out"


def test_what_is_in_conflict_or_not_expected_changes_nothing(played: Warehouse) -> None:
    assert actors(played, "v110") == [(None, "Géovendée", "autre", "utilisateur", "usage", None)]
    assert (None, "État", "autre", "financeur", "programme", None) in actors(played, "v034")
    assert actors(played, "v055") == [] and [row[3] for row in actors(played, "v030")] == ["utilisateur"]


def test_one_project_of_two_bodies_counts_once_and_says_who_does_what(played: Warehouse) -> None:
    rows = played.rows(
        "select a.collectivite, a.role from curated.usages_acteurs as a inner join curated.usages as u "
        "on u.projet_id = a.projet_id where u.cle_source = 'v110' order by all"
    )
    assert rows == [("Géovendée", "utilisateur"), ("Vendée Numérique", "porteur"), ("État", "financeur")]
    counted = "select count(*), count(distinct projet_id) from core.projets_figures where confirme"
    assert played.rows(counted) == [(125, 124)], "one use less by a merge, and one project less"
    shared = played.rows(
        "select u.cle_source, u.theme, u.programme, p.theme, p.programme from core.projets_figures as p "
        "inner join curated.usages as u using (usage_id) where u.cle_source in ('v033', 'v110') order by all"
    )
    assert shared == [("v033", "energie", "DIAT", "energie", "DIAT"), ("v110", "risques", None, "energie", "DIAT")]
    parts = "select sum(n) from (select count(distinct projet_id) as n from core.projets_figures where confirme group by theme)"
    assert played.rows(parts) == [(124,)]


def test_each_use_keeps_its_body_and_each_role_its_cause(played: Warehouse) -> None:
    alone = "select count(*) from curated.usages where usage_id not in (select usage_id from curated.usages_acteurs)"
    assert played.rows(alone) == [(0,)]
    twice = "select count(*) - count(distinct (usage_id, collectivite, type_collectivite, role)) from curated.usages_acteurs"
    assert played.rows(twice) == [(0,)]
    caused = played.rows(
        "select d.decision_id from curated.usages_acteurs as a inner join curated.decisions as d using (decision_id, usage_id) "
        "where d.etat = 'appliquée' group by all order by all"
    )
    assert caused == [("d00003",), ("d00004",), ("d00008",), ("d00022",)]


def asked(warehouse: Warehouse) -> dict[str, tuple[Any, ...]]:
    query = "select cle, valeur_attendue, candidats, nature from core.doutes where objet_type = 'role'"
    return {key: tuple(rest) for key, *rest in warehouse.rows(query)}


def test_a_conflict_asks_for_an_arbitration_under_a_key_that_can_be_applied(played: Warehouse) -> None:
    assert asked(played) == {
        "cas_usage|v110 + Géovendée|autre": (
            "utilisateur", "A : porteur (Motif 5) ; B : exploitant (Motif 6)", "arbitrage",
        ),
        "cas_usage|v109 + Agence de l'eau|autre": (None, "A : financeur (Motif 18) ; B : porteur (Motif 19)", "arbitrage"),
    }  # fmt: skip


def test_the_roles_of_a_shared_project_are_asked_decided_and_published(tmp_path: Path) -> None:
    settings = undecided(copy_project(tmp_path))
    decide(settings, ("fusion", SOLAR, "", "meme_projet", "A", DAY))
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build(*TABLES)
    whom = "Géovendée : utilisateur ; Vendée Numérique : utilisateur"
    assert asked(warehouse) == {
        "cas_usage|v033 + Vendée Numérique|autre": ("utilisateur", whom, "decision"),
        "cas_usage|v110 + Géovendée|autre": ("utilisateur", whom, "decision"),
    }
    titles = [column.title for column in COLUMNS]
    lines = [[cell or "" for cell in row] + [""] * 5 for row in doubts(settings) if row[0] == "role"]
    for line, decision in zip(lines, ("porteur, exploitant", "Utilisateur"), strict=True):
        line[titles.index(DECISION)], line[titles.index(REASON)] = decision, "Lu"
    # The State of v033 is not asked about; an analyst adds a line for another body.
    more = {
        OBJECT: "role",
        KEY: "cas_usage|v110 + Département de la Vendée|departement",
        DECISION: "financeur",
        REASON: "Lu",
    }
    lines.append([more.get(title, "") for title in titles])
    sheet = tmp_path / "revue.csv"
    sheet.write_bytes(write_csv(COLUMNS, lines))
    assert apply(settings, sheet, "A. Exemple", LATER).refused == []
    ingest_register(settings)
    warehouse.build(*TABLES)
    assert asked(warehouse) == {}
    found = warehouse.rows(
        "select collectivite, role from curated.usages_acteurs where origine = 'decision' order by all"
    )
    assert found == [
        ("Département de la Vendée", "financeur"), ("Géovendée", "utilisateur"), ("Vendée Numérique", "exploitant"),
        ("Vendée Numérique", "porteur"),
    ]  # fmt: skip


def test_a_body_that_also_funds_is_asked_with_all_its_roles(tmp_path: Path) -> None:
    """What is expected of an actor is all that columns say of it, or the decision of a sheet would never apply."""
    settings = copy_project(tmp_path)
    decide(settings, ("fusion", SOLAR, "", "meme_projet", "A", DAY))

    def own(rows: list[dict[str, str]]) -> None:
        next(row for row in rows if row["programme"] == "DIAT")["financeur"] = "Vendée Numérique"

    edit_csv(settings.register / "programmes.csv", own)
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build(*TABLES)
    assert asked(warehouse)["cas_usage|v033 + Vendée Numérique|autre"][0] == "financeur + utilisateur"
