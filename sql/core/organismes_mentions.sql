-- How public bodies outside the reference are named in official deliveries: one row per SIREN, source, name and département.
-- Letters destroyed in a name are given back where they are certain (core.organismes_lettres).
-- Public bodies only: their SIREN begins with 1 or 2 and its key is right; BANATIC's list is taken as it is. A SIREN in 21,
-- 22 or 23 is an authority's, known or former.
with vues as (
    select
        'banatic_groupements' as source,
        1 as ordre_source,
        siren,
        nom,
        departement,
        nature_juridique,
        siren as cle
    from staging.banatic_groupements
    union all
    select
        'decp' as source, 2 as ordre_source, acheteur_siren as siren, acheteur_nom as nom, departement,
        null as nature_juridique, uid as cle
    from staging.decp
    union all
    select
        'decp_2019' as source, 3 as ordre_source, acheteur_siren as siren, acheteur_nom as nom, null as departement,
        null as nature_juridique, uid as cle
    from staging.decp_2019
    union all
    select
        'fonds_vert' as source, 4 as ordre_source, siren, beneficiaire_public as nom, departement,
        null as nature_juridique, dossier as cle
    from staging.fonds_vert
),

comptees as (
    select
        v.source,
        v.ordre_source,
        v.siren,
        organisme_nom(v.nom) as nom,
        v.departement,
        v.nature_juridique,
        count(distinct v.cle) as nb
    from vues as v
    where
        v.siren is not null
        and not blanc(v.nom)
        and (v.source = 'banatic_groupements' or est_siren_public(v.siren))
        and left(v.siren, 2) not in ('21', '22', '23')
    group by all
),

lettres as (
    select distinct
        source,
        nom,
        nom_rendu
    from core.organismes_lettres
),

hors_reference as (
    select
        c.* replace (coalesce(l.nom_rendu, c.nom) as nom)
    from comptees as c
    left join lettres as l on l.source = c.source and l.nom = c.nom
    anti join core.territoires as t on t.siren = c.siren
    where est_siren(c.siren)
),

typees as (
    select
        *,
        nom_plat(nom) as plat,
        groupement_genre(nature_juridique) as genre
    from hors_reference
)

select
    t.source,
    t.ordre_source,
    t.siren,
    t.nom,
    case when est_departement(t.departement) then t.departement end as departement,
    coalesce(nullif(t.genre, 'reference'), organisme_type(t.plat, t.siren)) as type,
    coalesce(t.genre = 'reference', false) as autorite_banatic,
    est_nom_d_autorite(t.plat) as nom_d_autorite,
    est_nom_d_autorite(t.plat) or starts_with(t.siren, '24') or coalesce(starts_with(t.departement, '98'), false)
        as autorite_possible,
    case when est_sdis(t.plat) then sdis_lieu(t.plat) end as lieu_du_nom,
    s.republiee,
    s.licence,
    cast(t.nb as integer) as nb
from typees as t
inner join core.sources as s on s.source = t.source
