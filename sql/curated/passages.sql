-- Every commune as it has been since 1943, in each vintage of the reference; and the authorities of the other levels
-- that stayed the same legal person under another code (Mayotte: 976D, then 976R). Between other dates:
-- passages_entre.
with vintages as (
    select distinct millesime
    from core.territoires
    where type = 'commune' and (select perimetre from core.perimetre) = 'complet'
),

-- The file of movements begins in 1943: what it does not say the beginning of begins there.
passages_depart as (
    select
        code,
        nom,
        lignee,
        coalesce(valide_du, date '1943-01-01') as debut
    from core.passages_etapes
),

passages_arrivee as (
    select
        e.code,
        e.nom,
        e.lignee,
        v.millesime as fin
    from core.passages_etapes as e
    inner join vintages as v
        on coalesce(e.valide_du <= v.millesime, true) and coalesce(e.valide_au >= v.millesime, true)
),

periodes as (
    select distinct
        code,
        coalesce(valide_du, date '1943-01-01') as debut,
        valide_au
    from core.passages_etapes
),

sirens_periodes as (
    select
        p.code,
        p.debut,
        s.siren,
        s.source,
        row_number() over (partition by p.code, p.debut order by s.millesime desc, s.priorite, s.siren) as rang
    from periodes as p
    inner join core.communes_siren_connus as s
        on s.code = p.code and s.millesime >= p.debut and coalesce(s.millesime <= p.valide_au, true)
),

-- A share between 0 and 1 comes from the populations of the pieces (core.passages_etapes).
sources_populations as (
    select list(distinct population_source order by population_source) as sources
    from core.passages_etapes
    where population_source is not null
),

communes as (
    select
        'commune' as type,
        l.code_de,
        l.nom_de,
        l.debut as valide_du,
        p.valide_au,
        l.code_vers,
        l.nom_vers,
        l.fin as millesime,
        l.nature,
        l.part
    from passages_liens('passages_depart', 'passages_arrivee') as l
    inner join periodes as p on p.code = l.code_de and p.debut = l.debut
),

autres as (
    select
        d.type,
        d.siren,
        d.code as code_de,
        d.nom as nom_de,
        d.millesime as valide_du,
        d.sources,
        lead(d.millesime) over (partition by d.siren, d.niveau order by d.millesime) - interval 1 day as valide_au
    from (
        select
            *,
            if(type = 'region', 'region', 'departement') as niveau
        from core.territoires
        where type in ('departement', 'collectivite_statut_particulier', 'region') and siren is not null
    ) as d
    inner join vintages as v on v.millesime = d.millesime
),

reunis as (
    select
        c.type,
        s.siren as siren_de,
        c.code_de,
        c.nom_de,
        t.siren as siren_vers,
        c.code_vers,
        c.nom_vers,
        c.nature,
        c.part,
        c.valide_du,
        c.valide_au,
        c.millesime,
        sources_de(
            ['cog_communes', 'cog_mouvements', s.source, t.source]
            || case when c.part < 1 then p.sources else [] end
        ) as sources
    from communes as c
    cross join sources_populations as p
    left join sirens_periodes as s on s.code = c.code_de and s.debut = c.valide_du and s.rang = 1
    left join core.communes_siren as t on t.code = c.code_vers and t.millesime = c.millesime
    union all
    select
        a.type,
        a.siren as siren_de,
        a.code_de,
        a.nom_de,
        t.siren as siren_vers,
        t.code as code_vers,
        t.nom as nom_vers,
        case
            when a.code_de <> t.code then 'changement de code'
            when a.nom_de <> t.nom then 'renommé'
            else 'inchangé'
        end as nature,
        1.0::double as part,
        a.valide_du,
        cast(a.valide_au as date) as valide_au,
        t.millesime,
        sources_de(a.sources || t.sources) as sources
    from autres as a
    inner join core.territoires as t
        on t.siren = a.siren
        and t.type in ('departement', 'collectivite_statut_particulier', 'region')
        and (t.type = 'region') = (a.type = 'region')
)

select
    r.type,
    r.siren_de,
    r.code_de,
    r.nom_de,
    r.siren_vers,
    r.code_vers,
    r.nom_vers,
    r.nature,
    r.part,
    r.valide_du,
    r.valide_au,
    r.millesime,
    r.sources,
    l.licence
from reunis as r
left join licences_de('reunis') as l on l.sources = r.sources
