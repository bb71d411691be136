-- How many authorities of each type and stratum a vintage holds: counted where the whole reference is there, as the
-- register says elsewhere: syndicats are in no reference, and the EPT of the reference are those that the register cites.
with comptes as (
    select
        t.type,
        t.strate,
        t.millesime,
        sources_de(flatten(list(distinct t.sources order by t.sources))) as sources,
        count(*) as nombre
    from core.territoires as t
    inner join core.perimetre as p on p.perimetre = 'complet'
    where t.strate is not null and t.type <> 'ept'
    group by t.type, t.strate, t.millesime
),

confrontes as (
    select
        coalesce(c.type, u.type) as type,
        coalesce(c.strate, u.strate) as strate,
        coalesce(c.millesime, u.millesime) as millesime,
        cast(coalesce(c.nombre, u.nombre) as integer) as nombre,
        cast(u.nombre as integer) as nombre_registre,
        if(c.type is not null, 'compté dans territoires', u.source) as origine,
        sources_de(
            coalesce(c.sources, []) || [case when u.type is not null then 'univers_collectivites' end]
        ) as sources
    from comptes as c
    full join staging.univers_collectivites as u
        on u.type = c.type and u.strate = c.strate and u.millesime = c.millesime
)

select
    c.type,
    c.strate,
    c.millesime,
    c.nombre,
    c.nombre_registre,
    c.origine,
    c.sources,
    l.licence
from confrontes as c
left join licences_de('confrontes') as l on l.sources = c.sources
