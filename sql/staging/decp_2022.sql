-- One contract or concession in the official format of 2022, from JSON or XML.
with source as (
    select * from raw.decp_2022
),

lues as (
    select
        *,
        identifiant_compact(coalesce("acheteur.id", "autoriteConcedante.id")) as acheteur,
        renseigne(id) as id_lu,
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
        cpv_huit(codeCPV) as cpv,
        objet_lu as objet,
        renseigne(nature) as nature,
        renseigne(procedure) as procedure,
        nullif(techniques, '') as techniques,
        identifiants_titulaires(coalesce(titulaires, concessionnaires)) as titulaires,
        modifications,
        montant_motif(montant_recu, montant_eur, nature, techniques) as montant_motif,
        cpv_motif(codeCPV) as cpv_motif,
        date_motif(date_recue) as date_motif,
        contact_retire(objet_lu) as contact_retire,
        caracteres_detruits(objet_lu) as caracteres_detruits,
        marcheInnovant in ('true', 'oui') as innovant,
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
    cpv,
    objet,
    nature,
    procedure,
    techniques,
    titulaires,
    modifications,
    montant_motif,
    cpv_motif,
    date_motif,
    contact_retire,
    caracteres_detruits,
    innovant,
    duree_mois,
    montant,
    date_notification,
    _livraison,
    _ligne,
    _motifs
from final
