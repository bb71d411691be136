"""The two perimeters of the reference, for the tests and the benchmark of names."""

from __future__ import annotations

from pathlib import Path

import duckdb

from observatoire.warehouse.models import load_macros
from tests.territories.reference import real_reference

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
    con.execute(
        "create or replace table core.noms_decisions (decision_id varchar, nom varchar, type_indice varchar, "
        "territoire_indice varchar, siren varchar, siren_attendu varchar, date date, _ligne bigint)"
    )


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


def whole_reference(con: duckdb.DuckDBPyConnection, shared: Path) -> None:
    """The reference that the pipeline builds from all the real deliveries, and its names: the perimeter « complet »."""
    macros_and_words(con)
    built = real_reference(shared)
    for table in ("core.territoires", "staging.cog_communes", "staging.cog_mouvements"):
        copied = built.sql(f"select * from {table}").to_arrow_table()
        con.register("copied", copied)
        con.execute(f"create or replace table {table} as select * from copied")
        con.unregister("copied")
    names_of_territories(con)
