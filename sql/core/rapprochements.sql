-- What becomes of each pair of traces. Analysts' decisions come first; the machine joins by itself only what does not come
-- from the register, whose rows were each written as one case: there it proposes, as it does where a trace would join two.
with decisions as (
    select
        d.objet,
        d.decision_id,
        d.valeur,
        d.valeur_attendue,
        d.motif,
        d.date
    from core.decisions_confrontees as d
    where d.objet_type = 'fusion' and d.retenue
),

paires as (
    select
        p.trace_a,
        p.trace_b,
        least(p.cle_a, p.cle_b) || ' + ' || greatest(p.cle_a, p.cle_b) as objet,
        p.du_registre,
        p.reservee,
        p.proposition,
        p.similarite,
        p.motif
    from core.traces_paires as p
    where p.proposition is not null
),

-- A decision may join two traces that nothing made the machine compare.
decidees as (
    select
        least(a.trace_id, b.trace_id) as trace_a,
        greatest(a.trace_id, b.trace_id) as trace_b,
        d.objet,
        a.du_registre and b.du_registre as du_registre,
        true as reservee,
        cast(null as varchar) as proposition,
        cast(null as decimal(5, 3)) as similarite,
        cast(null as varchar) as motif
    from decisions as d
    inner join core.traces as a on a.cle = split_part(d.objet, ' + ', 1)
    inner join core.traces as b on b.cle = split_part(d.objet, ' + ', 2)
    where d.objet not in (select p.objet from paires as p)
),

toutes as (
    select * from paires
    union all
    select * from decidees
),

juges as (
    select
        t.*,
        d.decision_id,
        d.date as decision_date,
        d.motif as decision_motif,
        d.valeur as decision,
        case
            when d.valeur is not null and d.valeur_attendue is not distinct from fusion_dite(t.proposition, t.reservee)
                then d.valeur
            else coalesce(fusion_dite(t.proposition, t.reservee), 'a_examiner')
        end as verdict
    from toutes as t
    left join decisions as d on d.objet = t.objet
)

select
    objet,
    trace_a,
    trace_b,
    du_registre,
    reservee,
    proposition,
    similarite,
    motif,
    decision_id,
    decision_date,
    decision_motif,
    decision is not null and verdict = decision as decision_appliquee,
    verdict
from juges
