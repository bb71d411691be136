-- One code of the common procurement vocabulary, with its French label and its place in the tree.
with source as (
    select
        trim(CODE) as code_recu,
        trim(FR) as libelle,
        _livraison,
        _ligne
    from raw.cpv
),

ranked as (
    select
        *,
        cpv_huit(code_recu) as cpv,
        row_number() over (partition by cpv_huit(code_recu) order by _ligne) as rang
    from source
),

final as (
    select
        cpv,
        split_part(code_recu, '-', 2) as cle,
        left(cpv, 2) as division,
        length(regexp_replace(cpv, '0+$', '')) as profondeur,
        libelle,
        _livraison,
        _ligne,
        motifs([
            motif(
                coalesce(not regexp_full_match(code_recu, '[0-9]{8}-[0-9]'), true),
                'CODE', coalesce(cite(code_recu) || ' n''est pas un code CPV', 'vide')
            ),
            motif(libelle is null, 'FR', 'vide'),
            motif(cpv is not null and rang > 1, 'CODE', cite(code_recu) || ' répété')
        ]) as _motifs
    from ranked
)

select
    cpv,
    cle,
    division,
    libelle,
    profondeur,
    _livraison,
    _ligne,
    _motifs
from final
