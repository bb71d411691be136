-- One mention of a figure published by others. A qualified number (« plus de 250 ») is bounds, not a value.
with mentions as (
    select
        *,
        lower(coalesce(remarque, '')) as note,
        regexp_extract(lower(coalesce(remarque, '')), 'fourchette publiée : ([0-9]+) à ([0-9]+)', ['bas', 'haut']) as bornes
    from staging.chiffres_publies
),

qualifiees as (
    select
        *,
        case
            when bornes.bas <> '' then 'fourchette'
            when regexp_matches(note, '« plus de') then 'plus_de'
            when regexp_matches(note, '« à peine') then 'au_plus'
            when regexp_matches(indicateur, '\(borne basse\)') then 'au_moins'
            when regexp_matches(indicateur, '\(borne haute\)') then 'au_plus'
            when regexp_matches(note, '« une [a-zé]+aine »|« près d|arrondi|« une sur deux|« un tiers|« la moitié|de l''ordre de')
                or regexp_matches(indicateur, '« près d|« un tiers') then 'environ'
            else 'exact'
        end as qualificatif
    from mentions
),

final as (
    select
        *,
        case qualificatif
            when 'fourchette' then try_cast(bornes.bas as decimal(18, 4))
            when 'exact' then valeur
            when 'plus_de' then valeur
            when 'au_moins' then valeur
        end as valeur_min,
        case qualificatif
            when 'fourchette' then try_cast(bornes.haut as decimal(18, 4))
            when 'exact' then valeur
            when 'au_plus' then valeur
        end as valeur_max,
        -- The number of respondents is the figure's base only when the figure speaks of all respondents.
        case when regexp_matches(lower(population), '^ensemble des .*répondants$') then n_repondants end as n_base
    from qualifiees
)

select
    identifiant('chiffres_publies', concat_ws('|', f.edition, f.indicateur, f.population, f.valeur_texte, f.source_url))
        as chiffre_id,
    f.edition,
    f.producteur,
    f.indicateur,
    c.code as indicateur_code,
    f.population as base,
    f.n_base,
    f.n_repondants,
    f.valeur,
    f.valeur_min,
    f.valeur_max,
    f.qualificatif,
    f.unite,
    f.terrain_debut,
    f.terrain_fin,
    f.date_publication,
    f.date_publication_precision,
    f.source_url,
    coalesce(h.type_source = 'primaire', false) as source_primaire,
    f.remarque,
    f._livraison as livraison,
    f._ligne as ligne,
    s.licence
from final as f
inner join core.sources as s on s.source = 'chiffres_publies'
left join staging.hotes as h on h.hote = hote(f.source_url)
left join staging.chiffres_codes as c
    on c.edition = f.edition and c.indicateur = f.indicateur and c.population = f.population
