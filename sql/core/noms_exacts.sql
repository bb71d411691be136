-- Authorities whose key is exactly that of a reading. `admis` is false where a hint contradicts the authority.
with paires as (
    select
        l.*,
        t.siren,
        t.type,
        t.code,
        t.genre,
        t.departements,
        t.poids,
        case
            when t.plat = l.plat or t.type <> 'commune' or l.troue or t.genre = 'arrondissement' then 0
            when length(l.plat) > length(t.plat) then 0.06
            else 0.03
        end as ecart_article
    from core.noms_lectures as l
    inner join core.noms_territoires as t on t.forme = l.forme and t.cle = l.cle
    where not l.nulle and (not t.troue or l.troue) and (not l.sigle_seul or t.genre in ('sigle', 'usage'))
),

-- A département between brackets tells more than the hint; a postcode only chooses between equals.
situees as (
    select
        p.*,
        if(p.departement_lu is null, i.departements, [p.departement_lu]) as departements_indice,
        if(p.departement_lu is null, i.voisins, null) as voisins_indice,
        departements_du_code_postal(p.code_postal) as departements_postal
    from paires as p
    left join core.noms_indices as i on i.territoire_indice = p.territoire_indice
),

comparees as (
    select
        nom_id,
        siren,
        type,
        code,
        genre,
        forme,
        base * poids - ecart_article as base,
        case
            when type_indice is null then true
            when type_indice in ('syndicat', 'autre') then false
            when type_indice in ('epci', 'ept') then type in ('epci', 'ept') or code = '69M'
            when type_indice = 'commune' then type = 'commune' or code = '75C'
            when type_indice = 'departement' then type in ('departement', 'collectivite_statut_particulier')
            when type_indice = 'region' then type = 'region' or code in ('20R', '972R', '973R', '976R')
            when type_indice = 'collectivite_statut_particulier' then type in (type_indice, 'epci', 'commune')
            else type = type_indice
        end as type_admis,
        departements_indice is null or list_has_any(departements, departements_indice) as lieu_admis,
        coalesce(list_has_any(departements, voisins_indice), false) as voisin,
        coalesce(list_has_any(departements, departements_postal), false) as postal,
        departements_indice is not null or departements_postal is not null as situe
    from situees
),

notees as (
    select
        *,
        lieu_admis and (type_admis or forme <> '') as admis,
        base - if(type_admis, 0, 0.1) + if(postal, 0.06, 0) as score
    from comparees
),

meilleures as (
    select
        *,
        row_number() over (
            partition by nom_id, siren
            order by admis desc, score desc, type_admis desc, type desc, genre, forme, code
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
