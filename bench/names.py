"""Resolve 1,000,000 distinct noisy names over the whole reference: seconds by step, memory, and how right they are.

    python bench/names.py [../shared] [--count 1000000] [--json]

Names are made from the reference with the noise met in real files: forms of address, case, lost accents, hyphens,
« St », moved or lost articles, typing errors, truncation, accounting words, destroyed accents. 30 % have no hint at all;
5 % are names of other bodies that contain the name of an authority.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from observatoire.territories.names import resolve  # noqa: E402
from tests.real.names_reference import whole_reference  # noqa: E402

MEMORY = "2GB"
THREADS = 2

# h(k) is a uniform draw in [0, 1) for the row, the same at every run.
DRAWS = """
create or replace macro tirage(graine, k) as (hash(graine || '/' || k) % 1000003) / 1000003.0;
"""

GENERATE = """
create or replace table core.bruit as
with autorites as (
    select
        row_number() over (order by type, code) as numero,
        siren, type, nom, departements, region
    from core.territoires
    where siren is not null and millesime = (select max(millesime) from core.territoires as m where m.type = core.territoires.type)
        and not (type = 'collectivite_statut_particulier')
),

-- About 30 draws for each commune, as many as needed elsewhere for its share of real files.
graines as (
    select
        a.*,
        a.siren || '-' || t.essai as graine
    from autorites as a
    cross join (select unnest(range(1, {tries} + 1)) as essai) as t
),

tires as (
    select
        *,
        tirage(graine, 'forme') as f,
        tirage(graine, 'casse') as c,
        tirage(graine, 'article') as ar,
        tirage(graine, 'faute') as fa,
        tirage(graine, 'faute2') as fa2,
        tirage(graine, 'place') as pl,
        tirage(graine, 'lettre') as le,
        tirage(graine, 'fin') as fi,
        tirage(graine, 'tiret') as ti,
        tirage(graine, 'saint') as sa,
        tirage(graine, 'indice') as i,
        tirage(graine, 'dehors') as d,
        tirage(graine, 'garde') as g
    from graines
),

-- The bare name, its article moved or lost.
articles as (
    select
        *,
        case
            when type = 'epci' then regexp_replace(regexp_replace(nom, '^(CC|CA|CU) ', ''), '\\(.*?\\)|"|''''', '', 'g')
            when not regexp_matches(nom, '^(Le|La|Les) |^L''') then nom
            when ar < 0.10 then regexp_replace(nom, '^(Le|La|Les) |^L''', '')
            when ar < 0.15 then regexp_replace(nom, '^(Le|La|Les) (.*)$', '\\2 (\\1)')
            else nom
        end as n0
    from tires
),

fautes as (
    select
        *,
        case
            when fa >= 0.14 or length(n0) < 6 then n0
            when fa < 0.04 then left(n0, p) || substr(n0, p + 2)                                        -- letter lost
            when fa < 0.07 then left(n0, p) || substr(n0, p + 2, 1) || substr(n0, p + 1, 1) || substr(n0, p + 3)  -- swap
            when fa < 0.10 then left(n0, p) || chr(97 + cast(floor(le * 26) as integer)) || substr(n0, p + 2)     -- other
            else left(n0, p) || substr(n0, p, 1) || substr(n0, p + 1)                                   -- doubled
        end as n1
    from (select *, 2 + cast(floor(pl * (length(n0) - 3)) as integer) as p from articles)
),

graphies as (
    select
        *,
        if(sa < 0.3, regexp_replace(n1, '\\bSaint(e?)\\b', 'St\\1', 'g'), n1) as n2
    from fautes
),

formes as (
    select
        *,
        if(ti < 0.4, replace(n2, '-', ' '), n2) as n3,
        regexp_matches(strip_accents(n2), '^[AEIOUYHaeiouyh]') as voyelle
    from graphies
),

prefixes as (
    select
        *,
        case
            when d < 0.05 then
                list_extract(
                    ['SDIS de ', 'CCAS de ', 'Centre hospitalier de ', 'Syndicat mixte de ', 'Office de tourisme de ',
                     'SIAEP de ', 'Régie des eaux de ', 'Association des amis de ', 'OPH de ', 'Lycée de '],
                    1 + cast(floor(d * 200) as integer)
                ) || n3
            when type = 'commune' then
                case
                    when f < 0.45 then n3
                    when f < 0.60 then 'Commune ' || if(voyelle, 'd''', 'de ') || n3
                    when f < 0.75 then 'Mairie ' || if(voyelle, 'd''', 'de ') || n3
                    when f < 0.90 then 'Ville ' || if(voyelle, 'd''', 'de ') || n3
                    when f < 0.95 then 'COM ' || n3
                    else 'Mairie ' || n3
                end
            when type = 'epci' then
                case
                    when f < 0.5 then nature_courte || ' ' || n3
                    else nature_longue || ' ' || n3
                end
            when type = 'departement' then
                case
                    when f < 0.3 then 'Département ' || if(voyelle, 'd''', 'de ') || n3
                    when f < 0.6 then 'Conseil départemental ' || if(voyelle, 'd''', 'de ') || n3
                    when f < 0.8 then 'DEP ' || n3
                    else 'CD ' || departements[1]
                end
            when type = 'region' then if(f < 0.5, 'Région ' || n3, 'Conseil régional ' || n3)
            else n3
        end as n4
    from (
        select
            *,
            case when type = 'epci' then regexp_extract(nom, '^(CC|CA|CU) ', 1) end as nature_courte,
            case regexp_extract(nom, '^(CC|CA|CU) ', 1)
                when 'CC' then 'Communauté de communes'
                when 'CA' then 'Communauté d''agglomération'
                when 'CU' then 'Communauté urbaine'
                else ''
            end as nature_longue
        from formes
    )
),

