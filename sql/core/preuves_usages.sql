-- The evidence of every use: that of the register, and the candidates brought together with it or confirmed by an analyst.
with inventaire as (
    select
        p.preuve_id,
        p.source,
        p.cle_source,
        p.url,
        p.type_source,
        p.titre_source,
        p.resume,
        p.confiance,
        p.date,
        p.date_precision,
        p.date_entree,
        p._livraison,
        p._ligne
    from core.preuves as p
),

retenus as (
    select
        c.candidat_id as preuve_id,
        c.source,
        c.cle as cle_source,
        c.url,
        case when c.type_candidat in ('marche', 'avis', 'aide', 'appel') then 'primaire' else 'agregateur' end as type_source,
        cast(null as varchar) as titre_source,
        cast(null as varchar) as resume,
        cast(null as varchar) as confiance,
        c.date,
        c.date_precision,
        t.date_entree,
        c._livraison,
        c._ligne
    from core.candidats as c
    inner join core.traces as t on t.trace_id = c.candidat_id
),

reunies as (
    select * from inventaire
    union all
    select * from retenus
)

select
    r.preuve_id,
    g.usage_id,
    r.source,
    r.cle_source,
    r.url,
    r.type_source,
    r.titre_source,
    r.resume,
    r.confiance,
    r.date,
    r.date_precision,
    r.date_entree,
    r._livraison,
    r._ligne
from reunies as r
inner join core.usages_groupes as g on g.trace_id = r.preuve_id and g.est_usage
