-- The weight of each word in each trace, in its title and in its whole text: term frequency times inverse document
-- frequency, each text of length one (Salton & Buckley 1988, weights « ltc »). The words of the authority's name are left
-- out. In ten-thousandths, so that sums do not depend on their order.
with textes as (
    select
        trace_id,
        'titre' as champ,
        mots_radicaux(nom) as propres,
        mots_radicaux(titre) as mots
    from core.traces
    union all
    select
        trace_id,
        'texte' as champ,
        mots_radicaux(nom) as propres,
        mots_radicaux(titre) || mots_radicaux(titre) || mots_radicaux(description) as mots
    from core.traces
),

mots as (
    select
        trace_id,
        champ,
        unnest(list_filter(mots, lambda m: not list_contains(propres, m))) as mot
    from textes
),

frequences as (
    select
        trace_id,
        champ,
        mot,
        count(*) as occurrences,
        count(*) over (partition by champ, mot) as traces
    from mots
    group by trace_id, champ, mot
),

total as (
    select count(*) as traces
    from core.traces
),

poids as (
    select
        f.trace_id,
        f.champ,
        f.mot,
        cast(round(10000 * (1 + ln(f.occurrences)) * ln(t.traces / f.traces)) as bigint) as poids
    from frequences as f
    cross join total as t
),

normes as (
    select
        trace_id,
        champ,
        sqrt(cast(sum(poids * poids) as double)) as norme
    from poids
    group by trace_id, champ
)

select
    p.trace_id,
    p.champ,
    p.mot,
    cast(round(10000 * p.poids / n.norme) as bigint) as poids
from poids as p
inner join normes as n on n.trace_id = p.trace_id and n.champ = p.champ and n.norme > 0
where p.poids > 0
