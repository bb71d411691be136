-- One contract or concession published by one platform in the format of 2019.
with source as (
    select * from raw.decp_2019
),

lues as (
    select
        *,
        identifiant_compact(coalesce("acheteur.id", "autoriteConcedante.id")) as acheteur,
        renseigne(id) as id_lu,
        renseigne(coalesce("acheteur.nom", "autoriteConcedante.nom")) as acheteur_nom,
        coalesce(montant, valeurGlobale) as montant_recu,
        coalesce(renseigne(dateNotification), renseigne(dateSignature)) as date_recue,
        montant_lu(coalesce(montant, valeurGlobale)) as montant_eur,
        sans_contact(renseigne(objet)) as objet_lu
    from source
),

final as (
    select
        acheteur || id_lu as uid,
        acheteur as acheteur_siret,
        siren_certain(acheteur) as acheteur_siren,
        _millesime as plateforme,
        cpv_huit(codeCPV) as cpv,
        acheteur_nom,
        objet_lu as objet,
        renseigne(nature) as nature,
        renseigne(procedure) as procedure,
        identifiants_titulaires(coalesce(titulaires, concessionnaires)) as titulaires,
        modifications,
        montant_motif(montant_recu, montant_eur, nature, null) as montant_motif,
        cpv_motif(codeCPV) as cpv_motif,
        date_motif(date_recue) as date_motif,
        contact_retire(objet_lu) as contact_retire,
        caracteres_detruits(objet_lu) or caracteres_detruits(acheteur_nom) as caracteres_detruits,
        duree_lue(dureeMois) as duree_mois,
        montant_eur as montant,
        date_marche(date_recue) as date_notification,
        _livraison,
        _ligne,
        motifs([motif(id_lu is null, 'id', 'vide'), motif(acheteur is null, 'acheteur.id', 'vide')]) as _motifs
    from lues
)

select
    uid,
    acheteur_siret,
    acheteur_siren,
    plateforme,
    cpv,
    acheteur_nom,
    objet,
    nature,
    procedure,
    titulaires,
    modifications,
    montant_motif,
    cpv_motif,
    date_motif,
    contact_retire,
    caracteres_detruits,
    duree_mois,
    montant,
    date_notification,
    _livraison,
    _ligne,
    _motifs
from final
