-- The records judged for this release, as received: what remains readable even if bulk bytes are pruned one day.
select
    e.source,
    e.livraison,
    e.ligne,
    e.cle,
    e.contenu,
    s.licence
from core.extraits as e
inner join core.sources as s on s.source = e.source
