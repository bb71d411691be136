-- The dates at which the territory or the legal person of a commune changed (territoire), or only its name (nom), read
-- from the newest movements in use. Suppressions of associated or delegated communes (34, 35, 70 to 72) change neither.
with recents as (
    select max(millesime) as millesime
    from staging.cog_mouvements
),

mouvements as (
    select
        m.mod,
        m.date_eff,
        m.typecom_av,
        m.com_av,
        m.typecom_ap,
        m.com_ap
    from staging.cog_mouvements as m
    inner join recents as r on r.millesime = m.millesime
    where m.mod not in ('34', '35', '70', '71', '72')
),

touches as (
    select
        com_av as code,
        date_eff,
        mod
    from mouvements
    where typecom_av = 'COM'
    union
    select
        com_ap as code,
        date_eff,
        mod
    from mouvements
    where typecom_ap = 'COM'
)

select
    code,
    date_eff,
    bool_or(mod <> '10') as territoire,
    bool_or(mod = '10') as nom
from touches
group by code, date_eff
