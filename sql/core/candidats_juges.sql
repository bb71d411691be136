-- What the rules say of each candidate where a term of AI was found, decisions of analysts left out. The text is judged as
-- its source publishes it; `objet_decision` is how a decision names it. The status that a source declares wins over the one that
-- rules read in its text (`statut_texte`), which tells as much of the past or of a phase as of today.
select
    b.candidat_id,
    b.source,
    b.cle,
    b.source || '|' || b.cle as objet_decision,
    b.type_candidat,
    d.decision,
    t.theme,
    t.themes,
    t.technique,
    coalesce(b.statut_declare, t.statut) as statut,
    b.statut_declare,
    t.statut as statut_texte,
    b.acheteur,
    b.siren,
    b.territoire_indice,
    b.objet,
    d.motifs,
    e.effets,
    b.cpv,
    b.montant_nature,
    b.url,
    b.licence,
    b.date_precision,
    t.finalite_environnementale,
    b.republiee,
    d.score,
    b.montant,
    b.date,
    b._livraison,
    b._ligne
from core.candidats_detection as d
inner join core.candidats_bruts as b on b.candidat_id = d.candidat_id
left join core.candidats_themes as t on t.cle = d.candidat_id
left join core.candidats_effets as e on e.cle = d.candidat_id
