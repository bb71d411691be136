-- Decisions on names that stand. An empty hint holds for any hint; an empty SIREN says that no authority has the name.
with lues as (
    select
        d.*,
        regexp_extract(d.cle, '^(.*)\|([^|]*)\|([^|]*)$', ['nom', 'type_indice', 'territoire_indice']) as parties
    from core.decisions_confrontees as d
    where d.objet_type = 'nom' and d.retenue
)

select
    decision_id,
    trim(parties.nom) as nom,
    nullif(trim(parties.type_indice), '') as type_indice,
    nullif(trim(parties.territoire_indice), '') as territoire_indice,
    if(valeur = 'aucune', null, valeur) as siren,
    valeur_attendue as siren_attendu,
    date,
    _ligne
from lues
