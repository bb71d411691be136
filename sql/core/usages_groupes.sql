-- The use and the project of each trace; a group that no row of the register and no analyst vouches for is not a use yet. A use takes the identifier of its founding trace: the first that the observatory
-- knew, then in the order of sources; a project that of its founding use. Groups are closed under « same as ».
with recursive aretes as (
    select
        trace_a as de,
        trace_b as vers,
        verdict
    from core.rapprochements
    where verdict in ('meme_usage', 'meme_projet')
    union all
    select
        trace_b as de,
        trace_a as vers,
        verdict
    from core.rapprochements
    where verdict in ('meme_usage', 'meme_projet')
),

memes_usages as (
    select
        trace_id as depart,
        trace_id as atteint
    from core.traces
    union
    select
        m.depart,
        a.vers as atteint
    from memes_usages as m
    inner join aretes as a on a.de = m.atteint and a.verdict = 'meme_usage'
),

memes_projets as (
    select
        trace_id as depart,
        trace_id as atteint
    from core.traces
    union
    select
        m.depart,
        a.vers as atteint
    from memes_projets as m
    inner join aretes as a on a.de = m.atteint
),

usages as (
    select
        m.depart as trace_id,
        arg_min(t.trace_id, struct_pack(d := t.date_entree, o := t.ordre_source, cle := t.cle)) as usage_id
    from memes_usages as m
    inner join core.traces as t on t.trace_id = m.atteint
    group by m.depart
),

-- What a use is described by: a row of the register if there is one, else the first candidate that an analyst confirmed.
decrits as (
    select
        u.usage_id,
        arg_min(t.trace_id, struct_pack(r := not t.du_registre, d := t.date_entree, o := t.ordre_source, cle := t.cle))
            as descriptif_id
    from usages as u
    inner join core.traces as t on t.trace_id = u.trace_id
    where t.decide
    group by u.usage_id
),

projets as (
    select
        m.depart as trace_id,
        arg_min(u.usage_id, struct_pack(d := t.date_entree, o := t.ordre_source, cle := t.cle)) as projet_id
    from memes_projets as m
    inner join usages as u on u.trace_id = m.atteint
    inner join decrits as d on d.usage_id = u.usage_id
    inner join core.traces as t on t.trace_id = u.usage_id
    group by m.depart
)

select
    u.trace_id,
    u.usage_id,
    p.projet_id,
    d.descriptif_id,
    d.descriptif_id is not null as est_usage
from usages as u
left join projets as p on p.trace_id = u.trace_id
left join decrits as d on d.usage_id = u.usage_id
