-- Contracts judged for AI, with what a contract says of itself: one row a contract (modifications folded).
select
    c.candidat_id,
    c.source,
    c.cle as contrat_cle,
    c.decision,
    c.score,
    c.motifs,
    c.theme,
    c.finalite_environnementale,
    c.acheteur,
    c.siren as acheteur_siren,
    c.objet,
    c.cpv,
    k.nature,
    k.procedure,
    k.innovant,
    c.montant,
    c.montant_nature,
    k.montant_motif,
    k.duree_mois,
    k.nb_titulaires,
    k.date_notification,
    c.licence,
    c.attribution,
    c.livraison,
    c.ligne
from curated.candidats as c
inner join core.contrats as k on k.source = c.source and k.contrat_cle = c.cle
where c.type_candidat = 'marche'
