"""The real procurement deliveries, with the faults counted in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observatoire.formats import read_bytes
from observatoire.ingest import ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, asked

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def settings(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The five files of 2019, an official example, the consolidated extract and Fonds vert, taken in one after the other."""
    made = copy_project(tmp_path_factory.mktemp("marches"))
    sources = load_all_sources(made)
    deliveries = shared / "deliveries"
    files = [("decp_2019", path) for path in sorted((deliveries / "decp-2019").glob("*.json"))]
    files += [("decp", path) for path in (deliveries / "decp-consolide-2024").glob("*.csv")]
    files += [("decp_2022", deliveries / "decp-formats" / "marches_concessions.json")]
    files += [("cpv", deliveries / "cpv-2008" / "cpv_2008.csv")]
    files += [("fonds_vert", deliveries / "fonds-vert-2023" / "fonds-vert-2023-export.csv")]
    assert len(files) == 9
    for source, path in files:
        assert [result.outcome for result in ingest_source(made, sources[source], path)] == ["nouvelle"]
    return made


@pytest.fixture(scope="module")
def query(settings: Settings) -> Query:
    warehouse = Warehouse(settings)
    warehouse.build("core.candidats_bruts", "core.contrats_doublons", "staging.cpv", "curated.livraisons")
    return warehouse.rows


def test_four_platforms_in_use_hold_10657_contracts(query: Query) -> None:
    found = dict(query("select _millesime, count(*) from raw.decp_2019 group by 1"))
    # The second delivery of the DGFiP (1,148) replaces the first (552).
    assert found == {"aife": 4530, "aws": 4509, "emar": 470, "pes": 1148}
    assert sum(found.values()) == 10_657


def test_384_keys_repeat(query: Query) -> None:
    repeated = "select count(*), sum(n) from (select count(*) as n from {} group by {} having count(*) > 1)"
    raw = query(repeated.format("raw.decp_2019", '"acheteur.id", id'))
    assert raw == [(384, 873)]
    # Two of them are keys with an empty part: those records are set aside, with their reason.
    assert query(repeated.format("staging.decp_2019", "uid"))[0][0] == 382
    assert dict(query("select unnest(_motifs), count(*) from staging._decp_2019 group by 1")) == {
        "id : vide": 7,
        "acheteur.id : vide": 1,
    }


def test_one_contract_one_row(query: Query) -> None:
    rows = query("select source, count(*), count(distinct contrat_cle), sum(nb_lignes) from core.contrats group by 1")
    found = {source: numbers for source, *numbers in rows}
    assert found["decp"] == [5180, 5180, 8957]
    # 10,649 usable records and the 134 modifications that they hold.
    assert found["decp_2019"] == [10_165, 10_165, 10_649 + 134]
    # 234 and 252 rows of the consolidated file are one contract each.
    top = query("select nb_lignes from core.contrats where source = 'decp' order by nb_lignes desc limit 2")
    assert top == [(252,), (234,)]


def test_numbers_that_one_platform_tells_apart_stay_two(query: Query) -> None:
    """The one pair of these files alike to the letter is listed twice by one platform, and once by another."""
    assert query("select * from core.contrats_doublons") == []
    pair = (
        "select plateforme, count(*) from staging.decp_2019 where uid like '217402643000192018TRVRD18080%' group by 1"
    )
    assert dict(query(pair)) == {"aws": 1, "pes": 2}
    assert query("select count(*) from core.candidats_bruts where source = 'decp_2019'") == [(10_160,)]


def test_37_percent_of_amounts_are_ceilings(query: Query) -> None:
    natures = dict(query("select nature, count(*) from staging.decp_2019 group by 1"))
    everything = query("select count(*) from raw.decp_2019")[0][0]
    # Framework agreements (3,222) and their subsequent contracts (670), whose amounts are inside the former's.
    ceilings = query("select count(*) from raw.decp_2019 where nature in ('Accord-cadre', 'Marché subséquent')")[0][0]
    assert (ceilings, round(100 * ceilings / everything)) == (3892, 37)
    assert (natures["Accord-cadre"], natures["Marché subséquent"]) == (3222, 670)


def test_amounts_are_judged_and_never_added_blindly(query: Query) -> None:
    motives = dict(query("select montant_motif, count(*) from core.contrats where source = 'decp_2019' group by 1"))
    assert motives == {
        None: 6422,
        "plafond d'accord-cadre": 3005,
        "marché subséquent": 625,
        "zéro": 79,
        "sentinelle": 15,
        "plusieurs montants": 13,
        "symbolique": 6,
    }
    sentinels = "select montant, count(*) from staging.decp_2019 where montant_motif = 'sentinelle' group by 1"
    amounts = {str(amount): count for amount, count in query(sentinels)}
    assert (amounts["999999999.00"], amounts["99999999.00"], amounts["123456.78"]) == (2, 3, 54)
    raw_sum = query("select sum(montant) from staging.decp")[0][0]
    true_sum = query("select sum(montant) from core.contrats where source = 'decp' and montant_motif is null")[0][0]
    assert true_sum < raw_sum / 2


