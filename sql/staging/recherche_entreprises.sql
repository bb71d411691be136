-- One authority as the directory of companies knows it: its SIREN, its name, the code of its territory.
with source as (
    select
        siren,
        nom_complet,
        nature_juridique,
        "complements.collectivite_territoriale.code" as code_territoire,
        _livraison,
        _ligne,
        row_number() over (partition by siren order by _ligne) as rang
    from raw.recherche_entreprises
),

final as (
    select
        *,
        motifs([
            motif(siren is null or not est_siren(siren), 'siren', coalesce(cite(siren) || ' n''est pas un SIREN', 'vide')),
            motif(siren is not null and rang > 1, 'siren', cite(siren) || ' répété')
        ]) as _motifs
    from source
)

select
    siren,
    nom_complet,
    nature_juridique,
    code_territoire,
    _livraison,
    _ligne,
    _motifs
from final
