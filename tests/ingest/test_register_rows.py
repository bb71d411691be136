"""What bad rows of the register get: one French line naming the source, the record and the column; the rest goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from observatoire.clock import today
from observatoire.delivery_date import register_date
from observatoire.review.register_file import read_register
from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, edit_csv, ingest_register, read_csv

Change = dict[str, str]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The register with one fault per record, built once: staging and rejets."""
    project = copy_project(tmp_path_factory.mktemp("rows"))
    for name, faults in FAULTS.items():
        edit_csv(project.register / f"{name}.csv", lambda rows, faults=faults: _spoil(rows, faults))
    results = ingest_register(project)
    assert {name for name, result in results.items() if result.degraded} == set()
    warehouse = Warehouse(project)
    staging = [f"staging.{name}" for name in FAULTS]
    warehouse.build("curated.rejets", "curated.livraisons", *staging)
    return warehouse


def _spoil(rows: list[Change], faults: list[tuple[Change, str, str]]) -> None:
    """Put the n-th fault in the n-th record; the files that are too short are lengthened."""
    while len(rows) < len(faults) + 2:
        rows.append(
            {
                name: f"{value}{len(rows)}" if name == "cle" else value
                for name, value in (rows[-1] if rows else BLANK).items()
            }
        )
    for row, (change, _, _) in zip(rows, faults, strict=False):
        row.update(change)


BLANK = {
    "table": "cas_usage", "cle": "v001", "colonne": "statut", "valeur_attendue": "a", "valeur_nouvelle": "b",
    "motif": "m", "auteur": "x", "date": "2026-01-01",
}  # fmt: skip
FUTURE = "est dans le futur (registre modifié le 2026-11-28) et le statut dit que l'usage"
NAMED = "contient une adresse électronique, un téléphone ou un nom de contact, et il est publié : l'ôter"
NOT_A_DATE = "n'est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)"

