-- Names of authorities with a confirmed use that nothing identifies, in each cell that they belong to. Their type is stated, their
-- place when the hint tells it; their stratum only where the type has a single one: elsewhere they may be of several cells.
with noms as (
    select distinct
        collectivite,
        type_collectivite,
        departement_ou_region
    from core.usages
    where confirme and siren is null
        and type_collectivite in
        ('commune', 'epci', 'ept', 'departement', 'collectivite_statut_particulier', 'region')
),

strates as (
    select distinct
        u.type,
        u.strate
    from curated.univers as u
    inner join core.millesime_reference as m on m.millesime = u.millesime
),

regions as (
    select distinct
        t.region,
        unnest(t.departements) as departement
    from core.territoires as t
    inner join core.millesime_reference as m on m.millesime = t.millesime
    where t.type in ('departement', 'collectivite_statut_particulier')
),

lieux as (
    select distinct
        i.territoire_indice,
        r.region
    from (
        select
            territoire_indice,
            unnest(departements) as departement
        from core.noms_indices
    ) as i
    inner join regions as r on r.departement = i.departement
),

possibles as (
    select
        *,
        '' as ventilation,
        '' as modalite
    from noms
    union all
    select
        *,
        'type_collectivite' as ventilation,
        type_collectivite as modalite
    from noms
    union all
    select
        n.*,
        'strate' as ventilation,
        s.strate as modalite
    from noms as n
    inner join strates as s on s.type = n.type_collectivite
    union all
    select
        n.*,
        'type_collectivite × strate' as ventilation,
        s.type || ' × ' || s.strate as modalite
    from noms as n
    inner join strates as s on s.type = n.type_collectivite
    union all
    select
        n.*,
        'region' as ventilation,
        r.region as modalite
    from noms as n
    left join lieux as l on l.territoire_indice = n.departement_ou_region
    inner join (select distinct region from regions) as r on l.region is null or r.region = l.region
),

juges as (
    select
        collectivite,
        ventilation,
        modalite,
        count(*) over (partition by collectivite, type_collectivite, departement_ou_region, ventilation) = 1 as situe
    from possibles
),

cellules as (
    select
        collectivite,
        ventilation,
        modalite,
        bool_or(situe) as situe
    from juges
    group by collectivite, ventilation, modalite
)

select
    ventilation,
    modalite,
    count(*) as nombre,
    count(*) filter (not situe) as non_situes
from cellules
group by ventilation, modalite
