-- One authority in one reference vintage.
with verifies as (
    select
        t.* exclude (sources),
        v.verifie as siren_verifie,
        sources_de(t.sources || [case when v.siren is not null then 'recherche_entreprises' end]) as sources
    from core.territoires as t
    left join core.siren_verifies as v on v.siren = t.siren
)

select
    t.siren,
    t.type,
    t.code,
    t.nom,
    t.nature_juridique,
    t.departements,
    t.region,
    t.epci_siren,
    t.population,
    t.population_millesime,
    t.strate,
    t.nombre_communes,
    t.communes_absentes,
    t.millesime,
    t.valide_du,
    t.valide_au,
    t.siren_verifie,
    t.sources,
    l.licence
from verifies as t
left join licences_de('verifies') as l on l.sources = t.sources
