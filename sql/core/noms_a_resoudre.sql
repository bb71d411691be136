-- The names to resolve to a SIREN, one per piece of evidence, with what hints at the authority.
select
    preuve_id as nom_id,
    collectivite as nom,
    type_indice,
    territoire_indice,
    siret,
    cast(null as varchar) as code_postal
from core.preuves
