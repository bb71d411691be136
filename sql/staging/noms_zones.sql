-- Names of zones that are no authority, with the départements they stand for.
with source as (
    select * from raw.noms_zones
),

typed as (
    select
        s.nom,
        string_split(s.departements, '|') as departements,
        s.departements as departements_texte,
        s._livraison,
        s._ligne,
        row_number() over (partition by s.nom order by s._ligne) as rang
    from source as s
),

final as (
    select
        *,
        motifs([
            motif(nom is null, 'nom', 'vide'),
            motif(rang > 1, 'nom', coalesce(cite(nom), 'vide') || ' déjà présent'),
            motif(
                not coalesce(regexp_full_match(departements_texte, '(\d[0-9AB]\d?)(\|\d[0-9AB]\d?)*'), false),
                'departements', coalesce(cite(departements_texte) || ' n''est pas une liste de codes (67|68)', 'vide')
            )
        ]) as _motifs
    from typed
)

select
    nom,
    departements,
    _livraison,
    _ligne,
    _motifs
from final