finis as (
    select
        *,
        case
            when fi < 0.02 then left(n4, 30)
            when fi < 0.04 then n4 || ' - BUDGET PRINCIPAL'
            when fi < 0.06 then n4 || ' (' || departements[1] || ')'
            when fi < 0.08 then regexp_replace(n4, '[éèêàçôîû]', '�', 'g')
            else n4
        end as n5
    from prefixes
),

casses as (
    select
        *,
        trim(case
            when c < 0.35 then upper(strip_accents(n5))
            when c < 0.50 then strip_accents(n5)
            when c < 0.60 then lower(n5)
            when c < 0.65 then upper(n5)
            else n5
        end) as n6
    from finis
),

distincts as (
    select
        *,
        row_number() over (partition by n6 order by hash(graine), graine) as rang
    from casses
    where n6 <> '' and (type <> 'commune' or g < 0.97)
)

select
    printf('%07d', row_number() over (order by hash(graine), graine)) as nom_id,
    n6 as nom,
    case when i < 0.3 then null when tirage(graine, 'type') < 0.3 and d >= 0.05 then type end as type_indice,
    case
        when i < 0.3 then null
        when i < 0.75 then departements[1]
        when i < 0.9 then z.nom
    end as territoire_indice,
    cast(null as varchar) as siret,
    case when i >= 0.9 then rpad(replace(replace(departements[1], '2A', '20'), '2B', '20'), 5, '0') end as code_postal,
    if(d < 0.05, null, siren) as siren_vrai
from distincts
left join (select departements[1] as dep, nom from core.territoires
    where type = 'departement' and millesime = (select max(millesime) from core.territoires where type = 'departement')) as z
    on z.dep = departements[1]
where rang = 1
limit {count}
"""


def generate(con: duckdb.DuckDBPyConnection, count: int) -> int:
    """Create core.bruit: at most `count` distinct names, with the SIREN each was made from (none for other bodies)."""
    con.execute(DRAWS)
    con.execute(GENERATE.format(count=count, tries=max(4, count // 17_000)))
    row = con.execute("select count(*), count(distinct nom) from core.bruit").fetchone()
    assert row and row[0] == row[1]
    return int(row[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path, nargs="?", default=ROOT.parent / "shared")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        database = scratch / "bench.duckdb"
        with duckdb.connect(str(database)) as con:
            con.execute(f"set threads = {THREADS}")
            whole_reference(con, arguments.shared)
            count = generate(con, arguments.count)
        # A process of its own would be fairer still; a fresh connection gives the generator's memory back.
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with duckdb.connect(str(database)) as con:
            con.execute(f"set threads = {THREADS}")
            con.execute(f"set memory_limit = '{MEMORY}'")
            con.execute(f"set temp_directory = '{scratch / 'tmp'}'")
            start, used = time.perf_counter(), time.process_time()
            seconds = resolve(con, "core.bruit", "core.bruit_resolu")
            elapsed, cpu = time.perf_counter() - start, time.process_time() - used
            measured = con.execute(
                """select
                    b.territoire_indice is null and b.code_postal is null and b.type_indice is null as sans_indice,
                    count(*) filter (b.siren_vrai is not null),
                    count(*) filter (r.siren = b.siren_vrai),
                    count(*) filter (r.siren <> b.siren_vrai),
                    count(*) filter (b.siren_vrai is null),
                    count(*) filter (b.siren_vrai is null and r.siren is not null)
                from core.bruit as b inner join core.bruit_resolu as r on r.nom_id = b.nom_id
                group by 1 order by 1"""
            ).fetchall()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = {
        "names": count,
        "seconds": round(elapsed, 2),
        "cpu_seconds": round(cpu, 2),
        "steps": {step: round(value, 2) for step, value in seconds.items()},
        "memory_limit": MEMORY,
        "threads": THREADS,
        "peak_rss_mb": peak // 1024,
        "rss_before_mb": before // 1024,
        "hinted": dict(zip(("expected", "right", "wrong", "bodies", "attached"), measured[0][1:], strict=True)),
        "unhinted": dict(zip(("expected", "right", "wrong", "bodies", "attached"), measured[-1][1:], strict=True)),
    }
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False))
        return
    print(
        f"{count} noms distincts résolus en {elapsed:.1f} s, {cpu:.1f} s de calcul ({THREADS} fils, {MEMORY}, pic {peak // 1024} Mo)"
    )
    for step, value in seconds.items():
        print(f"  {step:16} {value:6.2f} s")
    for label, key in (("avec indice", "hinted"), ("sans indice", "unhinted")):
        counts = report[key]
        assert isinstance(counts, dict)
        print(
            f"  {label} : {counts['right']} justes sur {counts['expected']}, {counts['wrong']} faux ; "
            f"{counts['attached']} organismes rattachés sur {counts['bodies']}"
        )


if __name__ == "__main__":
    main()
