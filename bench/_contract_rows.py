"""The contract rows of the benchmarks: 3.1 million, made from real ones.

They have the columns of the live consolidated file. Objects, buyers, codes, dates and amounts are drawn from real
deliveries and varied, so that keys, names and texts have the cardinality of the real file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

THREADS = 2
ROWS = 3_100_000

# h(k) is a whole number drawn for the row, the same at every run.
DRAW = "create or replace macro tirage(graine, k, n) as (hash(graine::varchar || '/' || k) % n)::bigint"

REAL = """
create table objets as
select row_number() over (order by objet, id) - 1 as numero, objet, nature, codeCPV, procedure, montant, dureeMois
from (
    select distinct on (m.objet) m.objet, m.id, m.nature, m.codeCPV, m.procedure, m.montant, m.dureeMois
    from (select unnest(marches) as m from read_json({json}, columns = {{
        marches: 'STRUCT(id VARCHAR, objet VARCHAR, nature VARCHAR, codeCPV VARCHAR, "procedure" VARCHAR,
                         montant VARCHAR, dureeMois VARCHAR)[]'
    }}, maximum_object_size = 100000000))
    where length(m.objet) > 15 and m.objet not like '%marche du siecle%'
    order by m.objet, m.id
);
create table acheteurs as
select row_number() over (order by acheteur_id) - 1 as numero, *
from (
    select acheteur_id, min(acheteur_nom) as nom, min(acheteur_departement_code) as departement,
        min(acheteur_region_code) as region
    from read_csv({csv}, all_varchar = true) group by acheteur_id
);
create table titulaires as
select row_number() over (order by titulaire_id) - 1 as numero, titulaire_id, min(titulaire_nom) as nom
from read_csv({csv}, all_varchar = true) where titulaire_id is not null group by titulaire_id;
"""

# A buyer of the real file stands for 20 buyers, a supplier for 60: about 60,000 buyers and 250,000 suppliers.
CONTRACTS = """
create table contrats as
with tires as (
    select
        i,
        tirage(i, 'a', 20) as a,
        case when tirage(i, 't', 100) < 84 then 1 when tirage(i, 't', 100) < 94 then 2 else 3 + tirage(i, 't2', 4) end as t,
        case when tirage(i, 'm', 100) < 89 then 0 when tirage(i, 'm', 100) < 96 then 1 else 2 + tirage(i, 'm2', 3) end as m,
        o, b
    from (select i, tirage(i, 'o', (select count(*) from objets)) as o,
                 tirage(i, 'b', (select count(*) from acheteurs)) as b from range({contracts}) as r(i))
)
select
    i, t, m, o.*, b.nom as acheteur_nom, b.departement, b.region,
    (b.acheteur_id::bigint - b.acheteur_id::bigint % 100000 + (b.acheteur_id::bigint + a * 17) % 100000)::varchar as acheteur_id,
    (2018 + tirage(i, 'an', 8))::varchar || upper(substr(md5(i::varchar), 1, 6)) || '00' as id,
    date '2018-01-01' + tirage(i, 'd', 2900)::integer as jour
