-- One human decision and what became of it. A candidate that an analyst says to be AI may still be no use: it is said why.
with usages as (
    select
        decision_id,
        min(usage_id) as usage_id
    from core.usages_decisions
    group by decision_id
    having count(*) = 1
)

select
    d.decision_id,
    d.objet_type,
    d.cle,
    u.usage_id,
    d.valeur_attendue,
    d.valeur,
    d.nature,
    d.motif,
    d.auteur,
    d.date,
    d.guide,
    d.preuve_url,
    d.etat,
    d.explication || case
        when d.objet_type <> 'detection' or d.valeur <> 'oui' or d.etat <> 'appliquée' or u.usage_id is not null then ''
        when not c.republiee then ' ; il n''en devient pas un usage : la licence de sa source ne permet pas de le publier'
        when n.decision_id is not null then ' ; il n''en devient pas un usage : ' || n.decision_id || ' dit que son organisme n''est pas une collectivité'
        when c.candidat_id is not null then ' ; il n''en devient pas un usage : son organisme n''est pas reconnu'
        else ''
    end as explication,
    d.valeur_trouvee
from core.decisions as d
left join usages as u on u.decision_id = d.decision_id
left join core.candidats as c on c.source || '|' || c.cle = d.objet
left join core.noms_resolus as n on n.nom_id = c.candidat_id and n.decision_id is not null and n.siren is null
