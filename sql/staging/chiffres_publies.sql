-- One mention of a figure published by others, as published; contradictory mentions are all kept.
with source as (
    select * from raw.chiffres_publies
),

typed as (
    select
        *,
        try_cast(replace(valeur, ',', '.') as decimal(18, 4)) as valeur_typee,
        entier(replace(n_repondants, ' ', '')) as n_type,
        row_number() over (
            partition by edition, indicateur, population, valeur, source_url order by _ligne
        ) as rang
    from source
),

final as (
    select
        *,
        motifs([
            motif(blanc(edition), 'edition', 'vide'),
            motif(blanc(producteur), 'producteur', 'vide'),
            motif(blanc(indicateur), 'indicateur', 'vide'),
            motif(
                valeur_typee is null, 'valeur', coalesce(cite(valeur) || ' n''est pas un nombre', 'vide')
            ),
            motif(blanc(unite), 'unite', 'vide'),
            motif(
                n_repondants is not null and (n_type is null or n_type <= 0),
                'n_repondants', cite(n_repondants) || ' n''est pas un nombre de répondants'
            ),
            motif(
                terrain_debut is not null and date_partielle(terrain_debut) is null,
                'terrain_debut', cite(terrain_debut) || ' n''est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)'
            ),
            motif(
                terrain_fin is not null and date_partielle(terrain_fin) is null,
                'terrain_fin', cite(terrain_fin) || ' n''est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)'
            ),
            motif(
                date_publication is not null and date_partielle(date_publication) is null,
                'date_publication', cite(date_publication) || ' n''est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)'
            ),
            motif(
                not url_valide(source_url),
                'source_url', coalesce(cite(source_url) || ' n''est pas une adresse web', 'vide')
            ),
            motif_contact(edition, 'edition'),
            motif_contact(producteur, 'producteur'),
            motif_contact(indicateur, 'indicateur'),
            motif_contact(population, 'population'),
            motif_contact(remarque, 'remarque'),
            motif(rang > 1, 'indicateur', 'mention déjà présente (même édition, base, valeur et adresse)')
        ]) as _motifs
    from typed
)

select
    source_url,
    edition,
    producteur,
    indicateur,
    population,
    unite,
    remarque,
    valeur as valeur_texte,
    valeur_typee as valeur,
    n_type as n_repondants,
    date_partielle(terrain_debut) as terrain_debut,
    date_partielle(terrain_fin) as terrain_fin,
    date_partielle(date_publication) as date_publication,
    date_precision(date_publication) as date_publication_precision,
    _livraison,
    _ligne,
    _motifs
from final
