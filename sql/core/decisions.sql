-- Every decision and what became of it: appliquée, obsolète (the sources or rules now say the same), non appliquée, en
-- conflit (two analysts differ) or remplacée (by a later word of its author or by an « arbitrage »).
with noms as (
    select
        d.decision_id,
        count(*) as nombre,
        count(*) filter (where r.decision_id = d.decision_id) as appliquees,
        count(*) filter (where r.siren_automatique is not distinct from d.siren and r.statut_automatique = 'résolu')
            as superflues,
        min(r.siren_automatique) as valeur
    from core.noms_decisions as d
    inner join core.noms_a_resoudre as n
        on lower(trim(n.nom)) = lower(d.nom)
        and (d.type_indice is null or d.type_indice = n.type_indice)
        and (d.territoire_indice is null or d.territoire_indice = n.territoire_indice)
    inner join core.noms_resolus as r on r.nom_id = n.nom_id
    group by d.decision_id
),

connus as (
    select distinct siren
    from core.territoires
    where siren is not null
),

objets as (
    select * from core.decisions_objets
    union all
    select * from core.decisions_fusions
),

trouvees as (
    select
        d.*,
        case d.objet_type when 'nom' then n.valeur when 'role' then a.valeur else o.valeur end as valeur_trouvee,
        case d.objet_type
            when 'nom' then n.decision_id is not null
            when 'role' then a.decision_id is not null
            else o.objet is not null
        end as present,
        case d.objet_type
            when 'nom' then coalesce(n.superflues = n.nombre, false)
            when 'droit_de_reponse' then false
            when 'role' then a.valeur is not distinct from nullif(d.valeur, 'aucun')
            else o.valeur is not distinct from d.valeur and not decision_fonde_usage(d.objet_type, d.objet, d.valeur)
        end as superflue,
        case d.objet_type
            when 'nom' then coalesce(n.appliquees > 0, false)
            when 'droit_de_reponse' then true
            when 'role' then a.valeur is not distinct from d.valeur_attendue
            else decision_tient(d.objet_type, d.objet, d.valeur_attendue, d.valeur, o.valeur)
        end as applicable,
        a.obstacle,
        d.objet_type = 'nom' and d.valeur <> 'aucune' and c.siren is null as siren_inconnu
    from core.decisions_confrontees as d
    left join objets as o on o.objet_type = d.objet_type and o.objet = d.objet
    left join core.decisions_acteurs as a on a.decision_id = d.decision_id
    left join core.decisions_confrontees as e
        on e.objet_type = d.objet_type and e.objet = d.objet and e.retenue and e.valeur = d.valeur
    left join noms as n on n.decision_id = e.decision_id
    left join connus as c on c.siren = d.valeur
),

final as (
    select
        *,
        case
            when verdict in ('remplacée', 'tranchée') then 'remplacée'
            when verdict = 'en conflit' then 'en conflit'
            when siren_inconnu or not present or obstacle is not null then 'non appliquée'
            when superflue and valeur is distinct from valeur_attendue then 'obsolète'
            when applicable then 'appliquée'
            else 'non appliquée'
        end as etat,
        case
            when verdict = 'remplacée' then 'remplacée par ' || autre_id
            when verdict = 'tranchée' then 'écartée par l''arbitrage ' || autre_id
            when verdict = 'en conflit' then 'un autre analyste a décidé autrement : aucun des deux avis ne s''applique'
            when siren_inconnu then 'le SIREN n''est pas celui d''une collectivité de la référence : si c''en est une, l''ajouter à data/register/territoires_cites.csv ; '
                || 'sinon décider « aucune », un nom ne désigne que des collectivités'
            when not present and objet_type = 'nom' then 'ce nom n''est plus lu'
            when not present then 'objet absent des sources'
            when obstacle is not null then obstacle
            when superflue and valeur is distinct from valeur_attendue then 'les sources ou les règles disent désormais la même chose'
            when not applicable then 'les sources ou les règles disent autre chose que la valeur attendue'
            when objet_type = 'droit_de_reponse' then 'portée sur l''usage'
            when valeur is not distinct from valeur_attendue then 'confirme la valeur attendue'
            when decision_fonde_usage(objet_type, objet, valeur) and valeur_trouvee = valeur then 'confirme ce que disent les règles'
            when valeur_attendue is null then 'les sources et les règles n''en disent toujours rien'
            else 'la valeur attendue est toujours là'
        end as explication
    from trouvees
)

select
    decision_id,
    objet_type,
    cle,
    objet,
    valeur_attendue,
    valeur,
    nature,
    motif,
    auteur,
    guide,
    preuve_url,
    etat,
    explication,
    valeur_trouvee,
    date
from final
