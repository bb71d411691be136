-- A change from one edition to another, or its refusal: ours from the answers themselves, those of others always refused,
-- because neither their samples nor, most often, their bases can be compared.
with notres as (
    select
        indicateur as code,
        comparabilite as comparabilite_code,
        'observatoire' as origine,
        enquete as serie,
        marque_fictive(fictif) || libelle as libelle,
        case when ventilation = '' then '' else ventilation || '=' || modalite end as domaine,
        edition_avant,
        edition_apres,
        valeur_avant,
        valeur_apres,
        'exact' as qualificatif_avant,
        'exact' as qualificatif_apres,
        evolution,
        unite,
        ic_bas,
        ic_haut,
        niveau_confiance,
        n_avant,
        n_apres,
        n_communes,
        base_avant,
        base_apres,
        plan,
        statut,
        motif
    from staging.enquetes_evolutions
),

publies as (
    select
        *,
        try_cast(regexp_extract(edition, '[0-9]{4}') as integer) as annee
    from curated.chiffres_publies
    where indicateur_code is not null
),

-- The year of the next edition of the same producer on the same definition.
annees as (
    select
        a.producteur,
        a.indicateur_code,
        a.annee,
        min(b.annee) as annee_suivante
    from publies as a
    inner join publies as b
        on b.producteur = a.producteur and b.indicateur_code = a.indicateur_code and b.annee > a.annee
    group by a.producteur, a.indicateur_code, a.annee
),

tentees as (
    select
        a.indicateur_code as code,
        cast(null as varchar) as comparabilite_code,
        'publie' as origine,
        a.producteur as serie,
        a.indicateur || ' / ' || b.indicateur as libelle,
        '' as domaine,
        a.edition as edition_avant,
        b.edition as edition_apres,
        a.valeur as valeur_avant,
        b.valeur as valeur_apres,
        a.qualificatif as qualificatif_avant,
        b.qualificatif as qualificatif_apres,
        cast(null as decimal(18, 4)) as evolution,
        a.unite,
        cast(null as decimal(18, 4)) as ic_bas,
        cast(null as decimal(18, 4)) as ic_haut,
        cast(null as decimal(18, 4)) as niveau_confiance,
        cast(a.n_base as bigint) as n_avant,
        cast(b.n_base as bigint) as n_apres,
        cast(null as bigint) as n_communes,
        a.base as base_avant,
        b.base as base_apres,
        cast(null as varchar) as plan,
        'refusee' as statut,
        case
            when a.base is distinct from b.base and a.indicateur is distinct from b.indicateur
                then 'bases et définitions différentes'
            when a.base is distinct from b.base then 'bases différentes'
            when a.indicateur is distinct from b.indicateur then 'définitions différentes'
            else 'échantillons et marges d''erreur inconnus'
        end as motif
    from publies as a
    inner join annees as s
        on s.producteur = a.producteur and s.indicateur_code = a.indicateur_code and s.annee = a.annee
    inner join publies as b
        on b.producteur = a.producteur and b.indicateur_code = a.indicateur_code and b.annee = s.annee_suivante
),

ensemble as (
    select * from notres
    union
    select * from tentees
)

select
    identifiant(
        'comparaisons',
        concat_ws('|', origine, serie, code, libelle, domaine, edition_avant, edition_apres, base_avant, base_apres,
            valeur_avant, valeur_apres)
    ) as comparaison_id,
    code,
    comparabilite_code,
    origine,
    serie,
    libelle,
    domaine,
    edition_avant,
    edition_apres,
    valeur_avant,
    valeur_apres,
    qualificatif_avant,
    qualificatif_apres,
    evolution,
    unite,
    ic_bas,
    ic_haut,
    niveau_confiance,
    n_avant,
    n_apres,
    n_communes,
    base_avant,
    base_apres,
    plan,
    statut,
    motif
from ensemble
