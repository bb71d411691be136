-- Each name flat, its brackets apart, with its hints. A table of its own: what follows reads it several times.
with source as (
    select
        nom_id,
        nom,
        type_indice,
        territoire_indice,
        code_postal,
        case when regexp_full_match(replace(siret, ' ', ''), '\d{9}|\d{14}') then left(replace(siret, ' ', ''), 9) end
            as siren_indice
    from core.noms_a_resoudre
    where nom is not null
),

-- A name may be in two parts: « CAPI (Communauté d'agglomération…) », « Communauté de communes X - CCX ».
coupes as (
    select
        *,
        case when contains(nom, '(') then regexp_replace(nom, '\([^)]*\)?', ' ', 'g') else nom end as principal,
        case when contains(nom, '(') then nom_plat(regexp_extract(nom, '\(([^)]*)', 1)) end as parenthese,
        case when regexp_matches(nom, '\s[-–—:]\s') then regexp_split_to_array(nom, '\s+[-–—:]\s+') end as segments
    from source
),

final as (
    select
        *,
        nom_plat(principal) as plat,
        contains(nom, '�') as troue,
        case when len(segments) = 2 then nom_plat(segments[1]) end as avant,
        case when len(segments) = 2 then nom_plat(segments[2]) end as apres
    from coupes
)

select
    nom_id,
    type_indice,
    siren_indice,
    territoire_indice,
    code_postal,
    plat,
    nom_sans_bruit(plat) as plat_sans_bruit,
    case when not regexp_full_match(parenthese, '\d[0-9ab]|97\d') then parenthese end as parenthese,
    case when regexp_full_match(parenthese, '\d[0-9ab]|97\d') then upper(parenthese) end as departement_lu,
    avant,
    apres,
    troue
from final
