-- One delivery in use in this release: facts of the bytes, nothing of the machine.
with rejetees as (
    select
        source,
        livraison,
        count(distinct ligne) as lignes_rejetees
    from core.rejets
    group by source, livraison
)

select
    l.source,
    l.livraison,
    coalesce(l.millesime, '') as millesime,
    l.date_livraison,
    l.url,
    l.octets,
    l.lignes,
    coalesce(r.lignes_rejetees, 0) as lignes_rejetees,
    l.reparations,
    l.licence
from core.livraisons as l
left join rejetees as r on r.source = l.source and r.livraison = l.livraison
