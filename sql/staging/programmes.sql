-- Who funds each support programme, as an address attests it.
with source as (
    select * from raw.programmes
),

final as (
    select
        s.programme,
        s.financeur,
        v.code as type,
        s.source_url,
        s._livraison,
        s._ligne,
        motifs([
            motif(blanc(s.programme), 'programme', 'vide'),
            motif_contact(s.programme, 'programme'),
            motif_contact(s.financeur, 'financeur'),
            motif_contact(s.motif, 'motif'),
            motif(
                row_number() over (partition by s.programme order by s._ligne) > 1,
                'programme', coalesce(cite(s.programme), 'vide') || ' déjà présent'
            ),
            motif(blanc(s.financeur), 'financeur', 'vide'),
            motif(v.code is null, 'type', coalesce(cite(s.type) || ' inconnu', 'vide')),
            motif(
                not url_valide(s.source_url),
                'source_url', coalesce(cite(s.source_url) || ' n''est pas une adresse web', 'vide')
            )
        ]) as _motifs
    from source as s
    left join core.vocabulaires as v on v.liste = 'type_collectivite' and v.valeur = s.type
)

select
    programme,
    financeur,
    type,
    source_url,
    _livraison,
    _ligne,
    _motifs
from final
