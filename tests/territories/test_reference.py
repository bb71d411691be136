"""The territorial reference on small deliveries: what bad input gets, and the default without any delivery."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from observatoire.settings import Settings
from tests.territories.reference import build, deliver, workspace

COG_HEADER = "TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT"
COG = f"""{COG_HEADER}
COM,01001,84,01,01D,012,5,ABERGEMENT CLEMENCIAT,Abergement-Clémenciat,L'Abergement-Clémenciat,0108,
COM,01004,84,01,01D,011,1,AMBERIEU EN BUGEY,Ambérieu-en-Bugey,Ambérieu-en-Bugey,0101,
COM,69123,84,69,69M,691,0,LYON,Lyon,Lyon,6999,
ARM,69381,84,69,69M,691,0,LYON 1ER ARRONDISSEMENT,Lyon 1er Arrondissement,Lyon 1er Arrondissement,6999,69123
COMD,01004,,,,,0,AUTRE,Autre,Autre,,01001
"""
DEPARTEMENTS = "DEP,REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n01,84,01053,5,AIN,Ain,Ain\n69,84,69123,2,RHONE,Rhône,Rhône\n"
REGIONS = (
    "REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n84,69123,1,AUVERGNE RHONE ALPES,Auvergne-Rhône-Alpes,Auvergne-Rhône-Alpes\n"
)
EPCI_HEADER = (
    "dept;siren;raison_sociale;nature_juridique;mode_financ;nb_membres;total_pop_tot;total_pop_mun;dep_com;insee;"
    "siren_membre;nom_membre;ptot_2025;pmun_2025"
)
EPCI = f"""{EPCI_HEADER}
01;200029999;CC Rives de l'Ain – Été;CC;FPU;2;15 156;14 873;01;01001;210100012;L'Abergement-Clémenciat;2 912;2 862
01;200029999;CC Rives de l'Ain – Été;CC;FPU;2;15 156;14 873;01;01004;210100046;Ambérieu-en-Bugey;12 300;12 011
69;200046977;Métropole de Lyon;MET69;FPU;1;520 774;520 774;69;69123;216901231;Lyon;520 774;520 774
;;;;;;;;;;;;;
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return workspace(tmp_path)


def rows(settings: Settings, query: str, *wanted: str) -> list[tuple[Any, ...]]:
    """The rows of a query, the wanted models having been built."""
    with closing(build(settings, *(wanted or ("curated.territoires",)))) as con:
        return con.execute(query).fetchall()


def whole(settings: Settings, cog: str = COG, epci: bytes | None = None) -> None:
    """Hand over the four deliveries that make the reference whole."""
    deliver(settings, "cog_communes", "2025", cog.encode())
    deliver(settings, "cog_departements", "2025", DEPARTEMENTS.encode())
    deliver(settings, "cog_regions", "2025", REGIONS.encode())
    deliver(settings, "epci_perimetres", "2025", EPCI.encode("cp1252") if epci is None else epci)


def test_without_deliveries_the_reference_is_the_register(settings: Settings) -> None:
    found = rows(
        settings,
        "select p.perimetre, count(*), count(t.siren), count(distinct t.millesime), count(t.epci_siren) "
        "from curated.territoires t cross join core.perimetre p group by 1",
    )
    with (settings.register / "territoires_cites.csv").open(encoding="utf-8") as register:
        written = sum(1 for _ in register) - 1
    assert found == [("embarque", written, written, 1, 0)]


def test_the_perimeter_says_which_source_is_absent(settings: Settings) -> None:
    deliver(settings, "cog_communes", "2025", COG.encode())
    assert rows(settings, "select perimetre, sources_absentes from core.perimetre", "core.perimetre") == [
        ("embarque", ["cog_departements", "cog_regions", "epci_perimetres ou epcicom"])
    ]


def test_without_the_whole_the_universe_is_that_of_the_register(settings: Settings) -> None:
    assert rows(
        settings, "select count(*) from curated.univers where nombre <> nombre_registre", "curated.univers"
    ) == [(0,)]


