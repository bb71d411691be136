-- One piece of evidence and the exact record it comes from.
select
    p.preuve_id,
    g.usage_id,
    p.source,
    p.cle_source,
    p.type_source,
    p._livraison as livraison,
    p._ligne as ligne,
    p.url,
    cast(null as varchar) as url_archive,
    p.date_entree as date_consultation,
    cast(null as boolean) as lien_actif,
    p.date,
    p.date_precision,
    p.titre_source,
    p.resume,
    1.0 as poids,
    s.licence
from core.preuves as p
inner join core.usages_groupes as g on g.trace_id = p.preuve_id
inner join core.sources as s on s.source = p.source
