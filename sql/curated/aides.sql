-- Funded projects judged for AI, with what a grant says of itself. A source whose licence is not established is not here.
select
    c.candidat_id,
    c.source,
    c.cle as aide_cle,
    c.decision,
    c.score,
    c.motifs,
    c.theme,
    c.finalite_environnementale,
    c.acheteur as beneficiaire,
    c.siren as beneficiaire_siren,
    c.objet as projet,
    a.dispositif,
    a.axe,
    a.annee,
    c.montant,
    c.montant_nature,
    a.montant_motif,
    c.licence,
    c.attribution,
    c.livraison,
    c.ligne
from curated.candidats as c
inner join core.aides_projets as a on a.source = c.source and a.aide_cle = c.cle
where c.type_candidat = 'aide'
