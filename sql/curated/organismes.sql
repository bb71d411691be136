-- Bodies that a source which may be republished attests, as those sources alone tell them.
select
    siren,
    nom,
    type,
    departement,
    noms,
    sources,
    nb_mentions,
    licence
from core.organismes_portees
where portee = 'publiables'
