-- The stages of every lignée (core.passages_lignees), and what it weighs: the commune that holds it in the newest vintage
-- with populations (groupe), how many lignées that commune holds and its population. One stage of each lignée has rang 1.
with vintage as (
    select max(millesime) as millesime
    from core.communes_population
),

presents as (
    select
        l.lignee,
        l.code
    from core.passages_lignees as l
    inner join vintage as v
        on coalesce(l.valide_du <= v.millesime, true) and coalesce(l.valide_au >= v.millesime, true)
),

groupes as (
    select
        code,
        count(*) as effectif
    from presents
    group by code
)

select
    l.lignee,
    l.code,
    l.nom,
    l.modification,
    p.code as groupe,
    g.effectif as effectif_groupe,
    n.population as population_groupe,
    row_number() over (partition by l.lignee order by l.valide_du nulls first, l.code) as rang,
    l.valide_du,
    l.valide_au
from core.passages_lignees as l
cross join vintage as v
left join presents as p on p.lignee = l.lignee
left join groupes as g on g.code = p.code
left join core.communes_population as n on n.code = p.code and n.millesime = v.millesime
