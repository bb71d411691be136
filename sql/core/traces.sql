-- Everything that tells of one AI use by one authority, in one shape: what is compared to find the traces of the same use.
-- A SIREN that may not be republished still tells that two traces are of one body.
select
    p.preuve_id as trace_id,
    p.source,
    p.source || '|' || p.cle_source as cle,
    p.source = 'cas_usage' as du_registre,
    p.collectivite as nom,
    coalesce(n.siren, o.siren) as siren,
    coalesce(n.siren, o.siren, autorite_plate(p.collectivite)) as autorite,
    nom_plat(p.territoire_indice) as territoire,
    c.theme,
    c.titre,
    c.description,
    url_page(p.url) as page,
    p.ordre_source,
    p.date,
    p.date_entree
from core.preuves as p
inner join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
left join core.noms_resolus as n on n.nom_id = p.preuve_id
left join core.organismes_resolus as o on o.nom_id = p.preuve_id
