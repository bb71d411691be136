"""Public bodies outside the reference: who is one, what it is called, and which uses of the register it answers to."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from observatoire.quality.checks import run_checks
from observatoire.quality.spec import checks_of, load_table_specs
from observatoire.settings import Settings
from observatoire.vocabularies import codes_by_list
from observatoire.warehouse import open_warehouse
from tests.conftest import copy_project
from tests.helpers import Warehouse, ingest_register
from tests.real.names_reference import macros_and_words
from tests.territories.reference import deliver

DECP = (
    "uid,id,acheteur_id,acheteur_nom,titulaire_id,montant,codeCPV,procedure,dureeMois,dateNotification,"
    "acheteur_departement_code,acheteur_region_code"
)
FONDS_VERT = (
    "code_departement;code_commune;nom_commune;axe;numero_demarche_ds;nom_demarche_ds;numero_dossier_ds;nom_du_projet;"
    "nom_beneficiaire_principal;siren;montant_engage"
)
BUILT = (
    "curated.organismes",
    "core.usages_figures",
    "curated.usages",
    "curated.usages_acteurs",
    "core.organismes_resolus",
    "curated.sources",
    "curated.territoires",
)
PUBLISHED_USES = "select cle_source, siren, siren_regle from curated.usages where siren_statut = 'hors référence' and siren is not null order by 1"


def siren(first: str) -> str:
    """Eight digits and their check digit."""
    digits = [int(digit) for digit in first]
    total = sum(digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits))
    return first + str(-total % 10)


def decp(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Contracts of (SIREN, name, département), each of its own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(DECP.split(","))
    for number, (body, name, department) in enumerate(rows):
        uid = f"{body}00010-{number}"
        writer.writerow([uid, number, body, name, "", "1000", "45214", "", "12", "2024-01-02", department, ""])
    return out.getvalue().encode()


def fonds_vert(rows: Iterable[tuple[str, str, str]]) -> bytes:
    lines = [f"{dep};{dep}001;X;a;1;d;{n};Projet;{name};{body};10,00 €" for n, (body, name, dep) in enumerate(rows)]
    return "\n".join([FONDS_VERT, *lines, ""]).encode()


def banatic(rows: Iterable[Sequence[str]], department: str = "Département siège") -> bytes:
    workbook = openpyxl.Workbook()
    head = ["N° SIREN", "Nom du groupement", "Nature juridique", department, "Nom Président", "Siren membre"]
    for row in (head, *rows):
        workbook.active.append(list(row))
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A project whose tables are built from the register alone."""
    settings = copy_project(tmp_path_factory.mktemp("sans_livraison"))
    ingest_register(settings)
    Warehouse(settings).build(*BUILT)
    return settings


@pytest.fixture
def warehouse(bare: Settings, tmp_path: Path) -> Warehouse:
    """A copy of it: only what a delivery changes is built again."""
    shutil.copytree(bare.project.parent, tmp_path, dirs_exist_ok=True)
    project = tmp_path / bare.project.name
    return Warehouse(Settings(project, tmp_path / bare.data.name, project / "data" / "register"))


def give(warehouse: Warehouse, source: str, content: bytes) -> None:
    assert deliver(warehouse.settings, source, "2023", content).outcome == "nouvelle"


def violated(warehouse: Warehouse) -> list[str]:
    """The checks of the tables built here that fail."""
    specs = load_table_specs(warehouse.settings.sql)
    codes = codes_by_list(warehouse.settings.register)
    checks = {name: checks_of(specs[name], codes) for name in ("organismes", "usages")}
    con, _ = open_warehouse(warehouse.settings)
    with closing(con):
        return [result.check.code for result in run_checks(con, checks, full=False) if result.blocking]


def test_without_deliveries_nothing_changes(warehouse: Warehouse) -> None:
    assert warehouse.rows("select count(*) from curated.organismes") == [(0,)]
    found = warehouse.rows(
        "select count(*), count(*) filter (where confirme), count(*) filter (where confirme and finalite_environnementale), "
        "count(*) filter (where siren_statut = 'hors référence'), count(siren) filter (where siren_statut = 'hors référence') "
        "from curated.usages"
    )
    assert found == [(158, 126, 85, 24, 0)]
    assert violated(warehouse) == []