# For each source: what is changed in the n-th record, the column named, the reason given (« » : the record is kept).
FAULTS: dict[str, list[tuple[Change, str, str]]] = {
    "cas_usage": [
        ({}, "", ""),
        ({"collectivite": ""}, "collectivite", "vide"),
        ({"collectivite": "  "}, "collectivite", "vide"),
        ({"titre": ""}, "titre", "vide"),
        ({"titre": "\u00a0"}, "titre", "vide"),
        ({"theme": "magie"}, "theme", "« magie » inconnu"),
        ({"theme": ""}, "theme", "vide"),
        ({"theme": "deux\nlignes"}, "theme", "« deux lignes » inconnu"),
        ({"theme": "x" * 100}, "theme", f"« {'x' * 60} » inconnu"),
        ({"theme": "a : b"}, "theme", "« a : b » inconnu"),
        ({"technique": "oracle"}, "technique", "« oracle » inconnue"),
        ({"statut": "bientôt"}, "statut", "« bientôt » inconnu"),
        ({"nature": "rumeur"}, "nature", "« rumeur » inconnue"),
        ({"type_collectivite": "planète"}, "type_collectivite", "« planète » inconnu"),
        ({"annee_type": "x"}, "annee_type", "« x » inconnu"),
        ({"montant_nature": "x"}, "montant_nature", "« x » inconnue"),
        ({"confiance": "totale"}, "confiance", "« totale » inconnue"),
        ({"source_date": "2023-02-30"}, "source_date", f"« 2023-02-30 » {NOT_A_DATE}"),
        ({"source_date": "2031-01"}, "source_date", "« 2031-01 » est dans le futur (registre modifié le 2026-11-28)"),
        ({"source_date": "mai 2023"}, "source_date", f"« mai 2023 » {NOT_A_DATE}"),
        ({"source_date": "2023-13"}, "source_date", f"« 2023-13 » {NOT_A_DATE}"),
        ({"source_date": "03/05/2023"}, "source_date", f"« 03/05/2023 » {NOT_A_DATE}"),
        ({"date_debut": "avril"}, "date_debut", "« avril » n'est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)"),
        ({"date_fin": "31/12/2022"}, "date_fin", "« 31/12/2022 » n'est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)"),
        ({"date_debut": "2022-05", "date_fin": "2022-04"}, "date_fin", "« 2022-04 » précède le début (2022-05)"),
        *(
            ({"date_debut": "2031", "statut": status}, "date_debut", f"« 2031 » {FUTURE} a commencé")
            for status in ("deploye", "experimentation", "termine")
        ),
        ({"date_debut": "2031", "statut": "prevu"}, "", ""),
        ({"date_fin": "2031-05", "statut": "termine"}, "date_fin", f"« 2031-05 » {FUTURE} a pris fin"),
        ({"date_fin": "2031-05", "statut": "deploye"}, "", ""),
        ({"annee": "2031", "statut": "deploye"}, "annee", f"« 2031 » {FUTURE} a commencé"),
        ({"annee": "2031", "statut": "prevu"}, "", ""),
        *(
            ({column: "Solution, à voir avec prenom.nom@exemple.fr"}, column, NAMED)
            for column in ("collectivite", "titre", "description", "resume_preuve", "source_titre", "programme", "departement_ou_region", "fournisseur",
                           "solution")
        ),
        ({"description": "Appeler le 06 00 00 00 00"}, "description", NAMED),
        ({"montant_eur": "beaucoup"}, "montant_eur", "« beaucoup » n'est pas un montant positif en chiffres (1000.50)"),
        ({"montant_eur": "12,5"}, "montant_eur", "« 12,5 » n'est pas un montant positif en chiffres (1000.50)"),
        ({"montant_eur": "-5"}, "montant_eur", "« -5 » n'est pas un montant positif en chiffres (1000.50)"),
        ({"montant_eur": "0"}, "montant_eur", "« 0 » n'est pas un montant positif en chiffres (1000.50)"),
        ({"montant_eur": "nan"}, "montant_eur", "« nan » n'est pas un montant positif en chiffres (1000.50)"),
        ({"montant_eur": "12.345"}, "montant_eur", "« 12.345 » n'est pas un montant positif en chiffres (1000.50)"),
        ({"montant_eur": "1e3"}, "montant_eur", "« 1e3 » n'est pas un montant positif en chiffres (1000.50)"),
        ({"annee": "MMXX"}, "annee", "« MMXX » n'est pas une année"),
        ({"annee": "2023.7"}, "annee", "« 2023.7 » n'est pas une année"),
        ({"annee": "2e3"}, "annee", "« 2e3 » n'est pas une année"),
        ({"annee": "20233"}, "annee", "« 20233 » n'est pas une année"),
        ({"id": "v001"}, "id", "« v001 » déjà à l'enregistrement 1"),
        ({"id": ""}, "id", "vide"),
        ({"finalite_environnementale": "oui"}, "finalite_environnementale", "« oui » n'est ni true (oui) ni false (non)"),
        ({"ia_explicite": ""}, "ia_explicite", "vide"),
        ({"source_url": "www.exemple.fr"}, "source_url", "« www.exemple.fr » n'est pas une adresse web"),
        ({"source_url": "https://exemple"}, "source_url", "« https://exemple » n'est pas une adresse web"),
        ({"source_url": "https://a.fr/x y"}, "source_url", "« https://a.fr/x y » n'est pas une adresse web"),
        ({"source_url": "javascript:alert(1)"}, "source_url", "« javascript:alert(1) » n'est pas une adresse web"),
        ({"source_url": ""}, "source_url", "vide"),
        ({"date_debut": "2022-05-17", "date_fin": "2022"}, "", ""),
        ({"source_date": "", "annee": "", "annee_type": "", "montant_eur": "", "montant_nature": ""}, "", ""),
        ({"source_url": "https://a.fr:8080?q=%C3%A9#é"}, "", ""),
        ({"source_date": "2024-02-29"}, "", ""),
        ({"montant_eur": "40000.50"}, "", ""),
    ],
    "chiffres_publies": [
        ({"edition": ""}, "edition", "vide"),
        ({"producteur": ""}, "producteur", "vide"),
        ({"indicateur": " "}, "indicateur", "vide"),
        ({"valeur": "beaucoup"}, "valeur", "« beaucoup » n'est pas un nombre"),
        ({"valeur": ""}, "valeur", "vide"),
        ({"unite": ""}, "unite", "vide"),
        ({"n_repondants": "environ 300"}, "n_repondants", "« environ 300 » n'est pas un nombre de répondants"),
        ({"n_repondants": "12.5"}, "n_repondants", "« 12.5 » n'est pas un nombre de répondants"),
        ({"n_repondants": "0"}, "n_repondants", "« 0 » n'est pas un nombre de répondants"),
        ({"terrain_debut": "printemps"}, "terrain_debut", f"« printemps » {NOT_A_DATE}"),
        ({"terrain_fin": "2025-00"}, "terrain_fin", f"« 2025-00 » {NOT_A_DATE}"),
        ({"date_publication": "2025-11-31"}, "date_publication", f"« 2025-11-31 » {NOT_A_DATE}"),
        ({"source_url": "non"}, "source_url", "« non » n'est pas une adresse web"),
        ({"valeur": "12,5", "n_repondants": "1 200"}, "", ""),
        ({"remarque": "Demander à prenom.nom@exemple.fr"}, "remarque", NAMED),
    ],
    "hotes": [
        ({"hote": ""}, "hote", "vide"),
        ({"type_source": "rumeur"}, "type_source", "« rumeur » inconnu"),
        ({"type_source": ""}, "type_source", "vide"),
    ],
    "programmes": [
        ({"programme": ""}, "programme", "vide"),
        ({"programme": "TID"}, "", ""),
        ({"programme": "TID"}, "programme", "« TID » déjà présent"),
        ({"financeur": " "}, "financeur", "vide"),
        ({"type": "royaume"}, "type", "« royaume » inconnu"),
        ({"type": ""}, "type", "vide"),
        ({"source_url": ""}, "source_url", "vide"),
        ({"source_url": "www.exemple.fr"}, "source_url", "« www.exemple.fr » n'est pas une adresse web"),
    ],
    "corrections": [
        ({}, "", ""),
        ({"cle": ""}, "cle", "vide"),
        ({"colonne": ""}, "colonne", "vide"),
        ({"table": ""}, "table", "vide"),
        ({"motif": ""}, "motif", "vide : une correction s'explique"),
        ({"auteur": ""}, "auteur", "vide : une correction se signe"),
        ({"motif": "Appeler le 06 00 00 00 00"}, "motif", NAMED),
        ({"date": "demain"}, "date", "« demain » n'est pas une date (AAAA-MM-JJ)"),
        ({"date": ""}, "date", "vide"),
        ({"valeur_attendue": "c", "valeur_nouvelle": "c"}, "valeur_nouvelle", "égale à la valeur attendue"),
        ({"valeur_attendue": "", "valeur_nouvelle": "c", "date": "2026-01-01"}, "", ""),
    ],
    "univers_collectivites": [
        ({"type": "planète"}, "type", "« planète » inconnu"),
        ({"strate": ""}, "strate", "vide"),
        ({"millesime": "2025-13-01"}, "millesime", "« 2025-13-01 » n'est pas une date"),
        ({"nombre": "-1"}, "nombre", "« -1 » n'est pas un effectif"),
        ({"nombre": "12.6"}, "nombre", "« 12.6 » n'est pas un effectif"),
        ({"nombre": ""}, "nombre", "vide"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("source", FAULTS)
def test_each_fault_is_named_and_the_others_are_kept(spoilt: Warehouse, source: str) -> None:
    found = spoilt.rows(f"select ligne, colonne, motif from curated.rejets where source = '{source}' order by all")
    expected = [(n, column, why) for n, (_, column, why) in enumerate(FAULTS[source], 1) if column]
    assert [row for row in found if row not in expected] == []
    assert [row for row in expected if row not in found] == []
    kept = {ligne for (ligne,) in spoilt.rows(f"select _ligne from staging.{source}")}
    records = len(read_csv(spoilt.settings.register / f"{source}.csv"))
    assert kept == set(range(1, records + 1)) - {ligne for ligne, _, _ in expected}, "nothing is lost, nothing twice"


def test_a_reason_is_one_line_and_points_to_its_record(spoilt: Warehouse) -> None:
    rows = spoilt.rows("select source, livraison, cle, motif from curated.rejets where source = 'cas_usage'")
    assert all("\n" not in motif and livraison for _, livraison, _, motif in rows)
    assert {cle for _, _, cle, _ in rows} >= {"v002", "v001", None}


def test_a_delivery_counts_its_rejected_records(spoilt: Warehouse) -> None:
    expected = len([1 for _, column, _ in FAULTS["cas_usage"] if column])
    query = "select lignes, lignes_rejetees from curated.livraisons where source = 'cas_usage'"
    assert spoilt.rows(query) == [(158, expected)]


def test_several_faults_of_one_record_are_all_said(project: Settings) -> None:
    def spoil(rows: list[Change]) -> None:
        rows[4].update({"collectivite": "", "theme": "magie", "source_url": "x"})

    edit_csv(project.register / "cas_usage.csv", spoil)
    ingest_register(project)
    warehouse = Warehouse(project)
    warehouse.build("curated.rejets")
    assert warehouse.rows("select ligne, cle, colonne, motif from curated.rejets order by colonne") == [
        (5, "v005", "collectivite", "vide"),
        (5, "v005", "source_url", "« x » n'est pas une adresse web"),
        (5, "v005", "theme", "« magie » inconnu"),
    ]


def test_a_ragged_record_is_in_the_rejects_and_comes_back_when_mended(project: Settings) -> None:
    path: Path = project.register / "cas_usage.csv"
    good = path.read_text(encoding="utf-8")
    position = next(n for n, row in enumerate(read_csv(path), 1) if row["id"] == "v100")
    path.write_text(good.replace("\nv100,", "\nv100,de trop,", 1), encoding="utf-8")
    warehouse = Warehouse(project)
    ingest_register(project)
    warehouse.build("curated.rejets", "curated.livraisons", "staging.cas_usage")
    found: list[Any] = warehouse.rows("select source, ligne, colonne, motif from curated.rejets")
    assert found == [("cas_usage", position, "structure", "27 champs au lieu de 26")]
    assert warehouse.rows("select count(*) from staging.cas_usage") == [(157,)]
    assert warehouse.rows("select lignes_rejetees from curated.livraisons where source = 'cas_usage'") == [(1,)]
    path.write_text(good, encoding="utf-8")
    ingest_register(project)
    warehouse.build("curated.rejets", "staging.cas_usage")
    assert warehouse.rows("select * from curated.rejets") == []
    assert warehouse.rows("select count(*) from staging.cas_usage") == [(158,)]


@pytest.mark.parametrize("name", ["historique", "decisions", "codages", "corrections"])
def test_a_date_after_today_is_refused_and_dates_nothing(project: Settings, name: str) -> None:
    assert not ingest_register(project, name)[name].degraded
    columns = read_register(project, name).columns
    with (project.register / f"{name}.csv").open("a", encoding="utf-8") as handle:
        handle.write(",".join("2099-01-01" if column == "date" else "x" for column in columns) + "\n")
    rows = len(read_csv(project.register / f"{name}.csv"))
    refused = ingest_register(project, name)[name]
    assert refused.outcome == "refusée" and refused.message is not None
    said = f"enregistrement {rows}, colonne « date » : 2099-01-01 est après aujourd'hui ({today()}). Livraison refusée"
    assert said in refused.message and refused.message.endswith("Voir docs/analysts.md#date-future")
    dated = register_date(project.register, "historique.csv", today())
    assert dated is not None and dated <= today()
