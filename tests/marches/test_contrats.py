"""One contract, one row, whatever the files that repeat it; on small invented deliveries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from observatoire.ingest import ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from tests.helpers import Warehouse, write_csv

BUYER = "21590328700013"
OTHER = "24201005600073"
COLUMNS = [
    "uid", "id", "acheteur_id", "acheteur_nom", "titulaire_id", "titulaire_nom", "montant", "codeCPV", "procedure",
    "dureeMois", "dateNotification", "nature", "objet", "acheteur_departement_code", "modification_id", "donneesActuelles",
    "sourceDataset",
]  # fmt: skip


def row(**fields: str) -> dict[str, str]:
    """A row of the consolidated file."""
    made = {
        "id": "2024A1", "acheteur_id": BUYER, "acheteur_nom": "Commune d'Essai", "titulaire_id": "55204599900869",
        "titulaire_nom": "DUPONT JEANNE", "montant": "50000", "codeCPV": "72000000-5",
        "dureeMois": "12", "dateNotification": "2024-03-01", "nature": "Marché", "objet": "Comptage des vélos",
        "modification_id": "0", "donneesActuelles": "true", "sourceDataset": "aws", **fields,
    }  # fmt: skip
    return {name: made.get(name, "") for name in COLUMNS} | {"uid": made["acheteur_id"] + made["id"]}


def small(source: Source) -> Source:
    """The source without its arrival thresholds, which small deliveries do not reach."""
    limits = source.arrival.model_copy(update={"bytes_min": 1, "rows_min": 1})
    return source.model_copy(update={"arrival": limits})


class Contracts:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.sources = load_all_sources(settings)

    def take(self, source: str, name: str, content: list[dict[str, str]] | dict[str, Any]) -> None:
        path = self.folder / name
        if isinstance(content, list):
            write_csv(path, content, COLUMNS)
        else:
            path.write_text(json.dumps(content), encoding="utf-8")
        assert ingest_source(self.settings, small(self.sources[source]), path)[0].outcome == "nouvelle"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        warehouse = Warehouse(self.settings)
        warehouse.build("core.candidats_bruts", "core.contrats_doublons")
        return warehouse.rows(query)


@pytest.fixture
def contracts(project: Settings, tmp_path: Path) -> Contracts:
    return Contracts(project, tmp_path)


def test_suppliers_and_modifications_are_one_contract(contracts: Contracts) -> None:
    suppliers = ("55204599900869", "38103128500491")
    contracts.take(
        "decp",
        "decp.csv",
        [row(titulaire_id=s, donneesActuelles="false") for s in suppliers]
        + [row(titulaire_id=s, modification_id="1", montant="60000", dateNotification="2024-09-01") for s in suppliers]
        + [row(id="2024A2")],
    )
    found = contracts.rows(
        "select contrat_cle, montant::integer, nb_lignes, nb_titulaires, date_notification::varchar from core.contrats "
        "order by 1"
    )
    assert found == [
        (f"{BUYER}2024A1", 60_000, 4, 2, "2024-03-01"),
        (f"{BUYER}2024A2", 50_000, 1, 1, "2024-03-01"),
    ]
    history = contracts.rows(
        "select version, montant::integer, lignes, date_notification::varchar from core.contrats_versions "
        "where lignes = 2 order by 1"
    )
    assert history == [(0, 50_000, 2, "2024-03-01"), (1, 60_000, 2, "2024-09-01")]


def test_two_amounts_for_one_version_leave_none(contracts: Contracts) -> None:
    contracts.take("decp", "decp.csv", [row(), row(titulaire_id="38103128500491", montant="70000")])
    assert contracts.rows("select montant, montant_motif, montant_nature from core.contrats") == [
        (None, "plusieurs montants", None)
    ]


def test_a_ceiling_is_not_a_cost(contracts: Contracts) -> None:
    contracts.take("decp", "decp.csv", [row(nature="Accord-cadre"), row(id="B", montant="999999999")])
    found = contracts.rows("select cle, montant::integer, montant_nature from core.candidats_bruts order by cle")
    assert found == [(f"{BUYER}2024A1", 50_000, "plafond"), (f"{BUYER}B", None, None)]


def test_one_key_with_two_objects_keeps_both(contracts: Contracts) -> None:
    contracts.take("decp", "decp.csv", [row(), row(objet="Caméras de comptage par IA", titulaire_id="38103128500491")])
    assert contracts.rows("select objet from core.contrats") == [("Caméras de comptage par IA / Comptage des vélos",)]
    assert contracts.rows("select objets_differents from core.contrats_retenus") == [(True,)]


def test_a_contract_of_two_platforms_under_two_numbers_is_judged_once(contracts: Contracts) -> None:
    contracts.take("decp", "decp.csv", [row(), row(id="Z9", sourceDataset="pes", objet="COMPTAGE DES VÉLOS")])
    assert contracts.rows("select contrat_cle, contrat_retenu from core.contrats_doublons") == [
        (f"{BUYER}Z9", f"{BUYER}2024A1")
    ]
    assert contracts.rows("select count(*) from core.candidats_bruts") == [(1,)]


@pytest.mark.parametrize(
    "change",
    [
        {"sourceDataset": "aws"},
        {"sourceDataset": "pes", "montant": "50000.01"},
        {"sourceDataset": "pes", "dateNotification": "2024-03-02"},
        {"sourceDataset": "pes", "acheteur_id": OTHER},
        {"sourceDataset": "pes", "objet": "Comptage des vélos, lot 2"},
    ],
)
def test_contracts_that_may_be_two_stay_two(contracts: Contracts, change: dict[str, str]) -> None:
    contracts.take("decp", "decp.csv", [row(), row(id="Z9", **change)])
    assert contracts.rows("select count(*) from core.candidats_bruts") == [(2,)]


def test_two_numbers_on_one_platform_are_two_lots_wherever_else_one_is_seen(contracts: Contracts) -> None:
    pes = {"sourceDataset": "pes"}
    contracts.take("decp", "decp.csv", [row(), row(**pes, titulaire_id="38103128500491"), row(id="Z9", **pes)])
    assert contracts.rows("select count(*) from core.contrats_doublons") == [(0,)]
    assert contracts.rows("select count(*) from core.candidats_bruts") == [(2,)]


def test_suppliers_are_counted_without_a_name_or_a_number(contracts: Contracts) -> None:
    foreign = row(id="B", titulaire_id="CHDUPONTJEANNE", objet="Voir a.b@exemple.fr")
    contracts.take("decp", "decp.csv", [row(), row(titulaire_id="38103128500491"), foreign])
    found = contracts.rows("select contrat_cle, nb_titulaires from core.contrats order by 1")
    assert found == [(f"{BUYER}2024A1", 2), (f"{BUYER}B", 1)]
    everything = str(contracts.rows("select * from staging.decp") + contracts.rows("select * from core.contrats"))
    assert not [text for text in ("DUPONT", "exemple.fr", "552045999", "381031285") if text in everything]
    assert contracts.rows("select objet from core.contrats_lignes where contact_retire") == [
        ("Voir [adresse retirée]",)
    ]


def test_the_consolidated_file_wins_over_older_ones(contracts: Contracts) -> None:
    old = {"marches": [{
        "id": "2024A1", "source": "x", "_type": "Marché", "nature": "Marché", "objet": "Comptage", "codeCPV": "7200000",
        "acheteur": {"id": BUYER, "nom": "Essai"}, "montant": 1234, "dateNotification": "2024-03-01+01:00",
        "titulaires": [{"id": "55204599900869", "denominationSociale": "DUPONT JEANNE"}],
    }, {"id": None, "source": "x", "_type": "Marché", "acheteur": {"id": BUYER}}]}  # fmt: skip
    contracts.take("decp_2019", "aws_2019.json", old)
    assert contracts.rows("select source, montant::integer, date_motif from core.contrats_lignes") == [
        ("decp_2019", 1234, "fuseau ou heure retirés")
    ]
    assert contracts.rows("select _motifs from staging._decp_2019 where len(_motifs) > 0") == [(["id : vide"],)]
    assert "DUPONT" not in str(contracts.rows("select * from raw.decp_2019"))
    contracts.take("decp", "decp.csv", [row()])
    assert contracts.rows("select source, montant::integer, nb_lignes from core.contrats") == [("decp", 50_000, 2)]
    assert contracts.rows("select confiance_source from core.contrats_versions order by 1") == [(3,), (7,)]


def test_what_a_modification_does_not_say_stays(contracts: Contracts) -> None:
    def modification(number: int, **fields: Any) -> dict[str, Any]:
        return {"modification": {"id": number, "dateNotificationModification": f"2024-0{number + 3}-01", **fields}}

    contract = {
        "id": "A", "acheteur": {"id": BUYER}, "nature": "Marché", "objet": "Essai", "codeCPV": "72000000-5",
        "montant": 1e17, "dureeMois": "NC", "dateNotification": "2024-03-01", "datePublicationDonnees": "2024-03-02",
        "titulaires": [{"titulaire": {"id": "1"}}, {"titulaire": {"id": "2"}}],
        "modifications": [modification(1, montant=22540, dureeMois=4), modification(2, montant="NC"), modification(3, dureeMois=6)],
    }  # fmt: skip
    contracts.take("decp_2022", "decp-2022.json", {"marches": {"marche": [contract]}})
    found = contracts.rows(
        "select version, montant::integer, montant_motif, duree_mois, nb_titulaires from core.contrats_versions order by 1"
    )
    assert found == [
        (0, None, "absurde", None, 2),
        (1, 22_540, None, 4, 2),
        (2, 22_540, None, 4, 2),
        (3, 22_540, None, 6, 2),
    ]


def test_an_xml_file_reads_like_json(contracts: Contracts) -> None:
    record = (
        "<marche><id>A</id><acheteur><id>{}</id></acheteur><nature>Marché</nature><objet>Essai</objet>"
        "<codeCPV>72000000-5</codeCPV><montant>{}</montant><dateNotification>2024-03-01</dateNotification>"
        "<titulaires><titulaire><id>1</id></titulaire></titulaires>{}</marche>"
    )
    one = "<modifications><modification><id>1</id><montant>7000</montant></modification></modifications>"
    path = contracts.folder / "decp-2022.xml"
    path.write_text(
        f"<marches>{record.format(BUYER, 5000, one)}{record.format(OTHER, 6000, '')}</marches>", encoding="utf-8"
    )
    assert ingest_source(contracts.settings, small(contracts.sources["decp_2022"]), path)[0].outcome == "nouvelle"
    found = contracts.rows(
        "select source, montant::integer, nb_lignes, nb_titulaires from core.contrats order by montant"
    )
    assert found == [("decp_2022", 6000, 1, 1), ("decp_2022", 7000, 2, 1)]


def told(number: str, amount: int, **fields: Any) -> dict[str, Any]:
    """A contract of the official format of 2022."""
    return {
        "id": number, "acheteur": {"id": BUYER}, "nature": "Marché", "objet": "Essai", "codeCPV": "72000000-5",
        "montant": amount, "dateNotification": "2024-03-01", "titulaires": [{"titulaire": {"id": "1"}}], **fields,
    }  # fmt: skip


def test_the_files_of_2022_are_parts_and_the_last_one_that_tells_a_contract_wins(contracts: Contracts) -> None:
    first = [told(number, 5000) for number in "ABCDEFGH"]
    contracts.take("decp_2022", "decp-2024-01.json", {"marches": {"marche": first}})
    again = told("A", 6000, modifications=[{"modification": {"id": 1, "montant": 7000}}])
    contracts.take("decp_2022", "decp-2024-02.json", {"marches": {"marche": [again]}})
    contracts.take("decp_2022", "decp-2024-03.json", {"marches": {"marche": [told("A", 6500), told("I", 8000)]}})
    query = "select substr(uid, 15), montant::integer from staging.decp_2022 order by 1"
    assert contracts.rows(query) == [("A", 6500), *((number, 5000) for number in "BCDEFGH"), ("I", 8000)]
    found = contracts.rows("select montant::integer, nb_lignes from core.contrats where contrat_cle like '%A'")
    assert found == [(6500, 1)], "a file twice smaller is kept, and nothing is left of what it replaces"


def test_concessions_of_two_authorities_under_one_number_stay_two(contracts: Contracts) -> None:
    def concession(authority: str, amount: int) -> dict[str, Any]:
        return {"id": "A", "autoriteConcedante": {"id": authority}, "objet": "Essai", "valeurGlobale": amount}

    for month, records in enumerate(
        ([concession(BUYER, 5000)], [concession(OTHER, 6000)], [concession(OTHER, 7000)]), 1
    ):
        contracts.take("decp_2022", f"decp-2024-0{month}.json", {"marches": {"contrat-concession": records}})
    found = contracts.rows("select contrat_cle, montant::integer, nb_lignes from core.contrats order by montant")
    assert found == [(f"{BUYER}A", 5000, 1), (f"{OTHER}A", 7000, 1)]


FIFTH = {
    "marches_essai.yml": """
