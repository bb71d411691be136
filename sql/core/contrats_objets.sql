-- The objects of the contracts that have several under one identifier (lots, or test records): all of them are kept, so that
-- none escapes judgement.
select
    contrat_cle,
    string_agg(distinct objet, ' / ' order by objet) as objet
from core.contrats_lignes
where contrat_cle in (select r.contrat_cle from core.contrats_retenus as r where r.objets_differents)
group by contrat_cle