def test_suppliers_and_modifications_of_2019_are_counted_without_their_names(query: Query) -> None:
    held = "select sum(len(modifications_lues(modifications))) from {}.decp_2019"
    # Three belong to records that are set aside.
    assert (query(held.format("raw")), query(held.format("staging"))) == ([(137,)], [(134,)])
    versions = "select version, count(*) from core.contrats_versions where confiance_source = 3 group by 1 order by 1"
    assert query(versions) == [(0, 10_187), (1, 109), (2, 8), (3, 1)]
    suppliers = "select count(*) from core.contrats where source = 'decp_2019' and nb_titulaires {}"
    assert [query(suppliers.format(test)) for test in ("= 1", "> 1", "is null")] == [[(9545,)], [(615,)], [(5,)]]
    # Listed as 987,654.32 of 2018-07-15 then 9,876,543 of 2018-02-01: the later one is the second.
    told = "select montant::varchar from core.contrats_versions where contrat_cle = '069333357085852000026322825607'"
    assert query(f"{told} and version > 0 order by version") == [("9876543.00",), ("987654.32",)]


def test_several_amounts_for_one_version_are_not_chosen_among(query: Query) -> None:
    found = query(
        "select count(*), count(montant) from core.contrats where source = 'decp' and montant_motif = 'plusieurs montants'"
    )
    assert found == [(88, 0)]
    versions = (
        "select contrat_cle from core.contrats_versions where confiance_source = 7 group by 1 having count(*) > 1"
    )
    assert query(f"select count(*) from ({versions})") == [(1009,)]


def test_dates_repaired_only_when_certain(query: Query) -> None:
    motives = dict(query("select date_motif, count(*) from staging.decp_2019 group by 1"))
    assert motives["fuseau ou heure retirés"] == 1321
    assert motives["illisible"] == 2  # 0218-10-29 and 0218-12-26
    assert query("select count(*) from staging.decp_2019 where date_notification < date '1990-01-01'") == [(0,)]


def test_what_was_repaired_or_judged_is_told_by_delivery(query: Query) -> None:
    """Of the deliveries in use: the first file of the DGFiP, replaced, counts no more."""
    told = {
        (source, vintage): set(repairs)
        for source, vintage, repairs in query("select source, millesime, reparations from curated.livraisons")
    }
    assert told["decp_2019", "aws"] == {
        "SIRET d'acheteur invalide, SIREN laissé vide : 8",
        "code CPV illisible : 2",
        "date illisible : 2",
        "fuseau ou heure retirés de la date : 173",
        "montant d'un marché subséquent, déjà dans son accord-cadre : 93",
        "montant qui est un plafond d'accord-cadre : 1354",
        "montant sentinelle : 1",
        "montant symbolique : 6",
        "montant à zéro : 55",
        "zéro initial du code CPV remis : 5",
    }
    assert told["decp_2019", "pes"] >= {"fuseau ou heure retirés de la date : 1148", "montant sentinelle : 4"}
    assert told["decp_2019", "aife"] >= {"caractères détruits dans un texte : 3358", "date absente : 2510"}
    assert told["decp", ""] == {"SIRET d'acheteur invalide, SIREN laissé vide : 8"}
    assert told["fonds_vert", "2023"] >= {
        "SIREN lu dans un SIRET : 167", "SIREN à clé fausse, laissé vide : 11", "zéro initial du code commune remis : 602",
    }  # fmt: skip
    total = dict(
        query("select reparation, sum(nombre) from core.contrats_reparations where source = 'decp_2019' group by 1")
    )
    assert total["fuseau ou heure retirés de la date"] == 1321 and total["date illisible"] == 2
    assert total["zéro initial du code CPV remis"] == 94


def test_siret_and_cpv_and_destroyed_accents(query: Query) -> None:
    wrong = dict(query("select plateforme, count(*) from staging.decp_2019 where acheteur_siren is null group by 1"))
    assert wrong == {"aife": 53, "aws": 8}
    assert query("select count(*) from staging.decp where acheteur_siren is null") == [(8,)]
    cpv = dict(query("select cpv_motif, count(*) from staging.decp_2019 group by 1"))
    assert (cpv["zéro initial remis"], cpv["illisible"]) == (94, 6)
    with_hyphen = query("select count(*) from raw.decp_2019 where contains(\"codeCPV\", '-')")[0][0]
    assert with_hyphen == 1387
    # Old codes of 2003 (74…), 11111111, 00000000, and 56 test records « 12345678 ».
    unknown = query(
        "select count(*) from staging.decp_2019 as m where m.cpv is not null "
        "and not exists (select 1 from staging.cpv as c where c.cpv = m.cpv)"
    )[0][0]
    assert unknown == 133
    assert query("select count(*) from staging.decp_2019 where caracteres_detruits") == [(3358,)]


