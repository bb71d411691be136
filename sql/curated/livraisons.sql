-- One delivery in use in this release: facts of the bytes, nothing of the machine.
with rejetees as (
    select
        source,
        livraison,
        count(distinct ligne) as lignes_rejetees
    from core.rejets
    group by source, livraison
),

-- Repairs made and values judged on typing (a code that a spreadsheet had turned into a number, an amount that is no
-- amount), beside the repairs made on reading.
comptees as (
    select source, livraison, reparation, nombre from core.territoires_reparations
    union all
    select source, livraison, reparation, nombre from core.contrats_reparations
    union all
    select
        source,
        livraison,
        'lettres détruites rendues au nom d''un organisme' as reparation,
        cast(sum(nombre) as bigint) as nombre
    from core.organismes_lettres
    group by source, livraison
),

reparees as (
    select
        source,
        livraison,
        list(reparation || ' : ' || nombre order by reparation) as reparations
    from comptees
    group by source, livraison
)

select
    l.source,
    l.livraison,
    coalesce(l.millesime, '') as millesime,
    l.date_livraison,
    l.date_origine,
    l.date_reception,
    l.url,
    l.octets,
    l.lignes,
    coalesce(r.lignes_rejetees, 0) as lignes_rejetees,
    list_concat(l.reparations, coalesce(p.reparations, [])) as reparations,
    l.licence
from core.livraisons as l
left join rejetees as r on r.source = l.source and r.livraison = l.livraison
left join reparees as p on p.source = l.source and p.livraison = l.livraison
