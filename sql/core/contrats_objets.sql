-- The objects of the contracts that have several under one identifier (lots, or test records): all of them are kept, so that
-- none escapes judgement.
with lignes as (
    select uid, objet from staging.decp
    union all
    select uid, objet from staging.decp_2022
    union all
    select uid, objet from staging.decp_officiel
    union all
    select uid, objet from staging.decp_2019
)

select
    uid as contrat_cle,
    string_agg(distinct objet, ' / ' order by objet) as objet
from lignes
where uid in (select r.contrat_cle from core.contrats_retenus as r where r.objets_differents)
group by uid
