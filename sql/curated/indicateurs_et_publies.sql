-- Our figures beside those that others publish on the nearest definition, each with its base: to be read, never to be chained.
with definitions_enquete as (
    select
        code,
        libelle_fr,
        comparabilite_code,
        definition_fr,
        base_fr,
        unite
    from core.definitions
    where mesure = 'enquete'
),

notres as (
    select
        i.code,
        'observatoire' as origine,
        i.indicateur_id as identifiant_chiffre,
        i.edition,
        i.enquete as producteur,
        i.libelle,
        i.base,
        i.domaine,
        i.n,
        i.valeur,
        i.valeur as valeur_min,
        i.valeur as valeur_max,
        'exact' as qualificatif,
        i.unite,
        i.ic_bas,
        i.ic_haut,
        i.plan,
        i.absence,
        i.comparabilite_code,
        true as meme_definition,
        i.mention as ecart,
        cast(null as varchar) as remarque,
        cast(null as varchar) as source_url
    from curated.indicateurs as i
    where i.enquete is not null
),

-- A definition that no survey of ours has measured yet says so, instead of leaving others alone on the page.
a_mesurer as (
    select
        d.code,
        'observatoire' as origine,
        d.code as identifiant_chiffre,
        '' as edition,
        'observatoire' as producteur,
        d.libelle_fr as libelle,
        d.base_fr as base,
        '' as domaine,
        cast(null as bigint) as n,
        cast(null as decimal(18, 4)) as valeur,
        cast(null as decimal(18, 4)) as valeur_min,
        cast(null as decimal(18, 4)) as valeur_max,
        'exact' as qualificatif,
        d.unite,
        cast(null as decimal(18, 4)) as ic_bas,
        cast(null as decimal(18, 4)) as ic_haut,
        cast(null as varchar) as plan,
        'non_couvert' as absence,
        d.comparabilite_code,
        true as meme_definition,
        d.definition_fr || ' Aucune enquête de l''observatoire ne l''a encore mesuré.' as ecart,
        cast(null as varchar) as remarque,
        cast(null as varchar) as source_url
    from definitions_enquete as d
    anti join notres as m on m.code = d.code
),

publies as (
    select
        p.indicateur_code as code,
        'publie' as origine,
        p.chiffre_id as identifiant_chiffre,
        p.edition,
        p.producteur,
        p.indicateur as libelle,
        p.base,
        '' as domaine,
        cast(p.n_base as bigint) as n,
        p.valeur,
        p.valeur_min,
        p.valeur_max,
        p.qualificatif,
        p.unite,
        cast(null as decimal(18, 4)) as ic_bas,
        cast(null as decimal(18, 4)) as ic_haut,
        cast(null as varchar) as plan,
        cast(null as varchar) as absence,
        cast(null as varchar) as comparabilite_code,
        c.meme_definition,
        c.ecart,
        p.remarque,
        p.source_url
    from curated.chiffres_publies as p
    inner join staging.chiffres_codes as c
        on c.edition = p.edition and c.indicateur = p.indicateur and c.population = p.base
),

ensemble as (
    select * from notres
    union all by name
    select * from a_mesurer
    union all by name
    select * from publies
)

select
    code,
    origine,
    identifiant_chiffre,
    edition,
    producteur,
    libelle,
    base,
    domaine,
    n,
    valeur,
    valeur_min,
    valeur_max,
    qualificatif,
    unite,
    ic_bas,
    ic_haut,
    plan,
    absence,
    comparabilite_code,
    meme_definition,
    ecart,
    remarque,
    source_url
from ensemble
