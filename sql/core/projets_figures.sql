-- Uses with what projects are counted by. All the uses of a project have the theme of its first confirmed one, and the first
-- programme that its confirmed uses name: a project counts once, in a breakdown as in its total.
with situes as (
    select
        u.usage_id,
        u.projet_id,
        u.theme,
        u.programme,
        u.confirme,
        struct_pack(d := t.date_entree, o := t.ordre_source, cle := t.cle) as ordre
    from core.usages_figures as u
    inner join core.traces as t on t.trace_id = u.usage_id
),

projets as (
    select
        projet_id,
        arg_min(theme, ordre) as theme,
        arg_min(programme, ordre) filter (programme is not null) as programme
    from situes
    where confirme
    group by projet_id
)

select
    u.usage_id,
    u.projet_id,
    p.theme,
    p.programme,
    u.confirme
from situes as u
left join projets as p on p.projet_id = u.projet_id
