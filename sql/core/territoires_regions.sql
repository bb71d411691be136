-- The regional councils of each vintage. Corse, Martinique, Guyane and Mayotte are single authorities: their région
-- is not another one, it is already counted at département level.
with regions as (
    select
        reg as code,
        libelle as nom,
        millesime
    from staging.cog_regions
    where reg not in ('02', '03', '06', '94')
),

departements as (
    select
        reg as code,
        millesime,
        list(distinct dep order by dep) as departements
    from staging.cog_departements
    group by reg, millesime
),

nombres as (
    select
        reg as code,
        millesime,
        count(*) as nombre_communes
    from core.communes_reference
    where reg is not null
    group by reg, millesime
),

populations as (
    select
        reg as code,
        millesime,
        list(distinct population_source order by population_source) as sources,
        sum(population) as population,
        min(population_millesime) as population_millesime
    from core.communes_reference
    group by reg, millesime
    having count(*) = count(population) and count(distinct population_millesime) = 1
)

select
    t.siren,
    'region' as type,
    r.code,
    'region' as nature_juridique,
    r.code as region,
    d.departements,
    r.nom,
    cast(p.population as integer) as population,
    p.population_millesime,
    n.nombre_communes,
    cast(null as bigint) as communes_absentes,
    sources_de(
        [
            'cog_regions',
            case when d.code is not null then 'cog_departements' end,
            case when n.code is not null then 'cog_communes' end,
            case when t.code is not null then 'territoires_cites' end
        ]
        || coalesce(p.sources, [])
    ) as sources,
    r.millesime
from regions as r
left join staging.territoires_cites as t on t.code = r.code and t.type = 'region'
left join departements as d on d.code = r.code and d.millesime = r.millesime
left join populations as p on p.code = r.code and p.millesime = r.millesime
left join nombres as n on n.code = r.code and n.millesime = r.millesime
