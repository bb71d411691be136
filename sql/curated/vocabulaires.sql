-- One code of one closed list, with its labels: what the coded values of the other tables mean.
select
    liste,
    code,
    fr as libelle_fr,
    en as libelle_en,
    cast(ordre as integer) as ordre
from core.vocabulaires
where valeur = code
