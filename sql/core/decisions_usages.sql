-- What decisions change in each record behind a use: only those that stand and still apply (decision_tient).
with applicables as (
    select
        d.decision_id,
        d.objet_type,
        d.objet as cle,
        d.valeur,
        d.motif,
        d.date
    from core.decisions_confrontees as d
    inner join core.decisions_objets as o on o.objet_type = d.objet_type and o.objet = d.objet
    where d.retenue and d.objet_type <> 'fusion'
        and (
            d.objet_type = 'droit_de_reponse'
            or decision_tient(d.objet_type, d.objet, d.valeur_attendue, d.valeur, o.valeur)
        )
)

select
    cle,
    max(valeur) filter (objet_type = 'theme') as theme,
    max(valeur) filter (objet_type = 'statut') as statut,
    max(valeur) filter (objet_type = 'finalite') as finalite,
    max(valeur) filter (objet_type = 'detection') as detection,
    max(valeur) filter (objet_type = 'droit_de_reponse') as contestation_etat,
    max(motif) filter (objet_type = 'droit_de_reponse') as contestation,
    max(date) filter (objet_type = 'droit_de_reponse') as contestation_date,
    max(date) filter (objet_type = 'statut') as statut_date,
    list(decision_id order by decision_id) as decisions
from applicables
group by cle
