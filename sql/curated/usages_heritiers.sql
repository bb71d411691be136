-- The identifiers that no longer stand alone, and who inherits them. A trace that joined another's use leaves it its
-- identifier; two traces that the machine held for one use and an analyst told apart share the first's.
with fusions as (
    select
        g.trace_id as ancien_usage_id,
        g.usage_id,
        'fusion' as nature,
        t.cle as cle_source
    from core.usages_groupes as g
    inner join core.traces as t on t.trace_id = g.trace_id
    where g.trace_id <> g.usage_id and g.est_usage and t.decide
),

-- What joined the trace to its use: the decision if there is one, else the closest trace of the group.
causes as (
    select
        f.ancien_usage_id,
        arg_max(
            struct_pack(motif := coalesce(r.decision_motif, r.motif), decision_id := r.decision_id, date := r.decision_date),
            struct_pack(d := r.decision_id is not null, s := coalesce(r.similarite, 0), cle := r.objet)
        ) as cause
    from fusions as f
    inner join core.rapprochements as r
        on r.verdict = 'meme_usage' and f.ancien_usage_id in (r.trace_a, r.trace_b)
    group by f.ancien_usage_id
),

scissions as (
    select
        a.usage_id as ancien_usage_id,
        b.usage_id,
        'scission' as nature,
        t.cle as cle_source,
        r.decision_motif as motif,
        r.decision_id,
        r.decision_date as date
    from core.rapprochements as r
    inner join core.usages_groupes as a on a.trace_id = r.trace_a
    inner join core.usages_groupes as b on b.trace_id = r.trace_b
    inner join core.traces as t on t.trace_id = b.trace_id
    where r.verdict = 'distincts' and r.proposition = 'meme_usage' and not r.reservee and a.usage_id <> b.usage_id
)

select
    f.ancien_usage_id,
    f.usage_id,
    f.nature,
    f.cle_source,
    c.cause.motif as motif,
    c.cause.decision_id as decision_id,
    c.cause.date as date
from fusions as f
inner join causes as c on c.ancien_usage_id = f.ancien_usage_id
union all
select
    s.ancien_usage_id,
    s.usage_id,
    s.nature,
    s.cle_source,
    s.motif,
    s.decision_id,
    s.date
from scissions as s