from tires
inner join objets as o on o.numero = tires.o
inner join acheteurs as b on b.numero = tires.b
"""

ROWS_OF = """
select
    c.acheteur_id || c.id as uid, c.id, c.nature, c.acheteur_id, c.acheteur_nom,
    case when length(s.titulaire_id) = 14
        then (s.titulaire_id::bigint - s.titulaire_id::bigint % 100000 + (s.titulaire_id::bigint + tirage(c.i + c.k, 'e', 60) * 13) % 100000)::varchar
        else s.titulaire_id end as titulaire_id,
    if(length(s.titulaire_id) = 14, 'SIRET', 'HORS-UE') as "titulaire_typeIdentifiant", s.nom as titulaire_nom,
    c.objet || ' - ' || c.acheteur_nom || ' (' || tirage(c.i, 'lot', 90000) || ')' as objet,
    case when c.montant::double > 1e8 then c.montant
         else round(c.montant::double * (50 + tirage(c.i, 'x', 100)) / 100 * (1 + c.v / 10.0), 2)::varchar end as montant,
    ['Travaux', 'Services', 'Fournitures'][1 + tirage(c.numero, 'type', 3)] as type, c.codeCPV as "codeCPV", c.procedure,
    if(c.nature = 'Accord-cadre', 'Accord-cadre', 'Sans objet') as techniques, c.dureeMois as "dureeMois",
    '12.5' as "dureeRestanteMois", tirage(c.i, 'of', 12)::varchar as "offresRecues",
    (c.jour + 200 * c.v::integer)::varchar as "dateNotification", (c.jour + 200 * c.v::integer + 21)::varchar as "datePublicationDonnees",
    'Unitaire' as "formePrix", 'Définitif révisable' as "typesPrix", 'false' as "attributionAvance", '0' as "tauxAvance",
    'false' as "marcheInnovant", 'Bons de commande' as "modalitesExecution", 'Clause sociale' as "considerationsSociales",
    'Clause environnementale' as "considerationsEnvironnementales", 'Fournitures courantes et services' as ccag,
    'false' as "sousTraitanceDeclaree", 'Pas de groupement' as "typeGroupementOperateurs", null as "origineUE", null as "origineFrance",
    c.departement as "lieuExecution_code", 'Code département' as "lieuExecution_typeCode", null as "idAccordCadre",
    tirage(c.i + c.k, 'km', 600)::varchar as titulaire_distance, 'Commune' as acheteur_categorie,
    c.departement || '123' as acheteur_commune_code, c.acheteur_nom as acheteur_commune_nom,
    c.departement as acheteur_departement_code, 'Département ' || c.departement as acheteur_departement_nom,
    c.region as acheteur_region_code, 'Région ' || c.region as acheteur_region_nom,
    round(42 + tirage(c.numero, 'lat', 90000) / 10000.0, 5)::varchar as acheteur_latitude,
    round(tirage(c.numero, 'lon', 90000) / 10000.0, 5)::varchar as acheteur_longitude,
    if(tirage(c.i + c.k, 'cat', 10) < 8, 'PME', 'ETI') as titulaire_categorie,
    c.v::varchar as modification_id, (c.v = c.m)::varchar as "donneesActuelles",
    ['atexo_maximilien', 'aws', 'pes_marche', 'aife_dume', 'megalis'][1 + tirage(c.i, 's', 5)] as "sourceDataset",
    'https://www.data.gouv.fr/fr/datasets/r/' || md5((c.i // 4000)::varchar) as "sourceFile"
from (
    select *, tirage(i * 7 + k, 'titulaire', (select count(*) from titulaires)) as titulaire
    from (select *, unnest(range(m + 1)) as v from (select *, unnest(range(t)) as k from contrats))
) as c
inner join titulaires as s on s.numero = c.titulaire
"""


# In the order of the real file, the newest notified first. Nine new rows in ten are the newest; the others, published late,
# were notified in the year before (an eighth of the rows).
FILES = """
create table lignes as
select *, n <= {new} * 0.9 or n <= {rows} // 8 and tirage(n, 'retard', ({rows} // 8 - {new} * 9 // 10) * 10 // {new}) = 0 as nouvelle
from (select *, row_number() over (order by "dateNotification" desc, uid, titulaire_id, modification_id, objet) as n
      from (select * from ({source}) limit {rows}))
"""


def generate(deliveries: Path, out: Path, rows: int = ROWS) -> dict[str, Any]:
    """Write contrats (3.1 million rows) and contrats_suite (1 % more) in `out`, each in CSV and Parquet, and
    contrats_desordre (the rows of the latter in no order) in Parquet: their rows and bytes."""
    out.mkdir(parents=True, exist_ok=True)
    real_json = [str(path) for path in sorted((deliveries / "decp-2019").glob("*.json"))]
    real_csv = str(next((deliveries / "decp-consolide-2024").glob("*.csv")))
    with duckdb.connect() as con:
        con.execute(f"set threads = {THREADS}; set preserve_insertion_order = false; set memory_limit = '4GB'")
        con.execute("set enable_progress_bar = false")
        con.execute(DRAW)
        con.execute(REAL.format(json=repr(real_json), csv=repr(real_csv)))
        con.execute(CONTRACTS.format(contracts=int(rows / 1.3)))
        con.execute(FILES.format(source=ROWS_OF, rows=int(rows * 1.01), new=rows // 100))
        con.execute("set preserve_insertion_order = true")
        for name, which, order in (
            ("contrats", "where not nouvelle", "n"),
            ("contrats_suite", "", "n"),
            ("contrats_desordre", "", "hash(n)"),
        ):
            chosen = f"(select * exclude (n, nouvelle) from lignes {which} order by {order})"
            con.execute(f"copy {chosen} to '{out}/{name}.parquet' (format parquet, compression zstd)")
            if name != "contrats_desordre":
                con.execute(f"copy (from '{out}/{name}.parquet') to '{out}/{name}.csv' (header)")
        counted = con.execute(
            "select count(*), count(distinct uid), count(distinct objet), count(*) filter (nouvelle) from lignes"
        ).fetchone()
    assert counted
    return {
        "rows": counted[0],
        "contracts": counted[1],
        "objects": counted[2],
        "new": counted[3],
        "csv_mb": round((out / "contrats.csv").stat().st_size / 1e6),
        "parquet_mb": round((out / "contrats.parquet").stat().st_size / 1e6),
    }
