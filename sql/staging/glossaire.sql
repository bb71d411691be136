-- French and English words of one meaning, which texts of two languages are compared by. A word has one meaning by language.
with source as (
    select * from raw.glossaire
),

typed as (
    select
        s.sens,
        list_distinct(list_transform(string_split(s.fr, '|'), lambda m: mot_singulier(nom_plat(m)))) as fr,
        list_distinct(list_transform(string_split(s.en, '|'), lambda m: mot_singulier(nom_plat(m)))) as en,
        s._livraison,
        s._ligne,
        row_number() over (partition by s.sens order by s._ligne) as rang
    from source as s
),

mots as (
    select
        _ligne,
        'fr ' || unnest(fr) as mot
    from typed
    union all
    select
        _ligne,
        'en ' || unnest(en) as mot
    from typed
),

repris as (
    select
        _ligne,
        min(mot) as mot
    from (
        select
            _ligne,
            mot,
            row_number() over (partition by mot order by _ligne) as rang
        from mots
    )
    where rang > 1
    group by _ligne
),

final as (
    select
        t.*,
        motifs([
            motif(
                not coalesce(regexp_full_match(t.sens, '[a-z_]+'), false),
                'sens', coalesce(cite(t.sens) || ' : un mot en minuscules sans accent est attendu', 'vide')
            ),
            motif(t.rang > 1, 'sens', coalesce(cite(t.sens), 'vide') || ' déjà présent'),
            motif(
                not coalesce(list_bool_and(list_transform(t.fr, lambda m: regexp_full_match(m, '[a-z0-9]{2,}'))), false),
                'fr', 'des mots seuls, séparés par « | », sont attendus'
            ),
            motif(
                not coalesce(list_bool_and(list_transform(t.en, lambda m: regexp_full_match(m, '[a-z0-9]{2,}'))), false),
                'en', 'des mots seuls, séparés par « | », sont attendus'
            ),
            motif(r.mot is not null, 'sens', cite(r.mot) || ' a déjà un autre sens')
        ]) as _motifs
    from typed as t
    left join repris as r on r._ligne = t._ligne
)

select
    sens,
    fr,
    en,
    _livraison,
    _ligne,
    _motifs
from final
