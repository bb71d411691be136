-- The history of every contract: one row per version that a source knows, whatever the number of suppliers, rows and
-- files that repeat it. `ordre` sorts versions from the least to the most trusted and recent, without ties:
-- source (7 = most trusted) | current | version | date of notification | rank of the row in its source.
with consolidees as (
    select
        7 as confiance_source,
        uid as contrat_cle,
        coalesce(version, 0) as version,
        coalesce(actuelle, false) as actuelle,
        date_notification,
        date_publication,
        montant,
        montant_motif,
        duree_mois,
        titulaire_empreinte,
        titulaire_siren_morale,
        hash(objet) as objet_empreinte,
        _livraison,
        _ligne * 16 as rang_ligne
    from staging.decp
    union all by name
    select
        4 as confiance_source,
        uid as contrat_cle,
        version,
        false as actuelle,
        date_notification,
        date_publication,
        montant,
        montant_motif,
        duree_mois,
        len(titulaires) as titulaires_ligne,
        titulaire_siren_morale,
        hash(objet) as objet_empreinte,
        _livraison,
        _ligne * 16 as rang_ligne
    from staging.decp_officiel
),

initiales as (
    select
        5 as confiance_source,
        uid as contrat_cle,
        0 as version,
        date_notification,
        date_publication,
        montant,
        montant_motif,
        duree_mois,
        titulaires,
        modifications,
        nature,
        techniques,
        hash(objet) as objet_empreinte,
        _livraison,
        _ligne * 16 as rang_ligne
    from staging.decp_2022
    union all
    select
        3 as confiance_source,
        uid as contrat_cle,
        0 as version,
        date_notification,
        date_publication,
        montant,
        montant_motif,
        duree_mois,
        titulaires,
        modifications,
        nature,
        techniques,
        hash(objet) as objet_empreinte,
        _livraison,
        _ligne * 16 + list_position(['aife', 'aws', 'emar', 'pes'], plateforme) as rang_ligne
    from staging.decp_2019
),

dites as (
    select
        *,
        unnest(modifications_lues(modifications)) as m,
        generate_subscripts(modifications_lues(modifications), 1) as rang
    from initiales
    where modifications is not null
),

-- The files of 2019 number no modification and list them in any order: their dates do.
modifiees as (
    select
        *,
        coalesce(
            try_cast(json_extract_string(m, '$.id') as integer),
            row_number() over (
                partition by confiance_source, _livraison, rang_ligne
                order by
                    coalesce(
                        json_extract_string(m, '$.dateNotificationModification'),
                        json_extract_string(m, '$.dateSignatureModification'),
                        json_extract_string(m, '$.datePublicationDonneesModification')
                    ),
                    rang
            )
        ) as version_modifiee
    from dites
),

-- What a modification does not say stays as it was.
modifications_ordonnees as (
    select
        *,
        last_value(coalesce(json_extract_string(m, '$.montant'), json_extract_string(m, '$.valeurGlobale')) ignore nulls)
            over anterieures as montant_modifie,
        last_value(nullif(len(identifiants_titulaires(json_extract(m, '$.titulaires')::varchar)), 0) ignore nulls)
            over anterieures as titulaires_modifies,
        last_value(duree_lue(json_extract_string(m, '$.dureeMois')) ignore nulls) over anterieures as duree_modifiee,
        coalesce(
            json_extract_string(m, '$.dateNotificationModification'), json_extract_string(m, '$.dateSignatureModification')
        ) as date_modifiee
    from modifiees
    window anterieures as (
        partition by confiance_source, _livraison, rang_ligne order by version_modifiee, rang
        rows between unbounded preceding and current row
    )
),

lignes as (
    select * from consolidees
    union all by name
    select
        confiance_source,
        contrat_cle,
        version,
        false as actuelle,
        date_notification,
        date_publication,
        montant,
        montant_motif,
        duree_mois,
        len(titulaires) as titulaires_ligne,
        objet_empreinte,
        _livraison,
        rang_ligne
    from initiales
    union all by name
    select
        confiance_source,
        contrat_cle,
        version_modifiee as version,
        false as actuelle,
        date_marche(date_modifiee) as date_notification,
        date_marche(json_extract_string(m, '$.datePublicationDonneesModification')) as date_publication,
        coalesce(montant_lu(montant_modifie), montant) as montant,
        if(
            montant_modifie is null,
            montant_motif,
            montant_motif(montant_modifie, montant_lu(montant_modifie), nature, techniques)
        ) as montant_motif,
        coalesce(duree_modifiee, duree_mois) as duree_mois,
        coalesce(titulaires_modifies, len(titulaires)) as titulaires_ligne,
        objet_empreinte,
        _livraison,
        rang_ligne
    from modifications_ordonnees
),

ordonnees as (
    select
        *,
        (confiance_source::bigint << 59)
        + (if(actuelle, 1, 0)::bigint << 58)
        + (least(greatest(version, 0), 63)::bigint << 52)
        + (coalesce(greatest(date_notification - date '1990-01-01', 0), 0)::bigint << 36)
        + rang_ligne as ordre
    from lignes
),

-- A hash stands for the delivery while millions of rows are grouped: half the time.
livraisons as (
    select _livraison, hash(_livraison) as empreinte from staging.decp
    union
    select _livraison, hash(_livraison) from staging.decp_2022
    union
    select _livraison, hash(_livraison) from staging.decp_officiel
    union
    select _livraison, hash(_livraison) from staging.decp_2019
),

final as (
    select
        contrat_cle,
        confiance_source,
        version,
        date_notification,
        max(ordre) as ordre,
        arg_max(hash(_livraison), ordre) as livraison_empreinte,
        bool_or(actuelle) as actuelle,
        max(date_publication) as date_publication,
        min(montant) as montant_min,
        max(montant) as montant_max,
        max(montant_motif) as montant_motif,
        max(duree_mois) as duree_mois,
        nullif(greatest(count(distinct titulaire_empreinte), coalesce(max(titulaires_ligne), 0)), 0) as nb_titulaires,
        max(titulaire_siren_morale) as titulaire_siren_morale,
        count(*) as lignes,
        min(objet_empreinte) as objet_premier,
        max(objet_empreinte) as objet_dernier
    from ordonnees
    group by contrat_cle, confiance_source, version, date_notification
)

select
    contrat_cle,
    confiance_source,
    version,
    actuelle,
    case when montant_min = montant_max then montant_max end as montant,
    montant_min,
    montant_max,
    case when montant_min <> montant_max then 'plusieurs montants' else montant_motif end as montant_motif,
    duree_mois,
    nb_titulaires,
    titulaire_siren_morale,
    lignes,
    objet_premier,
    objet_dernier,
    date_notification,
    date_publication,
    ordre,
    l._livraison,
    (ordre & 68719476735) // 16 as _ligne
from final as f
inner join livraisons as l on l.empreinte = f.livraison_empreinte
