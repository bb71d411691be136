-- The deliveries that hold contracts, with how far each source is trusted and a whole number for each delivery, the oldest
-- first: with its own number in the delivery, it names a record among all.
with lues as (
    select distinct
        source,
        _livraison as livraison_id,
        confiance_source
    from core.contrats_lignes
),

datees as (
    select
        source,
        livraison as livraison_id,
        min(date_livraison) as date_livraison
    from core.livraisons
    group by source, livraison
)

select
    l.source,
    l.livraison_id as livraison,
    l.confiance_source,
    row_number() over (order by d.date_livraison, l.source, l.livraison_id) as rang
from lues as l
inner join datees as d on d.source = l.source and d.livraison_id = l.livraison_id
