-- The contracts of the nested formats (2019, 2022) in each of their versions: as signed, then after each modification.
-- What a modification does not say stays as it was.
with initiales as (
    select
        source,
        contrat_cle,
        date_notification,
        montant,
        montant_motif,
        duree_mois,
        titulaires,
        modifications,
        nature,
        techniques,
        objet,
        _livraison,
        _ligne
    from core.contrats_lignes
    where modifications is not null
),

dites as (
    select
        *,
        unnest(modifications_lues(modifications)) as m,
        generate_subscripts(modifications_lues(modifications), 1) as rang
    from initiales
    where modifications <> '[]'
),

-- The files of 2019 number no modification and list them in any order: their dates do.
modifiees as (
    select
        *,
        coalesce(
            try_cast(json_extract_string(m, '$.id') as integer),
            row_number() over (
                partition by source, _livraison, _ligne
                order by
                    coalesce(
                        json_extract_string(m, '$.dateNotificationModification'),
                        json_extract_string(m, '$.dateSignatureModification'),
                        json_extract_string(m, '$.datePublicationDonneesModification')
                    ),
                    rang
            )
        ) as version,
        coalesce(json_extract_string(m, '$.montant'), json_extract_string(m, '$.valeurGlobale')) as montant_dit
    from dites
),

ordonnees as (
    select
        *,
        last_value(case when try_cast(montant_dit as double) is not null then montant_dit end ignore nulls)
            over anterieures as montant_modifie,
        last_value(nullif(len(identifiants_titulaires(json_extract(m, '$.titulaires')::varchar)), 0) ignore nulls)
            over anterieures as titulaires_modifies,
        last_value(duree_lue(json_extract_string(m, '$.dureeMois')) ignore nulls) over anterieures as duree_modifiee,
        coalesce(
            json_extract_string(m, '$.dateNotificationModification'), json_extract_string(m, '$.dateSignatureModification')
        ) as date_modifiee
    from modifiees
    window anterieures as (
        partition by source, _livraison, _ligne order by version, rang
        rows between unbounded preceding and current row
    )
)

select
    source,
    contrat_cle,
    0 as version,
    montant_motif,
    montant,
    duree_mois,
    len(titulaires) as titulaires_ligne,
    hash(objet) as objet_empreinte,
    date_notification,
    _livraison,
    _ligne
from initiales
union all
select
    source,
    contrat_cle,
    version,
    if(
        montant_modifie is null,
        montant_motif,
        montant_motif(montant_modifie, montant_lu(montant_modifie), nature, techniques)
    ) as montant_motif,
    coalesce(montant_lu(montant_modifie), montant) as montant,
    coalesce(duree_modifiee, duree_mois) as duree_mois,
    coalesce(titulaires_modifies, len(titulaires)) as titulaires_ligne,
    hash(objet) as objet_empreinte,
    date_marche(date_modifiee) as date_notification,
    _livraison,
    _ligne
from ordonnees