def test_bodies_that_contracts_name_answer_to_the_register(warehouse: Warehouse) -> None:
    office, epci, gone = siren("27300001"), siren("20006999"), siren("20035459")
    give(
        warehouse,
        "decp",
        decp(
            [
                ("283000016", "SCE DEPARTEMENTAL INCENDIE ET SECOURS", "30"),
                ("257400085", "SYNDICAT DES ENERGIES DE LA HAUTE SAVOIE (SYANE)", "74"),
                ("257400085", "SYNDICAT DES ENERGIES DE LA HAUTE SAVOIE (SYANE)", "74"),
                ("257400085", "SYANE", "74"),
                (office, "HABITAT DU GARD", "30"),
                (epci, "COMMUNAUTE DE COMMUNES DU VALLON", "30"),
                (gone, "AGGLOMERATION D AGEN", "47"),
                ("213001894", "VILLE DE NIMES", "30"),
                (siren("21300999"), "SDIS DE LA COMMUNE", "30"),
                ("510611056", "EAU DE PARIS", "75"),
                ("253300579", "SICTOM SUD GIRONDE", "33"),
            ]
        ),
    )
    warehouse.build(*BUILT)
    found = warehouse.rows(
        "select siren, nom, type, departement, noms, sources, nb_mentions, republiee from core.organismes order by 1"
    )
    syane = "SYNDICAT DES ENERGIES DE LA HAUTE SAVOIE (SYANE)"
    assert found == [
        ("257400085", syane, "syndicat", "74", ["SYANE", syane], ["decp"], 3, True),
        (office, "HABITAT DU GARD", "office_habitat", "30", ["HABITAT DU GARD"], ["decp"], 1, True),
        ("283000016", "SCE DEPARTEMENTAL INCENDIE ET SECOURS", "sdis", "30", ["SCE DEPARTEMENTAL INCENDIE ET SECOURS"], ["decp"], 1, True),
    ]  # fmt: skip
    assert warehouse.rows(PUBLISHED_USES) == [
        ("v023", "283000016", "organisme : SDIS du département"),
        ("v049", "257400085", "organisme : nom et département"),
    ]
    # Only authorities enter the figures: the number of authorities is what it was.
    assert warehouse.rows(
        "select count(distinct siren) from core.usages_figures where confirme and autorite and siren is not null"
    ) == [(93,)]
    assert warehouse.rows("select distinct licence from curated.organismes") == [("Licence Ouverte 2.0",)]
    assert violated(warehouse) == []


def test_a_doubt_gives_no_siren(warehouse: Warehouse) -> None:
    twins = [siren("25490008"), siren("25490009")]
    give(
        warehouse,
        "decp",
        decp(
            [
                (siren("25740008"), "SYANE", "73"),  # another département than the register's hint
                (siren("25740009"), "SYANE", ""),  # no département
                (siren("27740008"), "SYANE HABITAT", "74"),  # another name
                (siren("26740008"), "CCAS (SYANE)", "74"),  # the register says a syndicat
                (twins[0], "SIEML", "49"),
                (twins[1], "Siéml (budget annexe)", "49"),  # two bodies answer
            ]
        ),
    )
    warehouse.build(*BUILT)
    assert warehouse.rows(PUBLISHED_USES) == []
    assert warehouse.rows("select siren, candidats from core.organismes_resolus") == [(None, twins)]


