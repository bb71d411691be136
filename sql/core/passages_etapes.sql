-- The stages of every lignée (core.passages_lignees), and what it weighs: of the vintages with populations, the one
-- where its commune holds the fewest lignées, the newest if several do. `groupe` is that commune in that vintage,
-- with how many lignées it holds and its population. One stage of each lignée has rang 1.
with populations as (
    select
        code,
        population,
        source,
        millesime
    from core.communes_population
    union all
    select
        insee as code,
        population,
        'banatic_siren' as source,
        millesime
    from staging.banatic_siren
    where population is not null and millesime not in (select millesime from core.communes_population)
),

presents as (
    select
        l.lignee,
        p.code,
        p.population,
        p.source,
        p.millesime,
        count(*) over (partition by p.code, p.millesime) as effectif
    from populations as p
    inner join core.passages_lignees as l
        on l.code = p.code
        and coalesce(l.valide_du <= p.millesime, true) and coalesce(l.valide_au >= p.millesime, true)
),

poids as (
    select
        *,
        row_number() over (partition by lignee order by effectif, millesime desc) as rang
    from presents
)

select
    l.lignee,
    l.code,
    l.nom,
    l.modification,
    p.code || ' ' || p.millesime as groupe,
    p.effectif as effectif_groupe,
    p.population as population_groupe,
    p.source as population_source,
    row_number() over (partition by l.lignee order by l.valide_du nulls first, l.code) as rang,
    l.valide_du,
    l.valide_au
from core.passages_lignees as l
left join poids as p on p.lignee = l.lignee and p.rang = 1