title: Marchés d'essai
description: Une cinquième source de marchés, inventée.
producer: Personne
licence: Licence Ouverte 2.0
attribution: Personne
protocol: {name: http_file, url: "https://exemple.fr/marches.csv"}
format: {name: csv, delimiter: ",", encoding: utf-8}
key: [uid]
cadence: mensuelle
columns: [uid, objet, montant]
""",
    "marches_essai.sql": """
-- The contracts of a made-up source, which knows of three columns.
with source as (
    select * from raw.marches_essai
),

final as (
    select uid, objet, montant_lu(montant) as montant, 'illisible' as cpv_motif, _livraison, _ligne, []::varchar[] as _motifs
    from source
)

select uid, objet, montant, cpv_motif, _livraison, _ligne, _motifs
from final
""",
}
STEP = "select 'marches_essai' as source, 1 as confiance_source, * from staging.marches_essai union all by name"


def test_a_fifth_source_of_contracts_is_one_step_of_one_model(project: Settings, tmp_path: Path) -> None:
    """Written in core.contrats_lignes alone, it is a contract, a version, a candidate, a duplicate key, a repair told."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "marches_essai.yml").write_text(FIFTH["marches_essai.yml"], encoding="utf-8")
    (project.sql / "staging" / "marches_essai.sql").write_text(FIFTH["marches_essai.sql"], encoding="utf-8")
    union = project.sql / "core" / "contrats_lignes.sql"
    begin = "with reunies as ("
    union.write_text(union.read_text(encoding="utf-8").replace(begin, f"{begin}\n    {STEP}"), encoding="utf-8")
    contracts = Contracts(replace(project, extra_sources=folder), tmp_path)
    contracts.take("decp", "decp.csv", [row()])
    path = tmp_path / "marches.csv"
    write_csv(path, [
        {"uid": f"{BUYER}2024A1", "objet": "Comptage", "montant": "1234"}, {"uid": "Z1", "objet": "Caméras", "montant": "99"},
    ])  # fmt: skip
    fifth = small(contracts.sources["marches_essai"])
    assert ingest_source(contracts.settings, fifth, path)[0].outcome == "nouvelle"
    assert contracts.rows("select contrat_cle, source, montant::integer, nb_lignes from core.contrats order by 1") == [
        (f"{BUYER}2024A1", "decp", 50_000, 2), ("Z1", "marches_essai", 99, 1),
    ]  # fmt: skip
    assert contracts.rows("select contrat_cle from core.contrats_versions where confiance_source = 1 order by 1") == [
        (f"{BUYER}2024A1",), ("Z1",)
    ]  # fmt: skip
    assert contracts.rows("select cle from core.candidats_bruts where source = 'marches_essai'") == [("Z1",)]
    warehouse = Warehouse(contracts.settings)
    warehouse.build("core.contrats_reparations")
    told = "select reparation, nombre from core.contrats_reparations where source = 'marches_essai' order by 1"
    assert ("code CPV illisible", 2) in warehouse.rows(told)
