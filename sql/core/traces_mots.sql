-- The weight of each word in each trace: term frequency (the title twice) times inverse document frequency, each trace of
-- length one (Salton & Buckley 1988, weights « ltc »). In ten-thousandths, so that sums do not depend on their order.
with mots as (
    select
        trace_id,
        unnest(mots_radicaux(titre) || mots_radicaux(titre) || mots_radicaux(description)) as mot
    from core.traces
),

frequences as (
    select
        trace_id,
        mot,
        count(*) as occurrences,
        count(*) over (partition by mot) as traces
    from mots
    group by trace_id, mot
),

total as (
    select count(*) as traces
    from core.traces
),

poids as (
    select
        f.trace_id,
        f.mot,
        cast(round(10000 * (1 + ln(f.occurrences)) * ln(t.traces / f.traces)) as bigint) as poids
    from frequences as f
    cross join total as t
),

normes as (
    select
        trace_id,
        sqrt(cast(sum(poids * poids) as double)) as norme
    from poids
    group by trace_id
)

select
    p.trace_id,
    p.mot,
    cast(round(10000 * p.poids / n.norme) as bigint) as poids
from poids as p
inner join normes as n on n.trace_id = p.trace_id and n.norme > 0
where p.poids > 0
