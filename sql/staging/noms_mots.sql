-- Words that say a name is not that of an authority of the reference. A weak one says nothing after « Commune de », « CC »…
with source as (
    select * from raw.noms_mots
),

final as (
    select
        s.mot,
        s.sens,
        s."force",
        s._livraison,
        s._ligne,
        motifs([
            motif(
                not coalesce(regexp_full_match(s.mot, '[a-z0-9]+'), false),
                'mot', coalesce(cite(s.mot) || ' : un mot en minuscules sans accent est attendu', 'vide')
            ),
            motif(s.sens is null, 'sens', 'vide'),
            motif(
                s."force" is null or s."force" not in ('forte', 'faible'),
                'force', coalesce(cite(s."force") || ' inconnue (forte ou faible)', 'vide')
            ),
            motif(
                row_number() over (partition by s.mot order by s._ligne) > 1,
                'mot', coalesce(cite(s.mot), 'vide') || ' déjà présent'
            )
        ]) as _motifs
    from source as s
)

select
    mot,
    sens,
    "force",
    _livraison,
    _ligne,
    _motifs
from final
