-- The texts in which words and names are counted, to know which are rare: the traces, and the cases of other countries.
with autres as (
    select
        cas_id as trace_id,
        organisme as nom,
        autorite_situee(pays, organisme) as autorite,
        titre,
        description
    from core.contexte_europe
    where perimetre <> 'france'
),

reunis as (
    select
        trace_id,
        nom,
        autorite,
        titre,
        description,
        true as de_trace
    from core.traces
    union all
    select
        a.*,
        false as de_trace
    from autres as a
    anti join core.traces as t on t.trace_id = a.trace_id
)

select
    trace_id,
    nom,
    autorite,
    titre,
    description,
    de_trace,
    if(texte_anglais(titre || ' ' || coalesce(description, '')), 'en', 'fr') as langue
from reunis
