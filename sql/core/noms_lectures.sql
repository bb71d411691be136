-- The ways to read each name: as it is, without its brackets, the name in its brackets, without a closing acronym…
-- Each reading has a form ('' when bare), a key and what it is worth.
with source as (
    select
        n.nom_id,
        n.nom,
        n.type_indice,
        i.departements as departements_indice,
        i.voisins as voisins_indice,
        departements_du_code_postal(n.code_postal) as departements_postal,
        case when regexp_full_match(replace(n.siret, ' ', ''), '\d{9}|\d{14}') then left(replace(n.siret, ' ', ''), 9) end
            as siren_indice
    from core.noms_a_resoudre as n
    left join core.noms_indices as i on i.territoire_indice = n.territoire_indice
    where n.nom is not null
),

coupes as (
    select
        *,
        case
            when contains(nom, '(') then regexp_replace(nom, '\([^)]*\)?', ' ', 'g')
            else nom
        end as principal,
        case when contains(nom, '(') then nom_plat(regexp_extract(nom, '\(([^)]*)', 1)) end as parenthese,
        case when regexp_matches(nom, '\s[-–—:]\s') then regexp_split_to_array(nom, '\s+[-–—:]\s+') end as segments,
        contains(nom, '�') as troue
    from source
),

plats as (
    select
        * exclude (principal),
        nom_plat(principal) as plat
    from coupes
),

-- A département between brackets says where: « La Rochette (77) ».
situes as (
    select
        nom_id,
        type_indice,
        siren_indice,
        troue,
        case
            when regexp_full_match(parenthese, '\d[0-9ab]|97\d') then [upper(parenthese)]
            else departements_indice
        end as departements,
        case when regexp_full_match(parenthese, '\d[0-9ab]|97\d') then null else voisins_indice end as voisins,
        departements_postal,
        case when regexp_full_match(parenthese, '\d[0-9ab]|97\d') then null else parenthese end as parenthese,
        segments,
        plat,
        plat || coalesce(' ' || parenthese, '') as entier
    from plats
),

textes as (
    select
        nom_id,
        type_indice,
        siren_indice,
        departements,
        voisins,
        departements_postal,
        entier,
        troue,
        plat,
        1.0 as base,
        parenthese is not null and parenthese not in ('le', 'la', 'les', 'l', 'mairie', 'commune', 'ville') as partiel,
        false as force_forme
    from situes
    union all
    select
        nom_id, type_indice, siren_indice, departements, voisins, departements_postal, entier, troue,
        parenthese as plat, 0.95 as base, true as partiel, true as force_forme
    from situes
    where length(parenthese) > 3 and not contains(plat, ' ')
    union all
    select
        nom_id, type_indice, siren_indice, departements, voisins, departements_postal, entier, troue,
        nom_plat(segments[1]) as plat, 0.95 as base, true as partiel, true as force_forme
    from situes
    where len(segments) = 2 and not contains(trim(segments[2]), ' ')
    union all
    select
        nom_id, type_indice, siren_indice, departements, voisins, departements_postal, entier, troue,
        nom_plat(segments[2]) as plat, 0.95 as base, true as partiel, true as force_forme
    from situes
    where len(segments) = 2 and not contains(trim(segments[1]), ' ')
    union all
    select
        nom_id, type_indice, siren_indice, departements, voisins, departements_postal, entier, troue,
        nom_sans_bruit(plat) as plat, 0.97 as base, true as partiel, false as force_forme
    from situes
    where nom_sans_bruit(plat) <> plat
    union all
    select
        nom_id, type_indice, siren_indice, departements, voisins, departements_postal, entier, troue,
        'commune de ' || plat as plat, 0.98 as base, false as partiel, false as force_forme
    from situes
    where starts_with(plat, 'ville ') and type_indice is distinct from 'epci'
    union all
    select
        nom_id, type_indice, siren_indice, departements, voisins, departements_postal, entier, troue,
        regexp_replace(plat, ' \S+$', '') as plat, 0.93 as base, true as partiel, true as force_forme
    from situes
    where regexp_matches(plat, '^(?:cc|ca|cu|communaut\S*|cte) .* (?:\d?c[acu]|co)\S{1,5}$')
),

-- A partial reading of a name that tells of another body (« Ville de Lyon (CCAS) ») is no reading.
mots as (
    select
        list(mot order by mot) as mots,
        list(mot order by mot) filter (where "force" = 'forte') as forts
    from staging.noms_mots
),

formes as (
    select
        t.*,
        nom_forme(t.plat) as f,
        nom_numero(t.plat) as numero,
        t.partiel and list_has_any(string_split(t.entier, ' '), m.mots) as mot_etranger,
        t.partiel and list_has_any(string_split(t.entier, ' '), m.forts) as mot_fort
    from textes as t
    cross join mots as m
    where t.plat <> ''
),

lues as (
    select
        nom_id,
        type_indice,
        siren_indice,
        departements,
        voisins,
        departements_postal,
        troue,
        plat,
        base,
        force_forme,
        mot_etranger,
        mot_fort,
        case
            when numero <> '' then 'departement'
            when f.epci <> '' then 'epci'
            when f.commune <> '' then 'commune'
            when f.departement <> '' then 'departement'
            when f.region <> '' then 'region'
            when f.ept <> '' then 'ept'
            when f.collectivite <> '' then 'collectivite'
            when nom_finit_en_epci(plat) then 'epci'
            else ''
        end as forme,
        case
            when numero <> '' then numero
            when f.reste <> '' then trim(f.reste)
            else plat
        end as reste,
        f.reste = '' and (f.epci <> '' or f.commune <> '' or f.departement <> '' or f.region <> '' or f.ept <> '') as forme_seule
    from formes
)

select
    nom_id,
    type_indice,
    siren_indice,
    departements,
    voisins,
    departements_postal,
    forme,
    nom_avec_article(reste) as plat,
    nom_noyau(reste, forme) as cle,
    troue,
    cast(base as double) as base,
    force_forme and forme = '' as sigle_seul,
    forme <> '' and reste <> plat as forme_devant
from lues
where
    not mot_fort
    and not (mot_etranger and forme = '')
    and not (forme_seule and departements is null)
