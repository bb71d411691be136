-- One correction: the cell it concerns, what the source must still say, and what it should say.
with source as (
    select * from raw.corrections
),

typed as (
    select
        s.*,
        try_cast(s.date as date) as date_typee,
        row_number() over (
            partition by s."table", s.cle, s.colonne, s.valeur_attendue, s.date order by s._ligne
        ) as rang
    from source as s
),

final as (
    select
        *,
        motifs([
            motif(blanc("table"), 'table', 'vide'),
            motif(blanc(cle), 'cle', 'vide'),
            motif(blanc(colonne), 'colonne', 'vide'),
            motif(blanc(motif), 'motif', 'vide : une correction s''explique'),
            motif(blanc(auteur), 'auteur', 'vide : une correction se signe'),
            motif_contact(motif, 'motif'),
            motif_contact(auteur, 'auteur'),
            motif(
                date_typee is null, 'date', coalesce(cite(date) || ' n''est pas une date (AAAA-MM-JJ)', 'vide')
            ),
            motif(
                valeur_attendue is not distinct from valeur_nouvelle,
                'valeur_nouvelle', 'égale à la valeur attendue'
            ),
            motif(rang > 1, 'cle', 'correction déjà présente')
        ]) as _motifs
    from typed
)

select
    "table",
    cle,
    colonne,
    valeur_attendue,
    valeur_nouvelle,
    motif,
    auteur,
    date_typee as date,
    _livraison,
    _ligne,
    _motifs
from final
