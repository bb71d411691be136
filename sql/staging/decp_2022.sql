-- One contract or concession in the official format of 2022, from JSON or XML.
with source as (
    select
        *,
        "acheteur.id" as acheteur_recu,
        cast(null as varchar) as acheteur_nom_recu,
        "autoriteConcedante.id" as concedant_recu,
        cast(null as varchar) as concedant_nom_recu,
        "autoriteConcedante.id" is not null and "acheteur.id" is null as concession,
        techniques as techniques_recues,
        idAccordCadre as accord_cadre_recu,
        marcheInnovant as innovant_recu,
        coalesce(titulaires, concessionnaires) as titulaires_recus,
        modifications as modifications_recues,
        cast(null as varchar) as plateforme_lue
    from raw.decp_2022
),

lues as (
    select
        *,
        identifiant_compact(coalesce(acheteur_recu, concedant_recu)) as acheteur,
        renseigne(id) as id_lu,
        renseigne(coalesce(acheteur_nom_recu, concedant_nom_recu)) as acheteur_nom,
        coalesce(montant, valeurGlobale) as montant_recu,
        coalesce(renseigne(dateNotification), renseigne(dateSignature)) as date_recue,
        montant_lu(coalesce(montant, valeurGlobale)) as montant_eur,
        sans_contact(renseigne(objet)) as objet_lu
    from source
),

final as (
    select
        acheteur || id_lu as uid,
        id_lu as id,
        acheteur as acheteur_siret,
        siren_certain(acheteur) as acheteur_siren,
        renseigne(accord_cadre_recu) as accord_cadre,
        plateforme_lue as plateforme,
        cpv_huit(codeCPV) as cpv,
        acheteur_nom,
        objet_lu as objet,
        renseigne(nature) as nature,
        renseigne(procedure) as procedure,
        nullif(techniques_recues, '') as techniques,
        concession,
        identifiants_titulaires(titulaires_recus) as titulaires,
        modifications_recues as modifications,
        montant_motif(montant_recu, montant_eur, nature, techniques_recues) as montant_motif,
        cpv_motif(codeCPV) as cpv_motif,
        date_motif(date_recue) as date_motif,
        contact_retire(objet_lu) as contact_retire,
        caracteres_detruits(objet_lu) or caracteres_detruits(acheteur_nom) as caracteres_detruits,
        innovant_recu in ('true', 'oui') as innovant,
        duree_lue(dureeMois) as duree_mois,
        montant_eur as montant,
        date_marche(date_recue) as date_notification,
        date_marche(trim(datePublicationDonnees)) as date_publication,
        _livraison,
        _ligne,
        motifs([motif(id_lu is null, 'id', 'vide'), motif(acheteur is null, 'acheteur.id', 'vide')]) as _motifs
    from lues
)

select
    uid,
    id,
    acheteur_siret,
    acheteur_siren,
    accord_cadre,
    plateforme,
    cpv,
    acheteur_nom,
    objet,
    nature,
    procedure,
    techniques,
    concession,
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
    date_publication,
    _livraison,
    _ligne,
    _motifs
from final
