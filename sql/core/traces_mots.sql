-- The weight of each word in each trace: term frequency times inverse document frequency, each text of length one (Salton &
-- Buckley 1988, weights « ltc »), the words of the authority's name left out. A word of the glossary counts as its meaning.
-- Fields: the title and the whole text, compared with those of the same language; the meanings of both, and the words that
-- both languages write alike, compared with those of the other one. In ten-thousandths, so that sums do not depend on their order.
-- `rarete`: the same frequency alone, one for a word that a single text holds.
with formes as (
    select
        'fr' as langue,
        sens,
        unnest(fr) as mot
    from staging.glossaire
    union all
    select
        'en' as langue,
        sens,
        unnest(en) as mot
    from staging.glossaire
),

-- A derived word (« recycleuse ») has the meaning of its radical when the glossary knows only one.
radicaux as (
    select
        langue,
        left(mot, 6) as radical,
        min(sens) as sens
    from formes
    where length(mot) > 5
    group by langue, left(mot, 6)
    having count(distinct sens) = 1
),

textes as (
    select
        trace_id,
        langue,
        de_trace,
        'titre' as champ,
        mots_utiles(nom) as propres,
        mots_utiles(titre) as mots
    from core.traces_corpus
    union all
    select
        trace_id,
        langue,
        de_trace,
        'texte' as champ,
        mots_utiles(nom) as propres,
        mots_utiles(titre) || mots_utiles(titre) || mots_utiles(description) as mots
    from core.traces_corpus
),

mots as (
    select
        trace_id,
        langue,
        de_trace,
        champ,
        unnest(list_filter(mots, lambda m: not list_contains(propres, m))) as mot
    from textes
),

lus as (
    select
        m.trace_id,
        m.langue,
        m.de_trace,
        m.champ,
        coalesce(f.sens, r.sens, left(m.mot, 6)) as mot,
        f.sens is not null or r.sens is not null as connu
    from mots as m
    left join formes as f on f.langue = m.langue and f.mot = m.mot
    left join radicaux as r on r.langue = m.langue and r.radical = left(m.mot, 6)
),

partages as (
    select mot
    from lus
    group by mot
    having bool_or(connu) or (count(distinct langue) = 2 and length(mot) > 3)
),

champs as (
    select
        trace_id,
        langue,
        de_trace,
        champ,
        mot
    from lus
    union all
    select
        l.trace_id,
        'tous' as langue,
        l.de_trace,
        if(l.champ = 'titre', 'sens du titre', 'sens') as champ,
        l.mot
    from lus as l
    semi join partages as p on p.mot = l.mot
),

frequences as (
    select
        trace_id,
        langue,
        de_trace,
        champ,
        mot,
        count(*) as occurrences,
        count(*) over (partition by champ, langue, mot) as traces
    from champs
    group by trace_id, langue, de_trace, champ, mot
),

total as (
    select
        langue,
        count(*) as traces
    from (select langue from core.traces_corpus union all select 'tous' as langue from core.traces_corpus)
    group by langue
),

poids as (
    select
        f.trace_id,
        f.champ,
        f.mot,
        cast(round(10000 * (1 + ln(f.occurrences)) * ln(1 + t.traces / f.traces)) as bigint) as poids,
        cast(round(10000 * ln(1 + t.traces / f.traces) / ln(1 + t.traces)) as bigint) as rarete
    from frequences as f
    inner join total as t on t.langue = f.langue
    where f.de_trace
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
    cast(round(10000 * p.poids / n.norme) as bigint) as poids,
    p.rarete
from poids as p
inner join normes as n on n.trace_id = p.trace_id and n.champ = p.champ and n.norme > 0
where p.poids > 0
