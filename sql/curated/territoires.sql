-- One authority in one reference vintage.
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
    v.verifie as siren_verifie
from core.territoires as t
left join core.siren_verifies as v on v.siren = t.siren
