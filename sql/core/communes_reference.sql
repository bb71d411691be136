-- One commune of one vintage, with its SIREN, its EPCI, its population and since when it has been as it is.
-- Its EPCI is empty when it has none, or when the perimeter of that vintage is not in use.
with communes as (
    select
        com as code,
        libelle as nom,
        dep,
        reg,
        ctcd,
        millesime
    from staging.cog_communes
    where typecom = 'COM'
),

validites as (
    select
        c.code,
        c.millesime,
        max(e.date_eff) filter (where e.date_eff <= c.millesime) as valide_du,
        min(e.date_eff) filter (where e.date_eff > c.millesime) - interval 1 day as valide_au
    from communes as c
    inner join core.communes_evenements as e on e.code = c.code
    group by c.code, c.millesime
)

select
    s.siren,
    c.code,
    c.dep,
    c.reg,
    c.ctcd,
    p.siren as epci_siren,
    c.nom,
    n.source as population_source,
    sources_de([
        'cog_communes', p.source, s.source, n.source,
        case when v.code is not null then 'cog_mouvements' end
    ]) as sources,
    n.population,
    n.population_millesime,
    c.millesime,
    v.valide_du,
    cast(v.valide_au as date) as valide_au
from communes as c
left join core.communes_siren as s on s.code = c.code and s.millesime = c.millesime
left join core.communes_population as n on n.code = c.code and n.millesime = c.millesime
left join core.perimetre_epci as p on p.insee = c.code and p.millesime = c.millesime
left join validites as v on v.code = c.code and v.millesime = c.millesime
