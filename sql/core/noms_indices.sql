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

zones_de_regions as (
    select distinct
        siren,
        unnest(departements) as departement
    from core.noms_territoires
    where type = 'region'
),

codes as (
    select
        territoire_indice,
        unnest(case
            when code = '97' then ['971', '972', '973', '974', '976']
            when regexp_full_match(code, '\d') then ['0' || code]
            when regexp_full_match(code, '20(\d{3})?') then ['2A', '2B']
            when regexp_full_match(code, '\d[0-9AB]|97\d') then [code]
            when regexp_full_match(code, '97\d{3}|97\d[A-Z]') then [left(code, 3)]
            when regexp_full_match(code, '\d[0-9AB]\d{3}|\d[0-9AB]D') then [left(code, 2)]
        end) as departement
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
),

-- The other départements of the same région: a hint is often that of a project or a service, not of the authority.
voisins as (
    select
        f.territoire_indice,
        v.departement
    from final as f
    inner join zones_de_regions as z on z.departement = f.departement
    inner join zones_de_regions as v on v.siren = z.siren
    union
    select
        territoire_indice,
        departement
    from final
),

listes as (
    select
        territoire_indice,
        list(departement order by departement) as voisins
    from voisins
    group by territoire_indice
)

select
    f.territoire_indice,
    list(f.departement order by f.departement) as departements,
    l.voisins
from final as f
inner join listes as l on l.territoire_indice = f.territoire_indice
group by f.territoire_indice, l.voisins
