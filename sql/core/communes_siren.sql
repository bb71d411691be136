-- The SIREN of each commune of each vintage, a SIREN being that of a (code, vintage): that of the nearest vintage, provided
-- that no movement touched the territory or the code in between: a merged commune may keep its code and take another SIREN.
with communes as (
    select
        com as code,
        millesime
    from staging.cog_communes
    where typecom = 'COM'
),

jointures as (
    select
        c.code,
        c.millesime,
        s.siren,
        s.source,
        s.priorite,
        s.millesime as millesime_source,
        abs(datediff('day', c.millesime, s.millesime)) as ecart
    from communes as c
    inner join core.communes_siren_connus as s on s.code = c.code
    where not exists (
        select 1
        from core.communes_evenements as e
        where e.code = c.code and e.territoire
            and e.date_eff > least(c.millesime, s.millesime) and e.date_eff <= greatest(c.millesime, s.millesime)
    )
),

ranked as (
    select
        *,
        row_number() over (
            partition by code, millesime order by ecart, priorite, millesime_source, siren
        ) as rang
    from jointures
)

select
    code,
    siren,
    source,
    millesime_source,
    millesime
from ranked
where rang = 1
