-- French cases of local and regional bodies that declare AI, waiting for judgement: candidates, not uses of the register.
select
    cas_id as candidat_id,
    source,
    cle_source as cle,
    organisme,
    titre,
    description,
    url,
    statut,
    annee_debut,
    date_maj as date,
    _livraison,
    _ligne
from core.contexte_europe
where perimetre = 'france' and local_ou_regional and ia_declaree
