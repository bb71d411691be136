-- The bodies that the name of a candidate joins: « Ville et Métropole de Nantes », « City of X and Y ». Each is resolved by
-- itself; core.traces reads them when the whole name is nobody's.
with noms as (
    select
        candidat_id as nom_id,
        acheteur as nom,
        territoire_indice
    from core.candidats_juges
    where decision <> 'non' and republiee and siren is null
),

parties as (
    select
        nom_id,
        territoire_indice,
        unnest(noms_parties_completes(nom)) as nom,
        generate_subscripts(noms_parties_completes(nom), 1) as rang
    from noms
    where len(noms_parties(nom)) > 1
)

select
    nom_id,
    nom_id || '/' || rang as partie_id,
    rang,
    nom_francise(nom) as nom,
    territoire_indice
from parties
