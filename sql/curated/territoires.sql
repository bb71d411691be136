-- One authority in one reference vintage.
select
    siren,
    type,
    code,
    nom,
    nature_juridique,
    departements,
    region,
    epci_siren,
    population,
    population_millesime,
    strate,
    nombre_communes,
    communes_absentes,
    millesime,
    valide_du,
    valide_au
from core.territoires