def test_the_register_counts_the_authorities_that_it_names(settings: Settings) -> None:
    """Mayotte is one of the 94 départements of 2025, and none of the six particular authorities."""
    assert rows(
        settings,
        "select u.type, u.nombre, count(*) from curated.univers u inner join curated.territoires t "
        "on t.type = u.type and t.strate = u.strate and t.millesime = u.millesime "
        "where u.type not in ('commune', 'epci') group by all order by 1",
        "curated.univers",
        "curated.territoires",
    ) == [
        ("collectivite_statut_particulier", 6, 6),
        ("departement", 94, 94),
        ("ept", 11, 11),
        ("region", 14, 14),
    ]


def test_each_authority_is_counted_once(settings: Settings) -> None:
    whole(settings)
    assert rows(settings, "select type, code, siren, epci_siren, population, strate from curated.territoires "
                "where type not in ('ept', 'region') order by type, code") == [
        ("collectivite_statut_particulier", "69M", "200046977", None, 520774, "collectivité à statut particulier"),
        ("commune", "01001", "210100012", "200029999", 2862, "[0 ; 3 500["),
        ("commune", "01004", "210100046", "200029999", 12011, "[10 000 ; 100 000["),
        ("commune", "69123", "216901231", "200046977", 520774, "[100 000 ; +["),
        ("departement", "01D", "220100010", None, 14873, "département"),
        ("epci", "200029999", "200029999", None, 14873, "CC"),
    ]  # fmt: skip


def test_each_row_says_which_sources_it_is_made_from(settings: Settings) -> None:
    """No source that gave nothing, none left out; a register alone when only the register is there."""
    licence = "Licence Ouverte 2.0"
    register = ["territoires_cites", "univers_collectivites"]
    assert rows(settings, "select distinct sources, licence from curated.territoires order by 1") == [
        (["territoires_cites"], licence), (register, licence),
    ]  # fmt: skip
    assert rows(settings, "select distinct sources, licence from curated.univers", "curated.univers") == [
        (["univers_collectivites"], licence)
    ]
    whole(settings)
    found = rows(
        settings, "select type, code, sources, licence from curated.territoires where type <> 'ept' order by 1, 2"
    )
    shared = ["cog_communes", "cog_departements", "epci_perimetres"]
    assert found == [
        ("collectivite_statut_particulier", "69M", [*shared, *register], licence),
        ("commune", "01001", ["cog_communes", "epci_perimetres"], licence),
        ("commune", "01004", ["cog_communes", "epci_perimetres"], licence),
        ("commune", "69123", ["cog_communes", "epci_perimetres"], licence),
        ("departement", "01D", [*shared, *register], licence),
        ("epci", "200029999", shared, licence),
        ("region", "84", ["cog_communes", "cog_departements", "cog_regions", "epci_perimetres", *register], licence),
    ]
    assert rows(settings, "select sources from curated.univers where type = 'commune' and strate = '[0 ; 3 500['",
                "curated.univers") == [(["cog_communes", "epci_perimetres", "univers_collectivites"],)]  # fmt: skip


def test_an_epci_file_in_utf_8_is_read_and_the_repair_is_told(settings: Settings) -> None:
    whole(settings, epci=EPCI.encode())
    assert rows(settings, "select nom from curated.territoires where type = 'epci'") == [("CC Rives de l'Ain – Été",)]
    assert rows(
        settings, "select reparations from core.livraisons where source = 'epci_perimetres'", "core.livraisons"
    ) == [(["encodage UTF-8 lu au lieu de cp1252"],)]


def test_an_empty_last_row_is_neither_a_record_nor_a_reject(settings: Settings) -> None:
    whole(settings)
    assert rows(settings, "select count(*), count(*) filter (where len(_motifs) > 0) from staging._epci_perimetres",
                "staging.epci_perimetres") == [(3, 0)]  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False])
