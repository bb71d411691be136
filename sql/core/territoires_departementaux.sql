-- The authorities that hold the powers of a département, by vintage (CTCD), each counted once: the plain
-- départements, and the seven that are something else (Alsace is one for 67 and 68, Lyon is also an EPCI, Paris is
-- also a commune). Mayotte is 976D until 2025 and 976R since its statute of 2026: the register knows its SIREN under
-- the latter.
with autorites as (
    select
        ctcd as code,
        millesime,
        list(distinct dep order by dep) as departements,
        min(reg) as region
    from core.communes_reference
    where ctcd is not null
    group by ctcd, millesime
),

nombres as (
    select
        ctcd as code,
        millesime,
        count(*) as nombre_communes
    from core.communes_reference
    where ctcd is not null
    group by ctcd, millesime
),

populations as (
    select
        ctcd as code,
        millesime,
        list(distinct population_source order by population_source) as sources,
        sum(population) as population,
        min(population_millesime) as population_millesime
    from core.communes_reference
    where ctcd is not null
    group by ctcd, millesime
    having count(*) = count(population) and count(distinct population_millesime) = 1
)

select
    t.siren,
    if(ends_with(a.code, 'D'), 'departement', 'collectivite_statut_particulier') as type,
    a.code,
    coalesce(nature_ctcd(a.code), 'departement') as nature_juridique,
    a.region,
    a.departements,
    if(ends_with(a.code, 'D'), coalesce(d.libelle, t.nom), coalesce(t.nom, d.libelle)) as nom,
    cast(p.population as integer) as population,
    p.population_millesime,
    n.nombre_communes,
    cast(null as bigint) as communes_absentes,
    sources_de(
        [
            'cog_communes',
            case when d.dep is not null then 'cog_departements' end,
            case when t.code is not null then 'territoires_cites' end
        ]
        || coalesce(p.sources, [])
    ) as sources,
    a.millesime
from autorites as a
left join staging.territoires_cites as t
    on t.code = if(a.code = '976D', '976R', a.code) and t.type in ('departement', 'collectivite_statut_particulier')
left join staging.cog_departements as d on d.dep = a.departements[1] and d.millesime = a.millesime
left join populations as p on p.code = a.code and p.millesime = a.millesime
left join nombres as n on n.code = a.code and n.millesime = a.millesime