def test_a_source_that_may_not_be_republished_names_but_does_not_publish(warehouse: Warehouse) -> None:
    sictom = "SICTOM SUD GIRONDE - SYNDICAT MIXTE POUR LA COLLECTE (SICTOM)"
    give(
        warehouse,
        "fonds_vert",
        fonds_vert([("253300578", sictom, "33"), (siren("20001259"), "PAITA", "988"), ("510611056", "X", "33")]),
    )
    warehouse.build(*BUILT)
    assert warehouse.rows("select siren, republiee from core.organismes") == [("253300578", False)]
    assert warehouse.rows("select siren, republiee from core.organismes_resolus") == [("253300578", False)]
    assert warehouse.rows("select * from curated.organismes") == []
    assert warehouse.rows(PUBLISHED_USES) == []

    epci, pole = siren("20006999"), siren("20007555")
    give(
        warehouse,
        "banatic_groupements",
        banatic(
            [
                ("253300578", "SICTOM du Sud-Gironde", "SMF", "33 - Gironde", "Jeanne Martin", "213300010"),
                ("253300578", "SICTOM du Sud-Gironde", "SMF", "33 - Gironde", "Jeanne Martin", "213300028"),
                (epci, "CC du Vallon", "CC", "33 - Gironde", "", ""),
                (pole, "Les Deux Rives", "PETR", "2A - Corse-du-Sud", "", ""),
                ("123456789", "Clé fausse", "SIVU", "33 - Gironde", "", ""),
                (pole, "Ailleurs", "PETR", "Gironde", "", ""),
            ],
            "Département",
        ),
    )
    warehouse.build(*BUILT, "core.rejets")
    found = warehouse.rows("select siren, nom, type, departement, noms, sources, nb_mentions from curated.organismes")
    assert sorted(found) == [
        (pole, "Les Deux Rives", "syndicat", "2A", ["Les Deux Rives"], ["banatic_groupements"], 1),
        ("253300578", "SICTOM du Sud-Gironde", "syndicat", "33", ["SICTOM du Sud-Gironde"], ["banatic_groupements"], 1),
    ]
    names = warehouse.rows("select noms, sources from core.organismes where siren = '253300578'")
    assert names == [(["SICTOM SUD GIRONDE - SYNDICAT MIXTE POUR LA COLLECTE (SICTOM)", "SICTOM du Sud-Gironde"], ["banatic_groupements", "fonds_vert"])]  # fmt: skip
    assert warehouse.rows(PUBLISHED_USES) == [("v074", "253300578", "organisme : nom et département")]
    rejected = warehouse.rows("select ligne, motif from core.rejets where source = 'banatic_groupements' order by 1")
    assert rejected == [
        (5, "« 123456789 » n'est pas un SIREN"),
        (6, "« Gironde » n'est pas un département"),
    ]
    loaded = warehouse.rows("select column_name from duckdb_columns() where schema_name = 'raw' and table_name = 'banatic_groupements'")  # fmt: skip
    assert ("Nom Président",) not in loaded
    assert violated(warehouse) == []


def test_a_use_resolved_to_an_unpublished_body_is_a_violation(warehouse: Warehouse) -> None:
    path = warehouse.settings.sql / "core" / "usages.sql"
    path.write_text(path.read_text(encoding="utf-8").replace(" and o.republiee", ""), encoding="utf-8")
    give(warehouse, "fonds_vert", fonds_vert([("253403539", "SYNDMC DU BASSIN DE THAU", "34")]))
    warehouse.build(*BUILT)
    assert [row[:2] for row in warehouse.rows(PUBLISHED_USES)] == [("v095", "253403539")]
    assert violated(warehouse) == ["USG-13"]


def test_an_epci_is_no_other_body_whatever_one_of_its_names_says(warehouse: Warehouse) -> None:
    """Outside the embedded reference: named as itself and as its régie or CIAS, or by a name that tells nothing."""
    epci, silent, regie, ccas = siren("20006799"), siren("20007158"), siren("20008000"), siren("26381005")
    give(
        warehouse,
        "decp",
        decp(
            [
                (epci, "CA DU VALLON", "60"),
                (epci, "REGIE CA DU VALLON OM", "60"),
                (silent, "LOCHES SUD VALLON", "37"),
                (regie, "REGIE DES EAUX DU VALLON", "37"),
                (ccas, "COMMUNE DU VALLON", "38"),
                (ccas, "CCAS DU VALLON", "38"),
            ]
        ),
    )
    warehouse.build(*BUILT)
    found = warehouse.rows("select siren, type from curated.organismes order by siren")
    assert found == [(regie, "regie"), (ccas, "ccas")]
    assert violated(warehouse) == []


