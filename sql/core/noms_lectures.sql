-- The ways to read each name: as it is, without its brackets, the name in its brackets, without a closing acronym…
-- Each reading has a form ('' when bare), a key and what it is worth. `nulle` tells a reading not to be used.
with entiers as (
    select
        nom_id,
        plat,
        plat as entier,
        1.0 as base,
        false as partiel,
        false as force_forme
    from core.noms_plats
    where parenthese is null or parenthese in ('le', 'la', 'les', 'l', 'mairie', 'commune', 'ville')
    union all
    select
        nom_id, plat, plat || ' ' || parenthese as entier, 1.0 as base, true as partiel, false as force_forme
    from core.noms_plats
    where parenthese is not null and parenthese not in ('le', 'la', 'les', 'l', 'mairie', 'commune', 'ville')
),

-- A part of a name is only read alone when the other part is a single word, an acronym most often.
parties as (
    select nom_id, parenthese as plat, plat || ' ' || parenthese as entier, 0.95 as base, true as partiel, true as force_forme
    from core.noms_plats
    where length(parenthese) > 3 and not contains(plat, ' ')
    union all
    select nom_id, avant as plat, plat as entier, 0.95 as base, true as partiel, true as force_forme
    from core.noms_plats
    where avant is not null and not contains(apres, ' ')
    union all
    select nom_id, apres as plat, plat as entier, 0.95 as base, true as partiel, true as force_forme
    from core.noms_plats
    where apres is not null and not contains(avant, ' ')
),

-- Without the words of accounting, without a closing acronym, and « Ville-sur-Illon », which is no « Ville de ».
autres as (
    select nom_id, plat_sans_bruit as plat, plat as entier, 0.97 as base, true as partiel, false as force_forme
    from core.noms_plats
    where plat_sans_bruit <> plat
    union all
    select
        nom_id, regexp_replace(plat, ' \S+$', '') as plat, plat as entier, 0.93 as base, true as partiel,
        true as force_forme
    from core.noms_plats
    where
        starts_with(plat, 'c')
        and regexp_matches(plat, '^(?:cc|ca|cu|communaut\S*|cte) .* (?:\d?c[acu]|co)\S{1,5}$')
    union all
    select nom_id, 'commune de ' || plat as plat, plat as entier, 0.98 as base, false as partiel, false as force_forme
    from core.noms_plats
    where starts_with(plat, 'ville ') and type_indice is distinct from 'epci'
),

mots as (
    select
        list(mot order by mot) as mots,
        list(mot order by mot) filter (where "force" = 'forte') as forts
    from staging.noms_mots
),

-- A partial reading of a name that tells of another body (« Ville de Lyon (CCAS) ») is no reading.
textes as (
    select
        t.nom_id,
        t.plat,
        t.base,
        t.force_forme,
        case when t.partiel then list_has_any(string_split(t.entier, ' '), m.mots) else false end as mot_etranger,
        case when t.partiel then list_has_any(string_split(t.entier, ' '), m.forts) else false end as mot_fort
    from (select * from entiers union all select * from parties union all select * from autres) as t
    cross join mots as m
    where t.plat <> ''
),

decoupes as (
    select
        *,
        nom_forme(plat) as f,
        nom_numero(plat) as numero
    from textes
),

lues as (
    select
        * exclude (f),
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
        end as reste
    from decoupes
),

final as (
    select
        l.nom_id,
        p.type_indice,
        p.siren_indice,
        p.territoire_indice,
        p.departement_lu,
        p.code_postal,
        p.troue,
        l.forme,
        nom_avec_article(l.reste) as plat,
        nom_noyau(l.reste, l.forme) as cle,
        cast(l.base as double) as base,
        l.force_forme and l.forme = '' as sigle_seul,
        l.forme <> '' and l.reste <> l.plat as forme_devant,
        l.mot_fort
        or (l.mot_etranger and l.forme = '')
        or (l.forme <> '' and l.reste = l.plat and not nom_finit_en_epci(l.plat) and p.territoire_indice is null) as nulle
    from lues as l
    inner join core.noms_plats as p on p.nom_id = l.nom_id
)

select
    nom_id,
    type_indice,
    siren_indice,
    territoire_indice,
    departement_lu,
    code_postal,
    troue,
    forme,
    plat,
    cle,
    base,
    sigle_seul,
    forme_devant,
    nulle
from final
