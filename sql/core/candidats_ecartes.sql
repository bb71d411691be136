-- The contracts that rates count, by how many buyers, and those that are in none of them, each for its first reason.
with autorites as (
    select distinct t.siren
    from core.territoires as t
    inner join core.millesime_reference as m on m.millesime = t.millesime
    inner join core.perimetre as p on p.perimetre = 'complet'
    where t.siren is not null
),

marches as (
    select
        c.acheteur_siren as siren,
        case
            when not s.republiee then 'non_republie'
            when a.siren is null then 'autre_acheteur'
            when c.objet is null then 'sans_objet'
            when c.date_notification is null then 'sans_date'
            else 'compte'
        end as sort
    from core.contrats as c
    inner join core.sources as s on s.source = c.source
    left join autorites as a on a.siren = c.acheteur_siren
    where c.contrat_cle not in (select d.contrat_cle from core.contrats_doublons as d)
)

select
    count(*) filter (sort = 'compte') as comptes,
    count(distinct siren) filter (sort = 'compte') as acheteurs,
    count(*) filter (sort = 'sans_date') as sans_date,
    count(*) filter (sort = 'sans_objet') as sans_objet,
    count(*) filter (sort = 'autre_acheteur') as autres_acheteurs,
    count(*) filter (sort = 'non_republie') as non_republies
from marches
