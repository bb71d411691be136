-- One authority in one vintage. The whole reference when it is there (core.perimetre), else the authorities that the
-- register cites, in the geography of 2025 that they were compiled in. A vintage holds what its deliveries hold:
-- communes, départements and régions follow the COG, EPCI and EPT follow the perimeters.
with complet as (
    select
        siren,
        'commune' as type,
        code,
        'commune' as nature_juridique,
        reg as region,
        epci_siren,
        [dep] as departements,
        nom,
        population,
        population_millesime,
        cast(null as bigint) as nombre_communes,
        cast(null as bigint) as communes_absentes,
        sources,
        millesime,
        valide_du,
        valide_au
    from core.communes_reference
    union all
    select
        siren,
        type,
        code,
        nature_juridique,
        region,
        cast(null as varchar) as epci_siren,
        departements,
        nom,
        population,
        population_millesime,
        nombre_communes,
        communes_absentes,
        sources,
        millesime,
        cast(null as date) as valide_du,
        cast(null as date) as valide_au
    from (
        select * from core.territoires_departementaux
        union all by name
        select * from core.territoires_regions
        union all by name
        select * from core.territoires_epci
    )
),

embarque as (
    select
        siren,
        type,
        code,
        coalesce(
            nature_juridique,
            nature_ctcd(code),
            case when type in ('commune', 'departement', 'region') then type when type = 'ept' then 'EPT' end
        ) as nature_juridique,
        region,
        cast(null as varchar) as epci_siren,
        departements,
        nom,
        population,
        case when population is not null then date '2025-01-01' end as population_millesime,
        cast(null as bigint) as nombre_communes,
        cast(null as bigint) as communes_absentes,
        ['territoires_cites'] as sources,
        date '2025-01-01' as millesime,
        cast(null as date) as valide_du,
        cast(null as date) as valide_au
    from staging.territoires_cites
),

reunis as (
    select c.*
    from complet as c
    inner join core.perimetre as p on p.perimetre = 'complet'
    union all by name
    select e.*
    from embarque as e
    inner join core.perimetre as p on p.perimetre = 'embarque'
),

-- Types of a single stratum take the label that the universe gives them, so that a coverage rate can join the two.
libelles as (
    select
        type,
        max_by(strate, [datediff('day', date '1900-01-01', millesime), _ligne]) as strate
    from staging.univers_collectivites
    where type in ('departement', 'region', 'collectivite_statut_particulier', 'ept')
    group by type
)

select
    r.siren,
    r.type,
    r.code,
    r.nature_juridique,
    r.region,
    r.epci_siren,
    case r.type
        when 'commune' then strate_commune(r.population)
        when 'epci' then r.nature_juridique
        else l.strate
    end as strate,
    r.departements,
    r.nom,
    r.population,
    r.population_millesime,
    r.nombre_communes,
    r.communes_absentes,
    sources_de(r.sources || [case when l.strate is not null then 'univers_collectivites' end]) as sources,
    r.millesime,
    r.valide_du,
    r.valide_au
from reunis as r
left join libelles as l on l.type = r.type
