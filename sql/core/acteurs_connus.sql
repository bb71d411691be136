-- The name and the type of each body whose SIREN may be published: authorities of the reference, then public bodies.
with autorites as (
    select
        siren,
        nom,
        type
    from core.territoires
    where siren is not null
    qualify row_number() over (partition by siren order by millesime desc, type, code) = 1
)

select
    siren,
    nom,
    type
from autorites
union all
select
    siren,
    nom,
    if(type = 'syndicat', 'syndicat', 'autre') as type
from core.organismes_portees
where portee = 'publiables'
