-- One piece of evidence and the exact record it comes from.
select
    p.preuve_id,
    p.usage_id,
    p.source,
    p.cle_source,
    p.type_source,
    p._livraison as livraison,
    p._ligne as ligne,
    p.url,
    l.archive_url as url_archive,
    -- What a source lists, nobody has seen because it was taken in.
    greatest(l.vue_le, if(p.source = 'cas_usage', p.date_entree, null)) as date_consultation,
    case when l.muet_depuis is null then l.etat <> 'mort' end as lien_actif,
    p.date,
    p.date_precision,
    p.titre_source,
    p.resume,
    1.0 as poids,
    s.licence
from core.preuves_usages as p
inner join core.sources as s on s.source = p.source
left join staging.liens as l on l.url = p.url