def test_populations_are_read_whatever_their_spaces(zipped: bool, settings: Settings) -> None:
    """In the zip of INSEE, or as the file taken out of it by hand."""
    spaces = [" ", "\u00a0", "\u202f", ""]
    text = "DEP;COM;Commune;PMUN\n" + "".join(f"01;0100{n};X;15{space}934\n" for n, space in enumerate(spaces, 1))
    folder = io.BytesIO()
    with zipfile.ZipFile(folder, "w") as archive:
        archive.writestr("donnees_communes.csv", text)
    result = deliver(settings, "populations", "2023", folder.getvalue() if zipped else text.encode())
    assert result.outcome == "nouvelle", result.message
    assert rows(settings, "select com, population, millesime::varchar from staging.populations order by 1",
                "staging.populations") == [(f"0100{n}", 15934, "2026-01-01") for n in range(1, 5)]  # fmt: skip


def test_a_code_read_as_a_number_is_put_right_and_counted(settings: Settings) -> None:
    whole(settings, COG.replace(",01001,", ",1001,").replace("COM,01004,84,01,", "COM,1004,84,1,"))
    assert rows(settings, "select code from curated.territoires where type = 'commune' order by 1") == [
        ("01001",), ("01004",), ("69123",)
    ]  # fmt: skip
    assert rows(settings, "select source, reparation, nombre from core.territoires_reparations",
                "core.territoires_reparations") == [
        ("cog_communes", "COM : zéro ou casse perdus par un tableur, remis", 2),
    ]  # fmt: skip


def test_repairs_of_codes_reach_the_published_deliveries(settings: Settings) -> None:
    """Beside those made on reading; alert LIV-02 counts in « controles » the deliveries whose list is not empty."""
    with closing(duckdb.connect()) as con:
        con.execute("create schema core")
        con.execute("create table core.rejets (source varchar, livraison varchar, ligne bigint)")
        con.execute("create table core.territoires_reparations as select 'cog' as source, 'a' as livraison, "
                    "unnest(['COM : remis', 'DEP : remis']) as reparation, unnest([2, 1]) as nombre")  # fmt: skip
        con.execute("create table core.contrats_reparations as select 'decp' as source, 'c' as livraison, "
                    "'date illisible' as reparation, 2 as nombre")  # fmt: skip
        con.execute("create table core.organismes_lettres as select 'decp' as source, 'c' as livraison, 3 as nombre")
        con.execute("create table core.livraisons as select source, livraison, '2025' as millesime, null::date as "
                    "date_livraison, null as date_origine, null::date as date_reception, '' as url, 1 as octets, 1 as lignes, reparations, '' as licence from (values "
                    "('cog', 'a', ['encodage']), ('cog', 'b', []::varchar[]), ('decp', 'c', [])) as l (source, livraison, reparations)")  # fmt: skip
        query = (settings.sql / "curated" / "livraisons.sql").read_text(encoding="utf-8")
        found = con.execute(f"select livraison, reparations from ({query}) order by 1").fetchall()
    assert found == [
        ("a", ["encodage", "COM : remis : 2", "DEP : remis : 1"]),
        ("b", []),
        ("c", ["date illisible : 2", "lettres détruites rendues au nom d'un organisme : 3"]),
    ]


BAD_COG = {
    "COM,104,84,01,01D,,0,X,X,Code trop court,,": "COM",
    "COM,1.001E3,84,01,01D,,0,X,X,Code mangé,,": "COM",
    "COM,,84,01,01D,,0,X,X,Sans code,,": "COM",
    "COM,01002,84,XX,01D,,0,X,X,Sans département,,": "DEP",
    "COM,01003,Rhône-Alpes,01,01D,,0,X,X,Région en lettres,,": "REG",
    "VILLE,01005,84,01,01D,,0,X,X,Type inconnu,,": "TYPECOM",
    "ARM,69382,84,69,69M,,0,X,X,Sans commune parente,,": "COMPARENT",
    "COM,01006,84,01,01D,,0,X,X,,,": "LIBELLE",
    "COM,01004,84,01,01D,,0,X,X,Déjà dite,,": "COM",
}


def test_what_is_not_certain_is_set_aside_with_its_reason(settings: Settings) -> None:
    deliver(settings, "cog_communes", "2025", (COG + "\n".join(BAD_COG) + "\n").encode())
    found = rows(settings, "select _ligne, _motifs from staging._cog_communes order by 1", "staging.cog_communes")
    good = COG.count("\n") - 1
    assert [motifs for _, motifs in found[:good]] == [[]] * good
    assert [[motif.split(" : ")[0] for motif in motifs] for _, motifs in found[good:]] == [
        [c] for c in BAD_COG.values()
    ]


