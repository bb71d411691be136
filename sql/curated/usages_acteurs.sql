-- Who does what in a use, and so in its project: what columns say, unless an analyst decided otherwise of that actor.
with decides as (
    select
        a.usage_id,
        a.acteur,
        a.siren,
        a.collectivite,
        a.type_collectivite,
        d.decision_id,
        unnest(string_split(d.valeur, ' + ')) as role
    from core.decisions_acteurs as a
    inner join core.decisions_confrontees as d on d.decision_id = a.decision_id
    where d.retenue and a.obstacle is null and d.valeur_attendue is not distinct from a.valeur
),

acteurs as (
    select
        usage_id,
        siren,
        collectivite,
        type_collectivite,
        role,
        'decision' as origine,
        decision_id
    from decides
    where role <> 'aucun'
    union all
    select
        a.usage_id,
        a.siren,
        a.collectivite,
        a.type_collectivite,
        a.role,
        a.origine,
        cast(null as varchar) as decision_id
    from core.acteurs_deduits as a
    where (a.usage_id, a.acteur) not in (select (d.usage_id, d.acteur) from decides as d)
)

select
    u.projet_id,
    a.usage_id,
    a.siren,
    a.collectivite,
    a.type_collectivite,
    a.role,
    a.origine,
    a.decision_id
from acteurs as a
inner join core.usages as u on u.usage_id = a.usage_id
