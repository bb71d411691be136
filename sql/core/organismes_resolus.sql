-- Names that are not those of an authority, and the public body that answers to them. One key and one place must agree,
-- and one body only: anything less gives no SIREN, and the candidates are kept.
with cherches as (
    select
        p.nom_id,
        p.nom,
        p.type_indice,
        i.departements,
        case when est_sdis(nom_plat(p.nom)) then sdis_lieu(nom_plat(p.nom)) end as lieu_du_nom
    from core.noms_a_resoudre as p
    inner join core.noms_resolus as r on r.nom_id = p.nom_id and r.siren_statut = 'hors référence'
    left join core.noms_indices as i on i.territoire_indice = p.territoire_indice
),

-- « SDIS du Gard » tells its département, which the hint must not contradict.
lieux as (
    select distinct
        nom_cle(plat) as cle,
        departements
    from core.noms_territoires
    where type in ('departement', 'collectivite_statut_particulier') and genre = 'officiel'
),

situes as (
    select
        c.nom_id,
        c.nom,
        c.type_indice,
        case
            when l.departements is null then c.departements
            when c.departements is null then l.departements
            else list_intersect(c.departements, l.departements)
        end as departements
    from cherches as c
    left join lieux as l on l.cle = nom_cle(c.lieu_du_nom)
),

cles_cherchees as (
    select
        nom_id,
        type_indice,
        departements,
        unnest(organisme_cles(nom)) as cle
    from situes
),

cles_connues as (
    select distinct
        siren,
        type,
        departement,
        republiee,
        unnest(organisme_cles(nom_vu)) as cle
    from (
        select
            siren,
            type,
            departement,
            republiee,
            unnest(noms) as nom_vu
        from core.organismes
    )
),

reponses as (
    select
        c.nom_id,
        k.siren,
        bool_or(k.republiee) as republiee,
        bool_or(k.cle = 'sdis') as sdis
    from cles_cherchees as c
    inner join cles_connues as k
        on k.cle = c.cle
        and list_contains(c.departements, k.departement)
        and (c.type_indice is distinct from 'syndicat' or k.type in ('syndicat', 'autre'))
    group by c.nom_id, k.siren
)

select
    nom_id,
    case when count(*) = 1 then min(siren) end as siren,
    count(*) = 1 and bool_and(republiee) as republiee,
    if(bool_or(sdis), 'organisme : SDIS du département', 'organisme : nom et département') as regle,
    list(siren order by siren) as candidats
from reponses
group by nom_id