def test_a_cog_without_a_column_is_refused_in_one_line(settings: Settings) -> None:
    result = deliver(settings, "cog_communes", "2025", COG.replace("COMPARENT", "PARENT").encode())
    assert result.outcome == "refusée"
    assert result.message
    assert "\n" not in result.message
    assert result.message.startswith(
        "cog_communes 2025, fichier « cog_communes-2025 » : colonne « COMPARENT » absente "
    )
    assert "(trouvé « PARENT »). Livraison refusée" in result.message


def test_the_lower_case_headers_of_2019_are_read_without_ctcd(settings: Settings) -> None:
    lines = [line.split(",") for line in COG.strip().split("\n")]
    old = "\n".join(",".join(f'"{cell}"' for position, cell in enumerate(line) if position != 4) for line in lines)
    text = old.replace(lines[0][0], "typecom", 1)
    for name in lines[0][1:]:
        text = text.replace(f'"{name}"', f'"{name.lower()}"', 1)
    assert '"comparent"' in text
    assert "ctcd" not in text.lower()
    result = deliver(settings, "cog_communes", "2025", text.encode())
    assert result.outcome == "nouvelle", result.message
    assert rows(settings, "select typecom, count(*), count(ctcd) from staging.cog_communes group by 1 order by 1",
                "staging.cog_communes") == [("ARM", 1, 0), ("COM", 3, 0), ("COMD", 1, 0)]  # fmt: skip


BAD_EPCI = {
    "01;200029999;CC;CC;FPU;2;1;1;01;01002;210100013;Clé fausse;1;1": "siren_membre",
    "01;20002999;CC;CC;FPU;2;1;1;01;01003;210100046;SIREN court;1;1": "siren",
    "01;200029999;CC;SIVOM;FPU;2;1;1;01;01005;210100046;Nature inconnue;1;1": "nature_juridique",
    "01;200029999;CC;CC;FPU;2;1;1;01;01006;210100046;Population en lettres;1;cent": "pmun",
    "01;200029999;CC;CC;FPU;2;1;1;01;Pont;210100046;Code en lettres;1;1": "insee",
    "01;200029999;CC;CC;FPU;2;1;1;01;01004;210100046;Déjà dite;1;1": "insee",
}


def test_a_member_that_cannot_be_used_is_set_aside(settings: Settings) -> None:
    deliver(settings, "epci_perimetres", "2025", (EPCI + "\n".join(BAD_EPCI) + "\n").encode("cp1252"))
    query = "select _motifs from staging._epci_perimetres order by _ligne"
    found = [
        [motif.split(" : ")[0] for motif in motifs] for (motifs,) in rows(settings, query, "staging.epci_perimetres")
    ]
    assert found == [[]] * 3 + [[column] for column in BAD_EPCI.values()]


