-- One human decision and what became of it.
select
    d.decision_id,
    d.objet_type,
    d.cle,
    g.usage_id,
    d.valeur_attendue,
    d.valeur,
    d.nature,
    d.motif,
    d.auteur,
    d.date,
    d.guide,
    d.preuve_url,
    d.etat,
    d.explication,
    d.valeur_trouvee
from core.decisions as d
left join core.traces as t
    on d.objet_type not in ('nom', 'fusion')
    and t.cle = if(d.objet_type = 'role', decision_enregistrement(d.cle), d.cle)
left join core.usages_groupes as g on g.trace_id = t.trace_id and g.est_usage
