-- Each body as all deliveries tell it (portee « toutes »), and as those that may be republished tell it (« publiables »).
-- Authorities that the reference does not hold (former ones, those of overseas countries) are left out: no name tells another
-- body, and one may be an authority's; or the SIREN is in 20 or 24, as those of EPCI and new communes are, and one name is an
-- authority's (others may name its régie or its CIAS). While the reference holds the authorities of the register alone, a SIREN
-- in 20 whose names tell nothing may be any of them (« Loches Sud Touraine »), unless BANATIC lists it.
with autorites as (
    select m.siren
    from core.organismes_mentions as m
    cross join core.perimetre as p
    group by m.siren
    having
        bool_or(m.autorite_banatic)
        or (bool_and(m.type = 'autre') and bool_or(m.autorite_possible))
        or (left(m.siren, 2) in ('20', '24') and bool_or(m.type = 'autre' and m.nom_d_autorite))
        or (left(m.siren, 2) = '20' and bool_and(m.type = 'autre') and bool_or(p.perimetre = 'embarque')
            and not bool_or(m.source = 'banatic_groupements'))
),

-- A fire service whose delivery gives no département tells it by its name.
lieux as (
    select
        nom_cle(plat) as cle,
        min(departements[1]) as departement
    from core.noms_territoires
    where type in ('departement', 'collectivite_statut_particulier') and genre = 'officiel' and len(departements) = 1
    group by 1
    having min(departements[1]) = max(departements[1])
),

retenues as (
    select
        m.* replace (
            coalesce(
                m.departement,
                nullif(upper(regexp_extract(m.lieu_du_nom, '^(\d[0-9ab]|97\d)\b', 1)), ''),
                l.departement
            ) as departement
        )
    from core.organismes_mentions as m
    anti join autorites as a on a.siren = m.siren
    left join lieux as l on l.cle = nom_cle(m.lieu_du_nom)
),

portees as (
    select
        'toutes' as portee,
        *
    from retenues
    union all
    select
        'publiables' as portee,
        *
    from retenues
    where republiee
),

noms as (
    select
        portee,
        siren,
        nom,
        min(ordre_source) as ordre_source,
        min(type) filter (where type <> 'autre') as type,
        sum(nb) as nb
    from portees
    group by portee, siren, nom
),

-- BANATIC's name first, then a name whose letters are whole, the most frequent, the longest, the first of the alphabet.
noms_ranges as (
    select
        *,
        row_number() over (
            partition by portee, siren
            order by ordre_source = 1 desc, caracteres_detruits(nom), nb desc, length(nom) desc, nom, siren
        ) as rang
    from noms
),

nommes as (
    select
        portee,
        siren,
        min(nom) filter (where rang = 1) as nom,
        coalesce(arg_min(type, rang) filter (where type is not null), 'autre') as type,
        list(nom order by nom) as noms,
        cast(sum(nb) as integer) as nb_mentions
    from noms_ranges
    group by portee, siren
),

-- The seat that BANATIC gives, else the most frequent; between equals, the one that an old SIREN carries.
departements as (
    select
        portee,
        siren,
        departement,
        row_number() over (
            partition by portee, siren
            order by min(ordre_source) = 1 desc, sum(nb) desc, departement = substr(siren, 3, 2) desc, departement, siren
        ) as rang
    from portees
    where departement is not null
    group by portee, siren, departement
),

origines as (
    select
        portee,
        siren,
        list(distinct source order by source) as sources,
        string_agg(distinct licence, ' ; ' order by licence) as licence,
        bool_or(republiee) as republiee
    from portees
    group by portee, siren
)

select
    n.portee,
    n.siren,
    n.nom,
    n.type,
    d.departement,
    n.noms,
    o.sources,
    o.licence,
    o.republiee,
    n.nb_mentions
from nommes as n
inner join origines as o on o.portee = n.portee and o.siren = n.siren
left join departements as d on d.portee = n.portee and d.siren = n.siren and d.rang = 1
