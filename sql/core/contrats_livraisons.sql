-- The deliveries that hold contracts, with how far each source is trusted (7 = most) and a whole number for each delivery,
-- the oldest first: with its own number in the delivery, it names a record among all.
with confiances as (
    select
        unnest(['decp', 'decp_2022', 'decp_officiel', 'decp_2019']) as source,
        unnest([7, 5, 4, 3]) as confiance_source
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
    c.confiance_source,
    row_number() over (order by l.date_livraison, l.source, l.livraison_id) as rang
from datees as l
inner join confiances as c on c.source = l.source
