"""The 24 names of the register that are bodies outside the reference, against the real procurement and grants."""

from __future__ import annotations

from pathlib import Path

import pytest

from observatoire.french import grouped
from observatoire.ingest import ingest_source
from observatoire.pipeline import Report, load_all_sources, refresh
from observatoire.release.store import current_release
from observatoire.settings import Settings
from tests.conftest import copy_project
from tests.helpers import Warehouse, asked, assert_licences_said, ingest_register
from tests.territories.reference import REAL

REFERENCE = ("cog_communes", "cog_departements", "cog_regions", "cog_mouvements", "epci_perimetres", "banatic_siren")

# SIREN, and whether a source that may be republished attests the body.
KNOWN = {
    ("v023", "SDIS du Gard"): ("283000016", True),
    ("v036", "SDIS de Vaucluse"): ("288400021", True),
    ("v049", "Syane"): ("257400085", True),
    ("v074", "Sictom Sud-Gironde"): ("253300578", False),
    ("v095", "Syndicat mixte du bassin de Thau"): ("253403539", False),
    ("v106", "Syndicat audois d'énergies et du numérique (SYADEN)"): ("200026789", True),
    ("v113", "Siéml"): ("254901309", True),
    ("v124", "SDIS des Bouches-du-Rhône"): ("281300020", False),
    ("v147", "Parc naturel régional des Pyrénées ariégeoises"): ("250901881", False),
}
# No delivery names them, or not surely: Île-de-France Mobilités is there under a damaged name, the SDEF under « SDE ».
UNKNOWN = {
    ("v004", "Syndicat du Bois de l'Aumône (SBA)"), ("v006", "Symat"), ("v033", "Vendée Numérique"), ("v082", "Smidom"),
    ("v092", "Siaap"), ("v104", "MDPH de Seine-Maritime"),
    ("v105", "Syndicat départemental d'électrification du Finistère (SDEF)"), ("v109", "SDeau50"), ("v110", "Géovendée"),
    ("v111", "Numérian"), ("v119", "Île-de-France Mobilités"), ("v123", "SDIS de la Gironde"),
    ("v130", "ARNia (Bourgogne-Franche-Comté)"), ("v146", "Parc naturel régional du Queyras"), ("v148", "Eau de Paris"),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    settings = copy_project(tmp_path_factory.mktemp("organismes"))
    ingest_register(settings)
    sources = load_all_sources(settings)
    folder = shared / "deliveries"
    files = [(name, folder / path) for (name, _), path in REAL.items() if name in REFERENCE]
    files += [("decp_2019", path) for path in sorted((folder / "decp-2019").glob("*.json"))]
    files += [("decp", path) for path in (folder / "decp-consolide-2024").glob("*.csv")]
    files += [("fonds_vert", folder / "fonds-vert-2023" / "fonds-vert-2023-export.csv")]
    for name, path in files:
        assert [result.outcome for result in ingest_source(settings, sources[name], path)] == ["nouvelle"]
    made = Warehouse(settings)
    made.build("curated.organismes", "curated.usages", "core.organismes_resolus", "core.usages_figures")
    return made


def test_nine_of_the_24_names_are_known_and_five_published(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select u.cle_source, u.collectivite, o.siren, coalesce(o.republiee, false), u.siren from curated.usages as u "
        "left join core.organismes_resolus as o on o.nom_id = u.usage_id where u.siren_statut = 'hors référence'"
    )
    assert len(rows) == 24
    assert {row[:2]: (row[2], row[3]) for row in rows if row[2]} == KNOWN
    assert {row[:2] for row in rows if row[2] is None} == UNKNOWN
    assert {row[:2]: row[4] for row in rows if row[4]} == {use: body for use, (body, open_) in KNOWN.items() if open_}


def test_bodies_of_the_real_deliveries(warehouse: Warehouse) -> None:
    assert warehouse.rows("select count(*), count(*) filter (where republiee) from core.organismes") == [(783, 329)]
    kinds = dict(warehouse.rows("select type, count(*) from core.organismes group by 1"))
    assert kinds["syndicat"] == 448 and kinds["sdis"] == 70 and kinds["office_habitat"] == 42
    assert (
        warehouse.rows(
            "select departement, count(*) from core.organismes where type = 'sdis' and departement is not null group by 1 having count(*) > 1"
        )
        == []
    ), "one fire service a département"


def test_no_authority_is_among_them(warehouse: Warehouse) -> None:
    found = warehouse.rows(
        "select o.siren from core.organismes as o semi join core.territoires as t on t.siren = o.siren"
    )
    assert found == []
    former = (
        "'200035459', '200040483', '200067270', '240100354', '200012508', '243500808'"  # former EPCI, communes, Nouméa
    )
    assert warehouse.rows(f"select siren from core.organismes where siren in ({former})") == []
    assert warehouse.rows("select siren from core.organismes where left(siren, 1) not in ('1', '2')") == []


def test_what_is_published_comes_from_what_may_be(warehouse: Warehouse) -> None:
    assert warehouse.rows("select distinct unnest(sources) as source from curated.organismes order by 1") == [
        ("decp",),
        ("decp_2019",),
    ]
    names = warehouse.rows("select noms from curated.organismes where siren = '200026789'")
    assert names == [(["SYNDICAT AUDOIS D'ENERGIES"],)], "« SYADEN » is the Fonds vert's"


def test_authorities_are_counted_as_before(warehouse: Warehouse) -> None:
    count = "select count(distinct siren) from core.usages_figures where confirme and autorite and siren is not null"
    assert warehouse.rows(count) == [(93,)]


def test_a_use_has_the_same_type_stratum_and_region_with_the_whole_reference_as_without(
    warehouse: Warehouse, released: tuple[Settings, Report]
) -> None:
    """Paris is a commune in both, though it is also a département."""
    query = "select usage_id, type_collectivite, strate, region from core.usages_figures where confirme order by 1"
    whole = warehouse.rows(query)
    assert ("commune", "[100 000 ; +[", "11") in {row[1:] for row in whole}
    assert Warehouse(released[0]).rows(query) == whole


def test_the_whole_reference_with_contracts_and_grants_makes_a_release(warehouse: Warehouse) -> None:
    report = refresh(warehouse.settings)
    release = current_release(warehouse.settings)
    assert release is not None and report.release == release.id and report.perimeter == "complet"
    [(base, lines)] = asked(
        f"select max(i.n), count(*) from '{release.path}/indicateurs.parquet' as i "
        f"inner join '{release.path}/indicateurs_lignes.parquet' as l on l.indicateur_id = i.indicateur_id "
        "where i.code = 'MAR-NB' and i.ventilation = '' and l.origine = 'candidats_comptes'"
    )
    assert base > 1_000 and lines > 10, "the groups of contracts of a figure are its lines"
    assert asked(f"select count(*) > 5 from '{release.path}/organismes.parquet'") == [(True,)]
    assert_licences_said(release)
    [(plan, mention)] = asked(
        f"select plan, mention from '{release.path}/indicateurs.parquet' where indicateur_id = 'MAR-NB'"
    )
    authorities = "semi join core.territoires as t on t.siren = c.acheteur_siren"
    [(undated, mute, buyers)] = warehouse.rows(
        "select count(*) filter (objet is not null and date_notification is null), count(*) filter (objet is null), "
        "count(distinct acheteur_siren) filter (objet is not null and date_notification is not null) "
        f"from core.contrats as c {authorities}"
    )
    [(others,)] = warehouse.rows("select count(*) from core.contrats as c anti " + authorities.removeprefix("semi "))
    assert min(undated, mute, buyers, others) > 100 and plan == "publication"
    assert f"{grouped(base)} marchés de {grouped(buyers)} acheteurs sont comptés" in mention
    assert f"{grouped(undated)} sans date de notification et {grouped(mute)} sans objet" in mention
    assert f"sur {grouped(base + undated + mute)}." in mention
    assert f"collectivités reconnues\u00a0: {grouped(others)}." in mention
    [(counted,)] = asked(
        f"select sum(mesure_ligne) from '{release.path}/indicateurs_lignes.parquet' where indicateur_id = 'MAR-NB'"
    )
    assert counted == base, "the base of a rate is computed again from its rows"
