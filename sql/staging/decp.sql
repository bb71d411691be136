-- Row by row. One row of the consolidated file: one supplier of one contract, in one of its versions. Suppliers keep no
-- name.
with source as (
    select * from raw.decp
),

lues as (
    select
        *,
        identifiant_compact(acheteur_id) as acheteur,
        identifiant_compact(titulaire_id) as titulaire,
        montant_lu(montant) as montant_eur,
        date_marche(dateNotification) as date_lue,
        sans_contact(renseigne(objet)) as objet_lu
    from source
),

final as (
    select
        uid,
        acheteur as acheteur_siret,
        siren_certain(acheteur) as acheteur_siren,
        hash(titulaire) as titulaire_empreinte,
        sourceDataset as plateforme,
        acheteur_departement_code as departement,
        cpv_huit(codeCPV) as cpv,
        renseigne(acheteur_nom) as acheteur_nom,
        objet_lu as objet,
        renseigne(nature) as nature,
        renseigne(procedure) as procedure,
        renseigne(techniques) as techniques,
        montant_motif(montant, montant_eur, nature, techniques) as montant_motif,
        cpv_motif(codeCPV) as cpv_motif,
        date_motif(dateNotification) as date_motif,
        contact_retire(objet_lu) as contact_retire,
        caracteres_detruits(objet_lu) or caracteres_detruits(acheteur_nom) as caracteres_detruits,
        booleen(marcheInnovant) as innovant,
        booleen(donneesActuelles) as actuelle,
        try_cast(modification_id as integer) as version,
        duree_lue(dureeMois) as duree_mois,
        montant_eur as montant,
        date_lue as date_notification,
        _livraison,
        _ligne,
        case
            when uid is null or acheteur is null
                then motifs([motif(uid is null, 'uid', 'vide'), motif(acheteur is null, 'acheteur_id', 'vide')])
            else []::VARCHAR[]
        end as _motifs
    from lues
)

select
    uid,
    acheteur_siret,
    acheteur_siren,
    titulaire_empreinte,
    plateforme,
    departement,
    cpv,
    acheteur_nom,
    objet,
    nature,
    procedure,
    techniques,
    montant_motif,
    cpv_motif,
    date_motif,
    contact_retire,
    caracteres_detruits,
    innovant,
    actuelle,
    version,
    duree_mois,
    montant,
    date_notification,
    _livraison,
    _ligne,
    _motifs
from final
