-- A view. The rows of all the sources of contracts under common names, with how far each source is trusted (7 = most). A new
-- source adds one step of the union here and nothing elsewhere: a column that it does not have is empty. `modifications` is
-- empty where each version has a row of its own, and a list where one row tells them all. `date_initiale` is when the contract
-- itself was notified, said by the row of a modification.
with reunies as (
    select 'decp' as source, 7 as confiance_source, * from staging.decp
    union all by name
    select 'decp_2022' as source, 5 as confiance_source, * replace (coalesce(modifications, '[]') as modifications)
    from staging.decp_2022
    union all by name
    select 'decp_officiel' as source, 4 as confiance_source, * from staging.decp_officiel
    union all by name
    select 'decp_2019' as source, 3 as confiance_source, * replace (coalesce(modifications, '[]') as modifications)
    from staging.decp_2019
)

select
    source,
    uid as contrat_cle,
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
    titulaires,
    modifications,
    montant_motif,
    cpv_motif,
    date_motif,
    contact_retire,
    caracteres_detruits,
    innovant,
    coalesce(actuelle, false) as actuelle,
    confiance_source,
    coalesce(version, 0) as version,
    duree_mois,
    montant,
    date_notification,
    date_initiale,
    _livraison,
    _ligne
from reunies
