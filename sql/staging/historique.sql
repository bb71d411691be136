-- One dated change of the register: the ids from « premier » to « dernier », or the whole file when both are empty.
with source as (
    select * from raw.historique
),

typed as (
    select
        *,
        try_cast(date as date) as date_typee
    from source
),

final as (
    select
        *,
        motifs([
            motif(date_typee is null, 'date', coalesce(cite(date) || ' n''est pas une date (AAAA-MM-JJ)', 'vide')),
            motif(auteur is null, 'auteur', 'vide'),
            motif(fichier is null, 'fichier', 'vide'),
            motif(
                coalesce(nature, '') not in ('ajout', 'modification', 'retrait'),
                'nature', coalesce(cite(nature) || ' inconnue (ajout, modification ou retrait)', 'vide')
            ),
            motif((premier is null) <> (dernier is null), 'dernier', 'premier et dernier vont ensemble')
        ]) as _motifs
    from typed
)

select
    fichier,
    premier,
    dernier,
    auteur,
    nature,
    motif,
    date_typee as date,
    _livraison,
    _ligne,
    _motifs
from final
