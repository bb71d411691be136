-- How many authorities of each type and stratum a vintage holds: counted where the whole reference is there, as the
-- register says elsewhere: syndicats are in no reference, and the EPT of the reference are those that the register cites.
with comptes as (
    select
        t.type,
        t.strate,
        t.millesime,
        count(*) as nombre
    from core.territoires as t
    inner join core.perimetre as p on p.perimetre = 'complet'
    where t.strate is not null and t.type <> 'ept'
    group by t.type, t.strate, t.millesime
)

select
    coalesce(c.type, u.type) as type,
    coalesce(c.strate, u.strate) as strate,
    coalesce(c.millesime, u.millesime) as millesime,
    cast(coalesce(c.nombre, u.nombre) as integer) as nombre,
    cast(u.nombre as integer) as nombre_registre,
    if(c.type is not null, 'compté dans territoires', u.source) as source
from comptes as c
full join staging.univers_collectivites as u
    on u.type = c.type and u.strate = c.strate and u.millesime = c.millesime