def test_destroyed_letters_are_given_back_where_one_word_alone_has_them(warehouse: Warehouse) -> None:
    bodies = [siren(f"2574000{digit}") for digit in range(4)]
    give(
        warehouse,
        "decp",
        decp(
            [
                (bodies[0], "Syndicat de la Vall\ufffde de l\x92Ard\ufffdche", "07"),
                (bodies[1], "SYNDICAT DE LA VALL\ufffdE DE L'ARD\ufffdCHE", "07"),
                (bodies[2], "Syndicat du Pr\ufffd-Lab\ufffdo", "07"),  # two words, then none
                (bodies[3], "Syndicat de la vallée du Pré et du Prè", "07"),
            ]
        ),
    )
    warehouse.build(*BUILT, "curated.livraisons")
    found = dict(warehouse.rows("select siren, nom from curated.organismes"))
    assert [found[body] for body in bodies[:3]] == [
        "Syndicat de la Vallée de l’Ardèche",
        "SYNDICAT DE LA VALLÉE DE L'ARDÈCHE",
        "Syndicat du Pr\ufffd-Lab\ufffdo",
    ]
    repairs = "select reparations from curated.livraisons where source = 'decp'"
    assert "lettres détruites rendues au nom d'un organisme : 2" in warehouse.rows(repairs)[0][0]
    assert warehouse.rows("select siren from curated.organismes where caracteres_detruits(nom)") == [(bodies[2],)]


@pytest.fixture(scope="module")
def macros() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    macros_and_words(con)
    return con


def value(con: duckdb.DuckDBPyConnection, expression: str, *given: str) -> Any:
    row = con.execute(f"select {expression}", list(given)).fetchone()
    assert row
    return row[0]


@pytest.mark.parametrize(
    ("name", "number", "kind"),
    [
        ("SDIS 30", "28", "sdis"),
        ("S.D.I.S. DES YVELINES", "28", "sdis"),
        ("Service départemental d'incendie et de secours de la Charente", "28", "sdis"),
        ("Service D\ufffdpartemental Incendie et  Secours Eure et Loir - SDIS 28", "28", "sdis"),
        ("SERVICE D'INCENDIE ET DE SECOURS DE MARTINIQUE", "28", "sdis"),
        ("Syndicat des écoles", "20", "syndicat"),
        ("SYNDMC DU BASSIN DE THAU", "25", "syndicat"),
        ("Pôle d'Equilibre Territorial et Rural du Pays", "20", "syndicat"),
        ("SYADEN", "20", "autre"),
        ("SIEML", "25", "syndicat"),
        ("CDGFPT LOZERE", "28", "centre_gestion"),
        ("ccas de Faches Thumesnil", "26", "ccas"),
        ("CH de Vannes", "26", "hopital"),
        ("AGEN HABITAT OFF PUB HAB AGGLO AGEN", "27", "office_habitat"),
        ("MDPH de Seine-Maritime", "13", "gip"),
        ("Universit\ufffd de Strasbourg", "13", "enseignement"),
        ("RÉGIE CULTURELLE RÉGIONALE", "28", "regie"),
        ("SAIP - MAPA", "11", "etat"),
        ("MUSEE DU LOUVRE LENS", "20", "autre"),
    ],
)
def test_type_of_a_body(macros: duckdb.DuckDBPyConnection, name: str, number: str, kind: str) -> None:
    assert value(macros, "organisme_type(nom_plat(?), ?)", name, number + "0000000") == kind


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SDIS du Gard", "Service départemental d'incendie et de secours", True),
        ("Syndicat mixte du bassin de Thau", "SYNDMC DU BASSIN DE THAU", True),
        ("Sictom Sud-Gironde", "SICTOM SUD GIRONDE - SYNDICAT MIXTE POUR LA COLLECTE", True),
        ("Parc naturel régional des Pyrénées ariégeoises", "ASYMIX GESTION DU PARC NATUREL REGIONAL DES PYRENEES ARIEGEOISES", True),
        ("Syndicat audois d'énergies et du numérique (SYADEN)", "SYADEN", True),
        ("Parc naturel régional du Queyras", "SM DU PARC NATUREL REGIONAL DU LUBERON", False),
        ("Île-de-France Mobilités", "Syndicat des Transports d'Ile de France - lle de France Mobilit\ufffds", False),
        ("Syndicat (SICTOM)", "SICTOM", False),
        ("Syndicat mixte", "SYNDMC", False),
        ("Syndicat du Bois de l'Aumône (SBA)", "SBA", False),
    ],
)  # fmt: skip
def test_names_that_share_a_key(macros: duckdb.DuckDBPyConnection, one: str, other: str, same: bool) -> None:
    assert value(macros, "list_has_any(organisme_cles(?), organisme_cles(?))", one, other) is same
