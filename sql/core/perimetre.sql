-- Whether the whole territorial reference is there (complet) or only the authorities that the register cites
-- (embarque). One row. It is whole when communes, départements, régions and EPCI are all in use, for at least one
-- vintage each.
with presences as (
    select
        'cog_communes' as source,
        count(*) as nombre
    from staging.cog_communes
    where typecom = 'COM'
    union all
    select
        'cog_departements' as source,
        count(*) as nombre
    from staging.cog_departements
    union all
    select
        'cog_regions' as source,
        count(*) as nombre
    from staging.cog_regions
    union all
    select
        'epci_perimetres ou epcicom' as source,
        (select count(*) from staging.epci_perimetres) + (select count(*) from staging.epcicom) as nombre
)

select
    case when min(nombre) > 0 then 'complet' else 'embarque' end as perimetre,
    coalesce(list(source order by source) filter (where nombre = 0), []) as sources_absentes
from presences
