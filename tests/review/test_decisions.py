"""Decisions of analysts and replies of authorities: guarded, confronted, visible in the uses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers import Warehouse
from tests.review.conftest import DAY, LATER


def use(warehouse: Warehouse, key: str, columns: str) -> tuple[Any, ...]:
    return warehouse.rows(f"select {columns} from curated.usages where cle_source = '{key}'")[0]


@pytest.mark.parametrize(
    ("number", "state", "explanation", "found"),
    [
        (1, "appliquée", "la valeur attendue est toujours là", "eau"),
        (2, "appliquée", "la valeur attendue est toujours là", "oui"),
        (3, "appliquée", "les sources et les règles n'en disent toujours rien", None),
        (
            4,
            "en conflit",
            "un autre analyste a décidé autrement : aucun des deux avis ne s'applique",
            "experimentation",
        ),
        (
            5,
            "en conflit",
            "un autre analyste a décidé autrement : aucun des deux avis ne s'applique",
            "experimentation",
        ),
        (6, "remplacée", "remplacée par d00007", None),
        (7, "appliquée", "portée sur l'usage", None),
        (8, "non appliquée", "les sources ou les règles disent autre chose que la valeur attendue", "dechets"),
        (9, "non appliquée", "objet absent des sources", None),
        (10, "appliquée", "la valeur attendue est toujours là", "oui"),
        (11, "remplacée", "écartée par l'arbitrage d00013", "dechets"),
        (12, "appliquée", "la valeur attendue est toujours là", "dechets"),
        (13, "appliquée", "la valeur attendue est toujours là", "dechets"),
        (14, "remplacée", "remplacée par d00015", "dechets"),
        (15, "appliquée", "la valeur attendue est toujours là", "dechets"),
        (16, "obsolète", "les sources ou les règles disent désormais la même chose", "deploye"),
        (17, "non appliquée", "ce nom n'est plus lu", None),
        (
            18,
            "non appliquée",
            "le SIREN n'est pas celui d'une collectivité de la référence : si c'en est une, l'ajouter à "
            "data/register/territoires_cites.csv ; sinon décider « aucune », un nom ne désigne que des collectivités",
            None,
        ),
        (19, "appliquée", "les sources et les règles n'en disent toujours rien", None),
    ],
)
def test_each_fate_is_said(judged: Warehouse, number: int, state: str, explanation: str, found: str | None) -> None:
    query = f"select etat, explication, valeur_trouvee from curated.decisions where decision_id = 'd{number:05d}'"
    assert judged.rows(query) == [(state, explanation, found)]


def test_what_applies_changes_the_use_and_names_its_decision(judged: Warehouse) -> None:
    columns = "theme, themes, finalite_environnementale, decisions"
    assert use(judged, "v001", columns) == ("dechets", ["dechets"], False, ["d00001", "d00002"])
    assert use(judged, "v112", "collectivite, siren, siren_regle, decisions") == (
        "Maurepas", "217803832", "décision", ["d00003"],
    )  # fmt: skip
    assert use(judged, "v005", "ia_explicite, confirme, motif_exclusion") == (False, False, "IA non explicite")
    assert use(judged, "v014", "ia_explicite, confirme, decisions") == (False, False, ["d00025"]), (
        "« possible » is not said"
    )
    assert use(judged, "v006", "theme, decisions") == ("energie", ["d00013"])
    assert use(judged, "v007", "theme, decisions") == ("energie", ["d00015"])


def test_a_conflict_overwrites_nothing(judged: Warehouse) -> None:
    assert use(judged, "v002", "statut, decisions") == ("experimentation", [])


def test_a_decision_that_expects_something_else_changes_nothing(judged: Warehouse) -> None:
    assert use(judged, "v012", "decisions") == ([],)
    assert use(judged, "v004", "theme, decisions") == ("dechets", [])


def test_a_reply_shows_on_the_use_and_a_withdrawn_one_is_no_longer_counted(judged: Warehouse) -> None:
    columns = "contestation_etat, contestation, cast(contestation_date as varchar), confirme, motif_exclusion"
    assert use(judged, "v003", columns) == (
        "retiree", "Motif 7", LATER, False, "droit de réponse : usage écarté",
    )  # fmt: skip
    assert use(judged, "v009", columns) == ("contestee", "Motif 20", DAY, True, None)
    assert use(judged, "v001", columns)[:3] == (None, None, None)


def test_a_bad_row_says_why(judged: Warehouse) -> None:
    found = judged.rows("select ligne, colonne, motif from core.rejets where source = 'decisions' order by all")
    assert found == [
        (21, "valeur", "vide"),
        (22, "objet_type", "« magie » inconnu"),
        (23, "cle", "« v010 » ne désigne pas un objet de ce type"),
        (24, "cle", "« Lyon » ne désigne pas un objet de ce type"),
        (24, "valeur", "« 12 » n'est ni un SIREN ni « aucune »"),
        (26, "cle", "« cas_usage|v012 + cas_usage|v012 » ne désigne pas un objet de ce type"),
    ]


def test_decisions_link_to_their_use(judged: Warehouse) -> None:
    query = (
        "select count(*) from curated.decisions as d inner join curated.usages as u on u.usage_id = d.usage_id "
        "and d.cle = 'cas_usage|' || u.cle_source where d.objet_type not in ('nom', 'fusion')"
    )
    assert judged.rows(query) == [(16,)]
    for key in ("v033", "v110"):
        assert use(judged, key, "decisions") == (["d00019"],), "a decision on a pair bears on both"
