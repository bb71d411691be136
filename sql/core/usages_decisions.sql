-- The uses that each decision on records bears on: that of its record; for a pair, those of its two records.
with enregistrements as (
    select
        decision_id,
        unnest(string_split(objet, ' + ')) as cle
    from core.decisions_confrontees
    where objet_type <> 'nom'
)

select distinct
    e.decision_id,
    g.usage_id
from enregistrements as e
inner join core.traces as t on t.cle = e.cle
inner join core.usages_groupes as g on g.trace_id = t.trace_id and g.est_usage
