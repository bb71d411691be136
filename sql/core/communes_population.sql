-- The municipal population of each commune of each vintage, and the date at which that figure came into force.
-- Precedence: the populations of INSEE in force in the vintage, then the EPCI file, then BANATIC; then the nearest
-- vintage of these, provided that no movement touched the territory in between.
with communes as (
    select
        com as code,
        millesime
    from staging.cog_communes
    where typecom = 'COM'
),

-- Paris, Lyon and Marseille are given by arrondissement.
arrondissements as (
    select
        com,
        max_by(comparent, millesime) as commune
    from staging.cog_communes
    where typecom = 'ARM'
    group by com
),

insee as (
    select
        coalesce(a.commune, p.com) as code,
        sum(p.population) as population,
        p.millesime
    from staging.populations as p
    left join arrondissements as a on a.com = p.com
    group by coalesce(a.commune, p.com), p.millesime
),

candidats as (
    select
        code,
        population,
        'populations' as source,
        1 as priorite,
        millesime
    from insee
    union all
    select
        insee as code,
        population,
        source,
        2 as priorite,
        millesime
    from core.perimetre_epci
    where population is not null
    union all
    select
        insee as code,
        population,
        'banatic_siren' as source,
        3 as priorite,
        millesime
    from staging.banatic_siren
    where population is not null
),

jointures as (
    select
        c.code,
        c.millesime,
        p.population,
        p.source,
        p.priorite,
        p.millesime as population_millesime,
        abs(datediff('day', c.millesime, p.millesime)) as ecart
    from communes as c
    inner join candidats as p on p.code = c.code
    where not exists (
        select 1
        from core.communes_evenements as e
        where e.code = c.code and e.territoire
            and e.date_eff > least(c.millesime, p.millesime) and e.date_eff <= greatest(c.millesime, p.millesime)
    )
),

ranked as (
    select
        *,
        row_number() over (
            partition by code, millesime order by ecart, priorite, population_millesime, source
        ) as rang
    from jointures
)

select
    code,
    cast(population as integer) as population,
    source,
    population_millesime,
    millesime
from ranked
where rang = 1
