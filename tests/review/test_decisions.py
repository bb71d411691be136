"""Decisions of analysts and replies of authorities: guarded, confronted, visible in the uses."""

from __future__ import annotations

from typing import Any

import pytest

from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, edit_csv, ingest_register, write_csv

FIELDS = (
    "decision_id", "objet_type", "cle", "valeur_attendue", "valeur", "nature", "motif", "auteur", "date", "guide",
    "preuve_url",
)  # fmt: skip
Row = tuple[str, str, str, str, str, str]


def decide(settings: Settings, *rows: Row) -> None:
    """Write data/register/decisions.csv: (objet_type, cle, attendue, valeur, auteur, date), « A! » for an arbitration."""
    records = [
        dict(
            zip(
                FIELDS,
                (f"d{number:05d}", kind, key, expected, value, "arbitrage" if author.endswith("!") else "",
                 f"Motif {number}", author.rstrip("!"), date, "2026-11-24/1", "https://exemple.fr/preuve"),
                strict=True,
            )
        )
        for number, (kind, key, expected, value, author, date) in enumerate(rows, 1)
    ]  # fmt: skip
    write_csv(settings.register / "decisions.csv", records, FIELDS)


def build(settings: Settings) -> Warehouse:
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build("curated.decisions", "curated.usages", "core.rejets")
    return warehouse


DAY, LATER, LAST = "2026-11-24", "2026-11-25", "2026-11-26"
ROWS: tuple[Row, ...] = (
    ("theme", "cas_usage|v001", "eau", "dechets", "A", DAY),
    ("finalite", "cas_usage|v001", "oui", "non", "B", DAY),
    ("nom", "Maurepas||", "", "217803832", "A", DAY),
    ("statut", "cas_usage|v002", "experimentation", "deploye", "A", DAY),
    ("statut", "cas_usage|v002", "experimentation", "abandonne", "B", DAY),
    ("droit_de_reponse", "cas_usage|v003", "", "contestee", "A", DAY),
    ("droit_de_reponse", "cas_usage|v003", "", "retiree", "B", LATER),
    ("theme", "cas_usage|v004", "eau", "energie", "A", DAY),  # the register says « dechets »
    ("theme", "cas_usage|v999", "eau", "energie", "A", DAY),
    ("detection", "cas_usage|v005", "oui", "non", "A", DAY),
    ("theme", "cas_usage|v006", "dechets", "autre", "A", DAY),
    ("theme", "cas_usage|v006", "dechets", "energie", "B", DAY),
    ("theme", "cas_usage|v006", "dechets", "energie", "C!", LATER),
    ("theme", "cas_usage|v007", "dechets", "autre", "A", DAY),
    ("theme", "cas_usage|v007", "dechets", "energie", "A", LATER),  # the author thought again
    ("statut", "cas_usage|v010", "prevu", "deploye", "A", DAY),  # the register says « deploye »
    ("nom", "Ville de nulle part|commune|", "", "aucune", "A", DAY),
    ("nom", "Numérian||", "", "999999999", "A", DAY),
    ("fusion", "cas_usage|v110 + cas_usage|v033", "", "meme_projet", "A", DAY),
    ("droit_de_reponse", "cas_usage|v009", "", "contestee", "A", DAY),
    ("theme", "cas_usage|v010", "", "", "A", DAY),
    ("magie", "cas_usage|v010", "", "oui", "A", DAY),
    ("theme", "v010", "", "eau", "A", DAY),
    ("nom", "Lyon", "", "12", "A", DAY),
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """One decision of each kind and of each fate, built once."""
    settings = copy_project(tmp_path_factory.mktemp("decisions"))
    decide(settings, *ROWS)
    return build(settings)


def use(warehouse: Warehouse, key: str, columns: str) -> tuple[Any, ...]:
    return warehouse.rows(f"select {columns} from curated.usages where cle_source = '{key}'")[0]


@pytest.mark.parametrize(
    ("number", "state", "explanation", "found"),
    [
        (1, "appliquée", "la valeur attendue est toujours là", "eau"),
        (2, "appliquée", "la valeur attendue est toujours là", "oui"),
        (3, "appliquée", "la valeur attendue est toujours là", None),
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
        (18, "non appliquée", "le SIREN n'est pas de la référence", None),
        (19, "appliquée", "la valeur attendue est toujours là", None),
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
    assert use(judged, "v006", "theme, decisions") == ("energie", ["d00013"])
    assert use(judged, "v007", "theme, decisions") == ("energie", ["d00015"])


def test_a_conflict_overwrites_nothing(judged: Warehouse) -> None:
    assert use(judged, "v002", "statut, decisions") == ("experimentation", [])


def test_a_decision_that_expects_something_else_changes_nothing(judged: Warehouse) -> None:
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
    ]


def test_decisions_link_to_their_use(judged: Warehouse) -> None:
    query = (
        "select count(*) from curated.decisions as d inner join curated.usages as u on u.usage_id = d.usage_id "
        "and d.cle = 'cas_usage|' || u.cle_source where d.objet_type not in ('nom', 'fusion')"
    )
    assert judged.rows(query) == [(15,)]


def test_an_untold_purpose_is_not_rejected(judged: Warehouse) -> None:
    settings = judged.settings
    edit_csv(settings.register / "cas_usage.csv", lambda rows: rows[19].update(finalite_environnementale=""))
    ingest_register(settings)
    judged.build("core.rejets", "core.usages")
    assert judged.rows("select finalite_environnementale, confirme from core.usages where cle_source = 'v020'") == [
        (None, True)
    ]
    assert judged.rows("select * from core.rejets where source = 'cas_usage'") == []
    assert judged.rows("select count(*) from core.usages where finalite_environnementale is null") == [(1,)]
