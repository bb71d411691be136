-- EPCI with own taxation and EPT, by vintage of the perimeters. The Métropole de Lyon (MET69) is in these files too;
-- it is counted once, as the département-level authority 69M. The EPT of Grand Paris are in none: the register lists
-- them.
with epci as (
    select
        p.siren,
        p.millesime,
        min(p.nature_juridique) as nature_juridique,
        min(p.raison_sociale) as nom,
        min(p.departement_siege) as departement_siege,
        min(p.population_epci) as population,
        min(p.source) as source,
        list(distinct p.departement order by p.departement) as departements
    from core.perimetre_epci as p
    where p.nature_juridique <> 'MET69'
    group by p.siren, p.millesime
),

-- The région of the seat, as known in the vintage or else in the newest one.
regions as (
    select
        e.siren,
        e.millesime,
        max_by(d.reg, [cast(d.millesime = e.millesime as integer), datediff('day', date '1900-01-01', d.millesime)])
            as region
    from epci as e
    inner join staging.cog_departements as d on d.dep = e.departement_siege
    group by e.siren, e.millesime
),

-- Members that the COG of the vintage does not know; not to be told when that COG is not in use.
absences as (
    select
        p.siren,
        p.millesime,
        count(*) as nombre_communes,
        count(*) filter (where c.code is null) as communes_absentes
    from core.perimetre_epci as p
    left join core.communes_reference as c on c.code = p.insee and c.millesime = p.millesime
    group by p.siren, p.millesime
),

cog as (
    select distinct millesime
    from core.communes_reference
),

vintages as (
    select distinct millesime
    from core.perimetre_epci
)

select
    e.siren,
    'epci' as type,
    e.siren as code,
    e.nature_juridique,
    r.region,
    e.departements,
    e.nom,
    e.population,
    e.millesime as population_millesime,
    a.nombre_communes,
    case when g.millesime is not null then a.communes_absentes end as communes_absentes,
    sources_de([
        e.source,
        case when r.region is not null then 'cog_departements' end,
        case when g.millesime is not null then 'cog_communes' end
    ]) as sources,
    e.millesime
from epci as e
inner join absences as a on a.siren = e.siren and a.millesime = e.millesime
left join cog as g on g.millesime = e.millesime
left join regions as r on r.siren = e.siren and r.millesime = e.millesime
union all
select
    t.siren,
    t.type,
    t.code,
    'EPT' as nature_juridique,
    t.region,
    t.departements,
    t.nom,
    t.population,
    cast(null as date) as population_millesime,
    cast(null as bigint) as nombre_communes,
    cast(null as bigint) as communes_absentes,
    ['territoires_cites'] as sources,
    v.millesime
from staging.territoires_cites as t
cross join vintages as v
where t.type = 'ept'
