-- Repairs made in codes because they were certain (a spreadsheet's lost zeros), by delivery and by kind.
with repares as (
    select 'cog_communes' as source, _livraison, unnest(reparations) as reparation from staging.cog_communes
    union all
    select 'cog_departements' as source, _livraison, unnest(reparations) as reparation from staging.cog_departements
    union all
    select 'cog_regions' as source, _livraison, unnest(reparations) as reparation from staging.cog_regions
    union all
    select 'cog_mouvements' as source, _livraison, unnest(reparations) as reparation from staging.cog_mouvements
    union all
    select 'epci_perimetres' as source, _livraison, unnest(reparations) as reparation from staging.epci_perimetres
    union all
    select 'epcicom' as source, _livraison, unnest(reparations) as reparation from staging.epcicom
    union all
    select 'banatic_siren' as source, _livraison, unnest(reparations) as reparation from staging.banatic_siren
    union all
    select 'populations' as source, _livraison, unnest(reparations) as reparation from staging.populations
)

select
    source,
    _livraison as livraison,
    reparation,
    count(*) as nombre
from repares
group by source, _livraison, reparation
