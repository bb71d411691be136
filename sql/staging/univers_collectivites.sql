-- How many authorities of each type and stratum a vintage holds.
with source as (
    select * from raw.univers_collectivites
),

typed as (
    select
        s.type,
        v.code as type_canonique,
        s.strate,
        s.source,
        try_cast(s.millesime as date) as millesime,
        entier(s.nombre) as nombre,
        s.millesime as millesime_texte,
        s.nombre as nombre_texte,
        row_number() over (partition by s.type, s.strate, s.millesime order by s._ligne) as rang,
        s._livraison,
        s._ligne
    from source as s
    left join core.vocabulaires as v on v.liste = 'type_collectivite' and v.valeur = s.type
),

final as (
    select
        *,
        motifs([
            motif(type_canonique is null, 'type', coalesce(cite(type) || ' inconnu', 'vide')),
            motif(blanc(strate), 'strate', 'vide'),
            motif(millesime is null, 'millesime', coalesce(cite(millesime_texte) || ' n''est pas une date', 'vide')),
            motif(
                nombre is null or nombre < 0, 'nombre', coalesce(cite(nombre_texte) || ' n''est pas un effectif', 'vide')
            ),
            motif(rang > 1, 'strate', 'déjà présente pour ce type et ce millésime')
        ]) as _motifs
    from typed
)

select
    type_canonique as type,
    strate,
    source,
    nombre,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
