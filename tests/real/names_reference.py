"""The whole reference for the tests and the benchmark of names, straight from the real deliveries."""

from __future__ import annotations

from pathlib import Path

import duckdb

from observatoire.warehouse.models import load_macros

ROOT = Path(__file__).resolve().parents[2]
REGISTER = ROOT / "data" / "register"


def macros_and_words(con: duckdb.DuckDBPyConnection) -> None:
    """The macros and the register's files about names, as the pipeline stages them."""
    pending = load_macros(ROOT / "sql")
    while pending:
        failed = []
        for macro in pending:
            try:
                con.execute(macro.statement)
            except duckdb.Error:  # it calls one of a later file
                failed.append(macro)
        assert len(failed) < len(pending), failed
        pending = failed
    for layer in ("raw", "staging", "core"):
        con.execute(f"create schema if not exists {layer}")
    for name in ("noms_usage", "noms_zones", "noms_mots"):
        con.execute(
            f"create or replace table raw.{name} as select *, '' as _livraison, row_number() over () as _ligne "
            f"from read_csv('{REGISTER / name}.csv', all_varchar = true, header = true, delim = ',')"
        )
        text = (ROOT / "sql" / "staging" / f"{name}.sql").read_text(encoding="utf-8")
        con.execute(f"create or replace table staging.{name} as {text}")


def names_of_territories(con: duckdb.DuckDBPyConnection) -> None:
    text = (ROOT / "sql" / "core" / "noms_territoires.sql").read_text(encoding="utf-8")
    con.execute(f"create or replace table core.noms_territoires as {text}")


def embedded_reference(con: duckdb.DuckDBPyConnection) -> None:
    """The cited authorities only, no COG: the perimeter « embarque »."""
    macros_and_words(con)
    con.execute(
        f"""create or replace table core.territoires as
        select
            siren,
            case when type in ('commune', 'epci', 'ept', 'departement', 'region') then type
                else 'collectivite_statut_particulier' end as type,
            code, nom, nature_juridique, string_split(departements, '|') as departements, region,
            cast(population_municipale as integer) as population, date '2025-01-01' as millesime
        from read_csv('{REGISTER / "territoires_cites.csv"}', all_varchar = true, header = true, delim = ',')"""
    )
    con.execute(
        "create or replace table staging.cog_communes (typecom varchar, com varchar, libelle varchar, comparent varchar)"
    )
    con.execute(
        "create or replace table staging.cog_mouvements (mod varchar, com_av varchar, libelle_av varchar, "
        "typecom_ap varchar, com_ap varchar)"
    )
    names_of_territories(con)


def whole_reference(con: duckdb.DuckDBPyConnection, deliveries: Path, scratch: Path) -> None:
    """Every commune and EPCI of the COG 2026 and of the perimeters of 2025, with the départements and régions cited."""
    from python_calamine import CalamineWorkbook

    embedded_reference(con)
    cog = deliveries / "insee-cog-2026"
    for table, name in (("cog_communes", "v_commune"), ("cog_mouvements", "v_mvt_commune"), ("dep", "v_departement")):
        con.execute(
            f"create or replace table staging.{table} as "
            f"select columns(lambda c: true) from read_csv('{cog}/{name}_2026.csv', all_varchar = true, header = true)"
        )
    perimeters = scratch / "perimetres.csv"
    source = deliveries / "dgcl-epci-2025" / "perimetre-epci-a-fp_datagouv_2025.csv"
    perimeters.write_text(source.read_text(encoding="cp1252"), encoding="utf-8")
    con.execute(
        f"create or replace table raw.perimetres as select * from "
        f"read_csv('{perimeters}', all_varchar = true, header = true, delim = ';') where siren is not null"
    )
    book = CalamineWorkbook.from_path(str(deliveries / "banatic-siren-2024" / "banatic_siren_insee_2024.xlsx"))
    rows = book.get_sheet_by_index(0).to_python()
    header = [str(cell) for cell in rows[0]]
    insee, siren = header.index("insee"), header.index("siren")
    banatic = scratch / "banatic.csv"
    banatic.write_text("".join(f"{row[insee]},{str(row[siren])[:9]}\n" for row in rows[1:]), encoding="utf-8")
    con.execute(
        f"create or replace table raw.banatic as select * from "
        f"read_csv('{banatic}', columns = {{'insee': 'VARCHAR', 'siren': 'VARCHAR'}}, header = false)"
    )
    con.execute(
        """create or replace table core.territoires as
        with sirens as (
            select insee, min(siren_membre) as siren from raw.perimetres group by insee
            union all
            select insee, siren from raw.banatic where insee not in (select insee from raw.perimetres)
        ),

        epci as (
            select
                siren,
                min(raison_sociale) as nom,
                min(nature_juridique) as nature_juridique,
                list(distinct dep_com order by dep_com) as departements,
                min(dept) as dept
            from raw.perimetres
            group by siren
        )

        select
            s.siren, 'commune' as type, c.com as code, c.libelle as nom, cast(null as varchar) as nature_juridique,
            [c.dep] as departements, c.reg as region, cast(null as integer) as population,
            date '2026-01-01' as millesime
        from staging.cog_communes as c
        left join sirens as s on s.insee = c.com
        where c.typecom = 'COM'
        union all
        select
            e.siren, 'epci' as type, e.siren as code, e.nom, e.nature_juridique, e.departements, d.reg, null,
            date '2026-01-01'
        from epci as e
        left join staging.dep as d on d.dep = e.dept
        union all
        select siren, type, code, nom, nature_juridique, departements, region, population, date '2026-01-01'
        from core.territoires
        where type not in ('commune', 'epci')"""
    )
    names_of_territories(con)
