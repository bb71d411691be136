-- The definition of ours that a published figure is closest to, and how it differs from it.
with source as (
    select * from raw.chiffres_codes
),

final as (
    select
        s.*,
        motifs([
            motif(blanc(s.edition), 'edition', 'vide'),
            motif(blanc(s.indicateur), 'indicateur', 'vide'),
            motif(blanc(s.population), 'population', 'vide'),
            motif(
                not regexp_full_match(coalesce(s.code, ''), '[A-Z]{3}-[A-Z0-9]+'),
                'code', coalesce(cite(s.code) || ' n''est pas un code de définition', 'vide')
            ),
            motif(
                coalesce(s.meme_definition not in ('oui', 'non'), true), 'meme_definition', 'répondre oui ou non'
            ),
            motif(blanc(s.ecart), 'ecart', 'vide : dire en quoi le chiffre diffère'),
            motif(
                row_number() over (partition by s.edition, s.indicateur, s.population order by s._ligne) > 1,
                'indicateur', 'déjà rattaché'
            )
        ]) as _motifs
    from source as s
)

select
    edition,
    indicateur,
    population,
    code,
    meme_definition = 'oui' as meme_definition,
    ecart,
    _livraison,
    _ligne,
    _motifs
from final
