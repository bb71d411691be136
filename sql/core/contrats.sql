-- A view. One contract, one row: its most trusted source, in its latest version. Never sum raw rows: sum `montant` here,
-- where `montant_motif` is empty.
with enregistrements as (
    select
        l.*,
        contrat_enregistrement(v.rang, l._ligne) as enregistrement
    from core.contrats_lignes as l
    -- Every record has its delivery; an inner join would be expected to keep no row, and its side to fit in memory.
    left join core.contrats_livraisons as v on v.source = l.source and v.livraison = l._livraison
)

select
    r.contrat_cle,
    l.source,
    l.acheteur_siret,
    l.acheteur_siren,
    l.departement,
    l.cpv,
    l.acheteur_nom,
    coalesce(o.objet, l.objet) as objet,
    l.nature,
    l.procedure,
    r.montant_motif,
    montant_mesure(r.montant_motif) as montant_nature,
    l.innovant,
    r.duree_mois,
    r.nb_titulaires,
    r.nb_lignes,
    r.montant,
    -- An old contract may be known by its last modification alone, which tells its first date.
    least(r.date_notification, l.date_initiale) as date_notification,
    l._livraison,
    l._ligne
from core.contrats_retenus as r
inner join enregistrements as l on l.enregistrement = r.enregistrement
left join core.contrats_objets as o on o.contrat_cle = r.contrat_cle
