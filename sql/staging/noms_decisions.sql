-- What an analyst decided about a name, for any hint or for the hints given. An empty SIREN: no authority has this name.
with source as (
    select * from raw.noms_decisions
),

typed as (
    select
        s.nom,
        s.type_indice,
        s.territoire_indice,
        s.siren,
        s.motif,
        s.auteur,
        s.date as date_texte,
        try_cast(s.date as date) as date,
        s._livraison,
        s._ligne,
        row_number() over (partition by s.nom, s.type_indice, s.territoire_indice order by s._ligne) as rang
    from source as s
),

final as (
    select
        *,
        motifs([
            motif(nom is null, 'nom', 'vide'),
            motif(
                siren is not null and not regexp_full_match(siren, '\d{9}'),
                'siren', cite(siren) || ' n''est pas un SIREN'
            ),
            motif(motif is null, 'motif', 'vide : une décision s''explique'),
            motif(auteur is null, 'auteur', 'vide : une décision se signe'),
            motif(date is null, 'date', coalesce(cite(date_texte) || ' n''est pas une date (AAAA-MM-JJ)', 'vide')),
            motif(rang > 1, 'nom', coalesce(cite(nom), 'vide') || ' déjà décidé pour ces indices')
        ]) as _motifs
    from typed
)

select
    nom,
    type_indice,
    territoire_indice,
    siren,
    motif,
    auteur,
    date,
    _livraison,
    _ligne,
    _motifs
from final
