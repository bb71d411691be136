-- Municipal population of a commune (of an arrondissement in Paris, Lyon and Marseille). The census of year N is in
-- force on the 1st of January N + 3: `millesime` is that date.
with source as (
    select * from raw.populations
),

typed as (
    select
        code_commune(COM) as com,
        code_court(DEP) as dep,
        trim(Commune) as nom,
        entier_francais(PMUN) as population,
        COM as com_recu,
        PMUN as population_recue,
        try_cast(_millesime as integer) as annee_recensement,
        premier_janvier(cast(try_cast(_millesime as integer) + 3 as varchar)) as millesime,
        _livraison,
        _ligne
    from source
),

ranked as (
    select
        *,
        row_number() over (partition by com, millesime order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([reparation('COM', com_recu, com)]) as reparations,
        motifs([
            motif(
                not est_code_commune(com),
                'COM', coalesce(cite(com_recu) || ' n''est pas un code commune', 'vide')
            ),
            motif(
                coalesce(population < 0, true),
                'PMUN', coalesce(cite(population_recue) || ' n''est pas une population', 'vide')
            ),
            motif(rang > 1, 'COM', cite(com) || ' déjà présent dans ce millésime')
        ]) as _motifs
    from ranked
)

select
    com,
    dep,
    nom,
    reparations,
    annee_recensement,
    population,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
