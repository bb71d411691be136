-- What each hint of territory stands for: a set of départements. A hint that says nothing known is left out.
with textes as (
    select distinct territoire_indice
    from core.noms_a_resoudre
    where territoire_indice is not null
),

-- The whole text first, then its parts (« Essonne / Seine-et-Marne »).
parties as (
    select
        territoire_indice,
        territoire_indice as partie
    from textes
    union
    select
        territoire_indice,
        unnest(regexp_split_to_array(territoire_indice, '\s*[/,;|&+()]\s*')) as partie
    from textes
),

lues as (
    select
        territoire_indice,
        upper(trim(partie)) as code,
        nom_forme(nom_plat(partie)) as f,
        nom_cle(nom_plat(partie)) as cle
    from parties
),

zones as (
    select
        cle,
        unnest(departements) as departement
    from core.noms_territoires
    where type in ('departement', 'region', 'collectivite_statut_particulier') and (forme <> '' or genre = 'officiel')
    union
    select
        nom_cle(nom_plat(nom)) as cle,
        unnest(departements) as departement
    from staging.noms_zones
),

codes as (
    select
        territoire_indice,
        case
            when regexp_full_match(code, '\d') then '0' || code
            when regexp_full_match(code, '\d[0-9AB]|97\d') then code
            when regexp_full_match(code, '97\d{3}|97\d[A-Z]') then left(code, 3)
            when regexp_full_match(code, '\d[0-9AB]\d{3}|\d[0-9AB]D') then left(code, 2)
        end as departement
    from lues
),

final as (
    select
        l.territoire_indice,
        z.departement
    from lues as l
    inner join zones as z
        on z.cle = l.cle or (l.f.reste <> '' and z.cle = nom_cle(trim(l.f.reste)))
    union
    select
        territoire_indice,
        departement
    from codes
    where departement is not null
)

select
    territoire_indice,
    list(departement order by departement) as departements
from final
group by territoire_indice
