-- How many contracts of authorities, and how many funded projects, there are beside those judged « oui »: counts by year and
-- kind, for rates. Only in the whole territorial reference, and only sources that may be republished.
with autorites as (
    select
        t.siren,
        min(t.type) as type_collectivite
    from core.territoires as t
    inner join core.millesime_reference as m on m.millesime = t.millesime
    inner join core.perimetre as p on p.perimetre = 'complet'
    where t.siren is not null
    group by t.siren
),

enregistrements as (
    select
        b.type_candidat,
        year(b.date) as annee_candidat,
        a.type_collectivite,
        left(b.cpv, 2) as division_cpv,
        cast(null as varchar) as axe,
        coalesce(c.decision, 'non') = 'oui' as oui
    from core.candidats_bruts as b
    inner join autorites as a on a.siren = b.siren
    left join core.candidats as c on c.candidat_id = b.candidat_id
    where b.type_candidat = 'marche' and b.republiee
    union all
    select
        b.type_candidat,
        year(b.date) as annee_candidat,
        a.type_collectivite,
        cast(null as varchar) as division_cpv,
        p.axe,
        coalesce(c.decision, 'non') = 'oui' as oui
    from core.candidats_bruts as b
    inner join core.aides_projets as p on p.source = b.source and p.aide_cle = b.cle
    inner join core.perimetre as r on r.perimetre = 'complet'
    left join autorites as a on a.siren = b.siren
    left join core.candidats as c on c.candidat_id = b.candidat_id
    where b.type_candidat = 'aide' and b.republiee
),

groupes as (
    select
        type_candidat,
        annee_candidat,
        type_collectivite,
        division_cpv,
        axe,
        oui,
        count(*) as nombre
    from enregistrements
    where annee_candidat is not null
    group by type_candidat, annee_candidat, type_collectivite, division_cpv, axe, oui
)

select
    concat_ws(
        '|', type_candidat, annee_candidat, coalesce(type_collectivite, '-'), coalesce(division_cpv, '-'),
        coalesce(axe, '-'), if(oui, 'oui', 'non')
    ) as compte_id,
    type_candidat,
    type_collectivite,
    division_cpv,
    axe,
    oui,
    cast(annee_candidat as integer) as annee_candidat,
    nombre
from groupes
