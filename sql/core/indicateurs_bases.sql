-- The rows that each figure rests on, and which of them its numerator keeps: the share of one value among the others rests on the
-- rows of all of them.
select
    i.indicateur_id,
    l.origine,
    l.cle,
    l.unite_comptee,
    l.mesure_ligne,
    l.retenu and l.modalite = i.modalite as retenu
from core.indicateurs as i
inner join core.indicateurs_lignes as l
    on l.code = i.code and l.ventilation = i.ventilation and l.groupe = i.groupe
