-- One payment to one funded project, in one edition. A file number repeats when a project is paid on several lines.
with source as (
    select * from raw.fonds_vert
),

lues as (
    select
        renseigne(numero_dossier_ds) as dossier,
        renseigne(numero_demarche_ds) as demarche,
        code_court(renseigne(code_departement)) as departement,
        code_commune(renseigne(code_commune)) as commune,
        renseigne(code_commune) as commune_recue,
        identifiant_compact(siren) as siren_recu,
        sans_contact(renseigne(nom_du_projet)) as projet,
        renseigne(nom_beneficiaire_principal) as beneficiaire,
        renseigne(nom_demarche_ds) as dispositif,
        renseigne(axe) as axe,
        montant_francais(montant_engage) as montant,
        renseigne(montant_engage) as montant_recu,
        _livraison,
        _ligne,
        _millesime
    from source
),

typed as (
    select
        *,
        siren_certain(siren_recu) as siren,
        coalesce(length(siren_recu) = 14, false) as siret_a_la_place,
        try_cast(_millesime as integer) as annee,
        case
            when montant_recu is null then 'absent'
            when montant is null then 'illisible'
            when montant_sentinelle(montant) then 'sentinelle'
            when montant = 0 then 'zéro'
            when montant < 0 then 'négatif'
        end as montant_motif
    from lues
),

final as (
    select
        *,
        case
            when siren_recu is null then 'absent'
            when siren is null then 'clé fausse'
            when siret_a_la_place then 'SIRET dans la colonne SIREN'
        end as siren_motif,
        coalesce(commune_recue <> commune, false) as zero_remis,
        -- A beneficiary whose SIREN is not that of a public body may be a person: only public bodies keep their name,
        -- and those whose number is unreadable, which are never resolved by it.
        case when est_siren_public(siren) then beneficiaire end as beneficiaire_public,
        contact_retire(projet) as contact_retire,
        motifs([
            motif(dossier is null, 'numero_dossier_ds', 'vide'),
            motif(projet is null, 'nom_du_projet', 'vide'),
            motif(annee is null, 'millésime', 'absent')
        ]) as _motifs
    from typed
)

select
    dossier,
    demarche,
    siren,
    departement,
    commune,
    projet,
    beneficiaire_public,
    dispositif,
    axe,
    montant_motif,
    siren_motif,
    zero_remis,
    siret_a_la_place,
    contact_retire,
    montant,
    annee,
    _livraison,
    _ligne,
    _motifs
from final