def test_test_records_of_a_platform_keep_all_their_objects(query: Query) -> None:
    several = "select contrat_cle from core.contrats_retenus where objets_differents"
    assert query(f"select count(*) from core.contrats where source = 'decp_2019' and contrat_cle in ({several})") == [
        (32,)
    ]


def test_a_concession_and_its_modification(query: Query) -> None:
    rows = query(
        "select contrat_cle, version, montant, duree_mois, nb_titulaires from core.contrats_versions "
        "where confiance_source = 5 and contrat_cle like '%0612202306122024' order by version"
    )
    assert [(v, float(m), d, t) for _, v, m, d, t in rows] == [(0, 10.3, 12, 2), (1, 25.0, 14, 2)]


def test_no_name_of_a_supplier_leaves_the_archive(settings: Settings, query: Query) -> None:
    text = "\n".join(
        str(row) for source in ("decp", "decp_2019", "decp_2022") for row in query(f"select * from raw.{source}")
    )
    for name in ("ALU CONCEPT HABITAT", "OVIVE", "NORENVERT", "example.org", "CHCIESTTDORIANROSS"):
        assert name not in text, name
    archived = b"".join(path.read_bytes() for path in (settings.raw / "objects").rglob("*") if path.is_file())
    for name in (b"ALU CONCEPT HABITAT", b"OVIVE", b"example.org"):
        assert name in archived  # so that the search above can find something


def test_building_again_changes_nothing(settings: Settings, query: Query) -> None:
    report = Warehouse(settings).build(
        "core.candidats_bruts", "core.contrats_doublons", "staging.cpv", "curated.livraisons"
    )
    assert not report.built


@pytest.mark.parametrize(
    ("source", "name", "records", "repairs"),
    [
        ("decp_2019", "decp_test_2019.json", 2, ()),
        ("decp_2022", "decp_test_2022.json", 5, ("« NaN » lu comme vide : 1",)),
        ("decp_2022", "marches_avec_modifications.json", 2, ()),
        ("decp_2022", "marches_concessions.json", 4, ()),
        ("decp_2022", "Marche.xml", 2, ()),
    ],
)
def test_every_official_example_is_read(
    shared: Path, tmp_path: Path, source: str, name: str, records: int, repairs: tuple[str, ...]
) -> None:
    made = copy_project(tmp_path)
    path = shared / "deliveries" / "decp-formats" / name
    loaded = read_bytes(made, load_all_sources(made)[source], path, tmp_path / "lu.parquet")
    assert (loaded.rows, loaded.bad_records, loaded.repairs) == (records, (), repairs)
    held = path.read_text(encoding="utf-8")
    text = str(asked(f"select * from read_parquet('{tmp_path / 'lu.parquet'}')"))
    assert ("AMC FOLLIOT" in held) == (source == "decp_2019") and "FOLLIOT" not in text, "suppliers keep no name"


def test_the_parts_of_2022_are_kept_side_by_side(shared: Path, tmp_path: Path) -> None:
    """JSON, then XML, then another JSON, then a fourth that tells two contracts of the first again."""
    made = copy_project(tmp_path)
    source = load_all_sources(made)["decp_2022"]
    names = ("marches_concessions.json", "Marche.xml", "decp_test_2022.json", "marches_avec_modifications.json")
    results = [ingest_source(made, source, shared / "deliveries" / "decp-formats" / name)[0] for name in names]
    assert [result.outcome for result in results] == ["nouvelle"] * 4
    warehouse = Warehouse(made)
    warehouse.build("core.contrats")
    rows = warehouse.rows("select _livraison, contrat_cle from core.contrats")
    keys = [
        {cle for livraison, cle in rows if result.delivery and livraison == result.delivery.sha256}
        for result in results
    ]
    assert keys == [
        {"123456789012340612202306122024", "123456789012500612202306122023"},
        {"21750001630040TEST2022"},
        {
            "219740222000192022VI2022.242", "221300015002472020F00075", "21030042200016202401L04",
            "216901231000112019K1209", "21500222100012202207LOT03",
        },
        {"21750001630066TEST2022", "21750001630040TEST2022Bis"},
    ]  # fmt: skip
    assert len(rows) == 10


def test_a_modification_whose_suppliers_cannot_be_read_leaves_them_as_they_were(shared: Path, tmp_path: Path) -> None:
    """« titulaires » of a modification holds the words « typeIdentifiant » and « id » where objects should be."""
    made = copy_project(tmp_path)
    source = load_all_sources(made)["decp_2022"]
    path = shared / "deliveries" / "decp-formats" / "decp_test_2022.json"
    assert ingest_source(made, source, path)[0].outcome == "nouvelle"
    warehouse = Warehouse(made)
    warehouse.build("core.contrats_versions")
    rows = warehouse.rows(
        "select version, nb_titulaires from core.contrats_versions where contrat_cle like '%2019K1209' order by version"
    )
    assert rows == [(0, 3), (1, 3), (2, 3), (6, 3), (7, 3)]
