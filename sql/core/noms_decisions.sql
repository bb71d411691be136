-- What became of each decision on a name: appliquée, obsolète (the rules now find the same), or non appliquée (the SIREN
-- is not of the reference, or no such name is read any more).
with noms as (
    select
        d._ligne as decision_id,
        count(*) as nombre,
        count(*) filter (where r.regle = 'décision') as appliques,
        count(*) filter (where r.siren_automatique is not distinct from d.siren and r.statut_automatique = 'résolu')
            as superflus
    from staging.noms_decisions as d
    inner join core.noms_a_resoudre as n
        on lower(trim(n.nom)) = lower(trim(d.nom))
        and (d.type_indice is null or d.type_indice = n.type_indice)
        and (d.territoire_indice is null or d.territoire_indice = n.territoire_indice)
    inner join core.noms_resolus as r on r.nom_id = n.nom_id
    group by d._ligne
),

connus as (
    select distinct siren
    from core.territoires
    where siren is not null
)

select
    d.nom,
    d.type_indice,
    d.territoire_indice,
    d.siren,
    d.motif,
    d.auteur,
    d.date,
    coalesce(n.nombre, 0) as nombre,
    case
        when d.siren is not null and c.siren is null then 'non appliquée'
        when n.nombre is null then 'non appliquée'
        when n.superflus = n.nombre then 'obsolète'
        else 'appliquée'
    end as etat,
    case
        when d.siren is not null and c.siren is null then 'le SIREN n''est pas de la référence'
        when n.nombre is null then 'ce nom n''est plus lu'
        when n.superflus = n.nombre then 'les règles trouvent désormais le même SIREN'
    end as raison
from staging.noms_decisions as d
left join noms as n on n.decision_id = d._ligne
left join connus as c on c.siren = d.siren
