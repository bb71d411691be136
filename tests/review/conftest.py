"""One warehouse with a decision of each kind and two coders, built once for the room."""

from __future__ import annotations

import pytest

from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, ingest_register, read_csv, write_csv

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


def undecided(settings: Settings) -> Settings:
    """A project whose register holds no decision and never did: what a test decides is numbered from the first."""
    write_csv(settings.register / "decisions.csv", [], FIELDS)
    history = settings.register / "historique.csv"
    kept = [row for row in read_csv(history) if row["fichier"] != "decisions.csv"]
    write_csv(history, kept)
    return settings


def build(settings: Settings) -> Warehouse:
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build(
        "curated.decisions", "curated.usages", "core.rejets", "curated.accords", "curated.codages", "core.doutes"
    )
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
    ("detection", "cas_usage|v014", "oui", "à examiner", "A", DAY),
    ("fusion", "cas_usage|v012 + cas_usage|v012", "", "meme_usage", "A", DAY),
    ("fusion", "cas_usage|v012 + cas_usage|v013", "meme_usage", "distincts", "A", DAY),  # nothing proposes it
)


CODED = ("cle", "variable", "passe", "valeur", "codeur", "date", "guide")
CODES = (
    ("v001", "theme", "A", "eau"), ("v001", "theme", "B", "dechets"), ("v002", "theme", "A", "eau"),
    ("v002", "theme", "B", "eau"), ("v003", "theme", "A", "eau"), ("v001", "statut", "A", ""),
    ("v001", "statut", "B", ""), ("v002", "statut", "A", "deploye"), ("v002", "statut", "B", "deploye"),
    ("v004", "theme", "A", "magie"), ("v004", "couleur", "A", "bleu"), ("v002", "theme", "B", "eau"),
    ("v012", "theme", "A", "energie"), ("v012", "theme", "B", "energie"), ("v013", "ia_explicite", "A", "false"),
)  # fmt: skip


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """One decision of each kind and of each fate, built once."""
    settings = copy_project(tmp_path_factory.mktemp("decisions"))
    decide(settings, *ROWS)
    records = [dict(zip(CODED, (*row, f"codeur {row[2]}", DAY, "g1"), strict=True)) for row in CODES]
    write_csv(settings.register / "codages.csv", records, CODED)
    return build(settings)
