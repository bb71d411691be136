-- The actors that decisions of type « role » name, one row a decision whose record is of a use: what columns say of their roles
-- (`valeur`, in the order of the alphabet), and what keeps the decision from applying (`obstacle`). Each actor of a use has one
-- key only, else two analysts could decide of it without meeting. Apart from core.decisions_objets, because uses depend on the
-- other decisions.
with decidees as (
    select
        decision_id,
        valeur,
        decision_objet(objet_type, cle) as objet,
        decision_enregistrement(cle) as enregistrement,
        decision_acteur_siren(cle) as siren,
        decision_acteur_nom(cle) as nom,
        decision_acteur_type(cle) as type
    from staging.decisions
    where objet_type = 'role'
),

situees as (
    select
        d.*,
        u.usage_id,
        u.source || '|' || u.cle_source as cle_usage,
        coalesce(d.siren, nom_plat(d.nom)) as acteur
    from decidees as d
    inner join core.traces as t on t.cle = d.enregistrement
    inner join core.usages_groupes as g on g.trace_id = t.trace_id and g.est_usage
    inner join core.usages as u on u.usage_id = g.usage_id
),

presents as (
    select
        usage_id,
        acteur,
        min(siren) as siren,
        min(collectivite) as collectivite,
        min(type_collectivite) as type_collectivite,
        bool_or(origine = 'usage') as propre,
        string_agg(role, ' + ' order by role) as valeur
    from core.acteurs_deduits
    group by usage_id, acteur
),

-- A body that the use has under its SIREN, by columns or by another decision, named by its name.
immatricules as (
    select
        usage_id,
        siren,
        collectivite
    from presents
    where siren is not null
    union all
    select
        s.usage_id,
        k.siren,
        k.nom as collectivite
    from situees as s
    inner join core.acteurs_connus as k on k.siren = s.siren
),

homonymes as (
    select
        s.decision_id,
        min(i.siren) as siren
    from situees as s
    inner join immatricules as i on i.usage_id = s.usage_id and nom_plat(i.collectivite) = nom_plat(s.nom)
    group by s.decision_id
)

select
    s.decision_id,
    s.objet,
    s.usage_id,
    s.acteur,
    coalesce(p.siren, s.siren) as siren,
    coalesce(p.collectivite, k.nom, s.nom) as collectivite,
    coalesce(p.type_collectivite, k.type, s.type) as type_collectivite,
    p.valeur,
    case
        when s.cle_usage <> s.enregistrement then 'l''usage est décrit par ' || s.cle_usage || ' : décider sur cette clé'
        when h.siren is not null then 'cet acteur a un SIREN : le désigner par ' || h.siren
        when s.siren is not null and p.acteur is null and k.siren is null
            then 'le SIREN n''est ni de la référence ni d''un organisme publié : donner « Nom|type »'
        when s.valeur = 'aucun' and p.propre
            then 'la collectivité de l''usage y garde un rôle : lui en donner un autre'
    end as obstacle
from situees as s
left join presents as p on p.usage_id = s.usage_id and p.acteur = s.acteur
left join homonymes as h on h.decision_id = s.decision_id
left join core.acteurs_connus as k on k.siren = s.siren
