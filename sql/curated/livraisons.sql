-- One delivery in use in this release: facts of the bytes, nothing of the machine.
with rejetees as (
    select
        source,
        livraison,
        count(distinct ligne) as lignes_rejetees
    from core.rejets
    group by source, livraison
),

-- Repairs made on typing (a code that a spreadsheet had turned into a number), beside those made on reading.
reparees as (
    select
        source,
        livraison,
        list(reparation || ' : ' || nombre order by reparation) as reparations
    from core.territoires_reparations
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
    list_concat(l.reparations, coalesce(p.reparations, [])) as reparations,
    l.licence
from core.livraisons as l
left join rejetees as r on r.source = l.source and r.livraison = l.livraison
left join reparees as p on p.source = l.source and p.livraison = l.livraison
