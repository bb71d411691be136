-- One row of the ministry's flat export: one contract, one of its modifications or one of its subcontracts.
with source as (
    select * from raw.decp_officiel
),

lues as (
    select
        *,
        identifiant_compact(acheteur_id) as acheteur,
        renseigne(id) as id_lu,
        coalesce(try_cast(renseigne(idmodification) as integer), 0) as version,
        coalesce(renseigne(montantmodification), montant) as montant_recu,
        coalesce(renseigne(datenotificationmodificationmodification), datenotification) as date_recue,
        coalesce(duree_lue(dureemoismodification), duree_lue(dureemois)) as duree_mois,
        list_filter(
            [
                identifiant_compact(titulaire_id_1), identifiant_compact(titulaire_id_2), identifiant_compact(titulaire_id_3)
            ],
            lambda t: t is not null
        ) as titulaires_recus,
        sans_contact(renseigne(objet)) as objet_lu
    from source
),

typed as (
    select
        *,
        montant_lu(montant_recu) as montant_eur
    from lues
),

final as (
    select
        acheteur || id_lu as uid,
        acheteur as acheteur_siret,
        siren_certain(acheteur) as acheteur_siren,
        renseigne("source") as plateforme,
        cpv_huit(codecpv) as cpv,
        objet_lu as objet,
        renseigne(nature) as nature,
        renseigne(procedure) as procedure,
        renseigne(techniques) as techniques,
        list_sort(list_distinct(list_transform(titulaires_recus, lambda t: hash(t)))) as titulaires,
        montant_motif(montant_recu, montant_eur, nature, techniques) as montant_motif,
        cpv_motif(codecpv) as cpv_motif,
        date_motif(date_recue) as date_motif,
        contact_retire(objet_lu) as contact_retire,
        caracteres_detruits(objet_lu) as caracteres_detruits,
        lower(marcheinnovant) in ('true', 'oui', '1') as innovant,
        version,
        duree_mois,
        montant_eur as montant,
        date_marche(trim(date_recue)) as date_notification,
        date_marche(trim(datenotification)) as date_initiale,
        _livraison,
        _ligne,
        motifs([motif(id_lu is null, 'id', 'vide'), motif(acheteur is null, 'acheteur_id', 'vide')]) as _motifs
    from typed
)

select
    uid,
    acheteur_siret,
    acheteur_siren,
    plateforme,
    cpv,
    objet,
    nature,
    procedure,
    techniques,
    titulaires,
    montant_motif,
    cpv_motif,
    date_motif,
    contact_retire,
    caracteres_detruits,
    innovant,
    version,
    duree_mois,
    montant,
    date_notification,
    date_initiale,
    _livraison,
    _ligne,
    _motifs
from final
