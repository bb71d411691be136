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
left join core.preuves as p on d.objet_type <> 'nom' and d.cle = p.source || '|' || p.cle_source
left join core.usages_groupes as g on g.trace_id = p.preuve_id
