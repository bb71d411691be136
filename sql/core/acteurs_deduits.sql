-- Who does what in each use, as far as columns say it (docs/decisions/013): the nature of the case gives the role of its own
-- body, the kind of a record joined to the use that of another body, a programme its funder. Nothing is read in a text, and no
-- column says who operates a service: analysts do (core.decisions_acteurs). `acteur` tells two names of one body in one use.
with propres as (
    select
        usage_id,
        siren,
        collectivite,
        type_collectivite,
        case when nature = 'usage' then 'utilisateur' else 'porteur' end as role,
        'usage' as origine,
        1 as rang
    from core.usages
),

-- A record that joins several bodies, or that an analyst joined to another body's use, brings bodies that are not the use's.
corps as (
    select
        g.usage_id,
        t.trace_id,
        t.nom,
        d.autorite as propre,
        unnest(t.autorites) as autorite
    from core.usages_groupes as g
    inner join core.traces as t on t.trace_id = g.trace_id
    inner join core.traces as d on d.trace_id = g.descriptif_id
    where g.est_usage
),

du_registre as (
    select
        b.usage_id,
        coalesce(n.siren, o.siren) as siren,
        c.collectivite,
        coalesce(n.type, c.type_canonique) as type_collectivite,
        case when c.nature = 'usage' then 'utilisateur' else 'porteur' end as role
    from corps as b
    inner join core.preuves as p on p.preuve_id = b.trace_id
    inner join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
    left join core.noms_resolus as n on n.nom_id = b.trace_id
    left join core.organismes_resolus as o on o.nom_id = b.trace_id and o.siren is not null and o.republiee
    where b.autorite <> b.propre
),

-- Who buys, or receives a grant, carries the project for the use's own body; who offers a grant funds it.
des_candidats as (
    select
        b.usage_id,
        k.siren,
        coalesce(k.nom, b.nom) as collectivite,
        coalesce(k.type, 'autre') as type_collectivite,
        case c.type_candidat
            when 'cas' then 'utilisateur'
            when 'appel' then 'financeur'
            else 'porteur'
        end as role
    from corps as b
    inner join core.candidats as c on c.candidat_id = b.trace_id
    left join core.acteurs_connus as k on k.siren = b.autorite
    where b.autorite <> b.propre and c.type_candidat in ('cas', 'marche', 'avis', 'aide', 'appel')
),

soutiens as (
    select
        p.usage_id,
        c.programme
    from core.preuves_usages as p
    inner join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
    where c.programme is not null
    union
    select
        p.usage_id,
        a.programme
    from core.preuves_usages as p
    inner join core.aides_projets as a on a.source = p.source and a.aide_cle = p.cle_source
),

reunis as (
    select * from propres
    union all
    select
        *,
        'preuve' as origine,
        2 as rang
    from du_registre
    union all
    select
        *,
        'preuve' as origine,
        2 as rang
    from des_candidats
    union all
    select
        p.usage_id,
        cast(null as varchar) as siren,
        f.financeur as collectivite,
        f.type as type_collectivite,
        'financeur' as role,
        'programme' as origine,
        3 as rang
    from soutiens as p
    inner join staging.programmes as f on f.programme = p.programme
),

nommes as (
    select
        *,
        coalesce(siren, nom_plat(collectivite)) as acteur
    from reunis
),

final as (
    select *
    from nommes
    qualify row_number() over (partition by usage_id, acteur, role order by rang, collectivite, type_collectivite, siren) = 1
)

select
    usage_id,
    acteur,
    siren,
    collectivite,
    type_collectivite,
    role,
    origine
from final
