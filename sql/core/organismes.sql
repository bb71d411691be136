-- One public body outside the territorial reference, with every name official deliveries give it.
select
    siren,
    nom,
    type,
    departement,
    noms,
    sources,
    nb_mentions,
    republiee
from core.organismes_portees
where portee = 'toutes'
