-- The kind of each web site that carries evidence.
with source as (
    select * from raw.hotes
),

final as (
    select
        s.hote,
        v.code as type_source,
        s._livraison,
        s._ligne,
        motifs([
            motif(s.hote is null, 'hote', 'vide'),
            motif(v.code is null, 'type_source', coalesce(cite(s.type_source) || ' inconnu', 'vide')),
            motif(
                row_number() over (partition by s.hote order by s._ligne) > 1,
                'hote', coalesce(cite(s.hote), 'vide') || ' déjà présent'
            )
        ]) as _motifs
    from source as s
    left join core.vocabulaires as v on v.liste = 'type_source' and v.valeur = s.type_source
)

select
    hote,
    type_source,
    _livraison,
    _ligne,
    _motifs
from final