def workbook(records: Sequence[Sequence[object]], styles: str | None = None) -> bytes:
    """A workbook of one sheet; `styles` replaces its style sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for record in records:
        sheet.append(list(record))
    plain = io.BytesIO()
    book.save(plain)
    if styles is None:
        return plain.getvalue()
    mended = io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(mended, "w") as target:
        for name in source.namelist():
            target.writestr(name, styles if name == "xl/styles.xml" else source.read(name))
    return mended.getvalue()


BANATIC = [
    ("Reg_com", "dep_com", "siren", "insee", "nom_com", "ptot_2024", "pmun_2024", "pcap_2024"),
    ("84", "01", 210100012.0, "01001", "L'Abergement-Clémenciat", 848, 832, 16),
    ("84", 1, 210100046.0, 1004, "Ambérieu-en-Bugey", 15240, 14854, 386),
]
BROKEN_STYLES = (
    '<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<fonts count="1"><font><family val="99"/></font></fonts></styleSheet>'
)


def test_a_workbook_that_openpyxl_cannot_open_is_read(settings: Settings) -> None:
    import openpyxl

    content = workbook(BANATIC, BROKEN_STYLES)
    with pytest.raises(ValueError, match=r"."):
        openpyxl.load_workbook(io.BytesIO(content))
    result = deliver(settings, "banatic_siren", "2024", content)
    assert result.outcome == "nouvelle", result.message
    assert rows(
        settings, "select insee, siren, population from staging.banatic_siren order by 1", "staging.banatic_siren"
    ) == [
        ("01001", "210100012", 832),
        ("01004", "210100046", 14854),
    ]


def test_the_siren_of_a_commune_follows_the_precedence_and_its_movements(settings: Settings) -> None:
    """BANATIC of another vintage serves the commune that no EPCI holds, not the one that merged in between."""
    whole(settings, epci="\n".join(EPCI.split("\n")[:1] + EPCI.split("\n")[3:]).encode("cp1252"))
    deliver(settings, "banatic_siren", "2024", workbook(BANATIC))
    header = "MOD,DATE_EFF,TYPECOM_AV,COM_AV,LIBELLE_AV,TYPECOM_AP,COM_AP,LIBELLE_AP\n"
    merged = "32,2024-06-01,COM,01004,A,COM,01004,B\n32,2024-06-01,COM,01005,C,COM,01004,B\n"
    deliver(settings, "cog_mouvements", "2025", (header + merged).encode())
    found = rows(settings, "select code, siren, source, millesime_source::varchar from core.communes_siren order by 1",
                 "core.communes_siren")  # fmt: skip
    assert found == [
        ("01001", "210100012", "banatic_siren", "2024-01-01"),
        ("69123", "216901231", "epci_perimetres", "2025-01-01"),
    ]


def test_the_workbook_of_the_epci_serves_only_where_the_csv_is_not(settings: Settings) -> None:
    lines = [line.split(";") for line in EPCI.strip().split("\n")[:-1]]
    lines[1][2] = "CC du classeur"
    deliver(settings, "epcicom", "2025", workbook(lines))
    query = "select distinct raison_sociale, source from core.perimetre_epci where insee = '01001'"
    assert rows(settings, query, "core.perimetre_epci") == [("CC du classeur", "epcicom")]
    deliver(settings, "epci_perimetres", "2025", EPCI.encode("cp1252"))
    assert rows(settings, query, "core.perimetre_epci") == [("CC Rives de l'Ain – Été", "epci_perimetres")]


def test_a_shape_that_is_not_a_polygon_is_set_aside(settings: Settings) -> None:
    good = '{"properties": {"code": "01", "nom": "Ain"}, "geometry": {"type": "Polygon", "coordinates": [[[1, 2]]]}}'
    bad = '{"properties": {"code": "02", "nom": "Aisne"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}'
    deliver(settings, "contours_departements", "2025", f'{{"features": [{good}, {bad}]}}'.encode())
    found = rows(
        settings, "select code, _motifs from staging._contours_departements order by 1", "staging.contours_departements"
    )
    assert found == [("01", []), ("02", ["geometry : « Point » n'est pas un polygone"])]


def test_a_vintage_without_its_perimeter_keeps_its_siren_and_has_no_epci(settings: Settings) -> None:
    whole(settings)
    deliver(settings, "cog_communes", "2026", COG.encode())
    found = rows(settings, "select code, siren, epci_siren, population_millesime::varchar from curated.territoires "
                 "where type = 'commune' and millesime = date '2026-01-01' order by 1")  # fmt: skip
    assert found == [
        ("01001", "210100012", None, "2025-01-01"),
        ("01004", "210100046", None, "2025-01-01"),
        ("69123", "216901231", None, "2025-01-01"),
    ]


def test_a_member_that_the_cog_does_not_know_is_counted(settings: Settings) -> None:
    whole(
        settings,
        COG.replace("COM,01004,84,01,01D,011,1,AMBERIEU EN BUGEY,Ambérieu-en-Bugey,Ambérieu-en-Bugey,0101,\n", ""),
    )
    assert rows(settings, "select nombre_communes, communes_absentes from curated.territoires where type = 'epci'") == [
        (2, 1)
    ]
