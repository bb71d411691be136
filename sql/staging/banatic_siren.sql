-- The SIREN of a commune according to BANATIC. It cannot be derived from the INSEE code.
with source as (
    select * from raw.banatic_siren
),

typed as (
    select
        sans_decimale(siren) as siren,
        code_commune(insee) as insee,
        code_court(dep_com) as departement,
        trim(nom_com) as nom,
        entier_francais(pmun) as population,
        siren as siren_recu,
        insee as insee_recu,
        pmun as population_recue,
        premier_janvier(_millesime) as millesime,
        _livraison,
        _ligne
    from source
),

ranked as (
    select
        *,
        row_number() over (partition by insee, millesime order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([reparation('insee', insee_recu, insee)]) as reparations,
        motifs([
            motif(not est_siren(siren), 'siren', coalesce(cite(siren_recu) || ' n''est pas un SIREN', 'vide')),
            motif(
                not est_code_commune(insee),
                'insee', coalesce(cite(insee_recu) || ' n''est pas un code commune', 'vide')
            ),
            motif(
                population_recue is not null and coalesce(population < 0, true),
                'pmun', cite(population_recue) || ' n''est pas une population'
            ),
            motif(rang > 1, 'insee', cite(insee) || ' déjà présent dans ce millésime')
        ]) as _motifs
    from ranked
)

select
    siren,
    insee,
    departement,
    nom,
    reparations,
    population,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
