-- Authorities whose key is exactly that of a reading. `admis` is false where a hint contradicts the authority.
with paires as (
    select
        l.nom_id,
        t.siren,
        t.type,
        t.genre,
        case
            when t.plat = l.plat or t.type <> 'commune' or l.troue or t.genre = 'arrondissement' then 0
            when length(l.plat) > length(t.plat) then 0.06
            else 0.03
        end as ecart_article,
        l.base * t.poids as base,
        case
            when l.type_indice is null then true
            when l.type_indice in ('syndicat', 'autre') then false
            when l.type_indice in ('epci', 'ept') then t.type in ('epci', 'ept') or t.code = '69M'
            when l.type_indice = 'commune' then t.type = 'commune' or t.code = '75C'
            when l.type_indice = 'departement' then t.type in ('departement', 'collectivite_statut_particulier')
            when l.type_indice = 'region' then t.type = 'region' or t.code in ('20R', '972R', '973R', '976R')
            when l.type_indice = 'collectivite_statut_particulier' then t.type in (l.type_indice, 'epci', 'commune')
            else t.type = l.type_indice
        end as type_admis,
        l.forme,
        l.departements is null or list_has_any(t.departements, l.departements) as lieu_admis,
        coalesce(list_has_any(t.departements, l.voisins), false) as voisin,
        coalesce(list_has_any(t.departements, l.departements_postal), false) as postal,
        l.departements is not null or l.departements_postal is not null as situe
    from core.noms_lectures as l
    inner join core.noms_territoires as t on t.forme = l.forme and t.cle = l.cle
    where (not t.troue or l.troue) and (not l.sigle_seul or t.genre in ('sigle', 'usage'))
),

notees as (
    select
        *,
        lieu_admis and (type_admis or forme <> '') as admis,
        base - if(type_admis, 0, 0.1) - ecart_article + if(postal, 0.06, 0) as score
    from paires
),

meilleures as (
    select
        *,
        row_number() over (
            partition by nom_id, siren
            order by admis desc, score desc, type_admis desc, type desc, genre, forme
        ) as rang
    from notees
)

select
    nom_id,
    siren,
    type,
    genre,
    forme,
    round(score, 6) as score,
    admis,
    voisin and (type_admis or forme <> '') as voisin,
    situe
from meilleures
where rang = 1
