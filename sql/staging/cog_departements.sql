-- A département of one vintage.
with source as (
    select * from raw.cog_departements
),

typed as (
    select
        code_court(DEP) as dep,
        code_court(REG) as reg,
        code_commune(CHEFLIEU) as cheflieu,
        trim(LIBELLE) as libelle,
        DEP as code_recu,
        premier_janvier(_millesime) as millesime,
        _livraison,
        _ligne
    from source
),

ranked as (
    select
        *,
        row_number() over (partition by dep, millesime order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([reparation('DEP', code_recu, dep)]) as reparations,
        motifs([
            motif(not est_departement(dep), 'DEP', coalesce(cite(code_recu) || ' n''est pas un département', 'vide')),
            motif(
                not coalesce(regexp_full_match(reg, '[0-9]{2}'), false),
                'REG', coalesce(cite(reg) || ' n''est pas une région', 'vide')
            ),
            motif(
                not est_code_commune(cheflieu),
                'CHEFLIEU', coalesce(cite(cheflieu) || ' n''est pas un code commune', 'vide')
            ),
            motif(blanc(libelle), 'LIBELLE', 'vide'),
            motif(rang > 1, 'DEP', cite(dep) || ' déjà présent pour ce millésime')
        ]) as _motifs
    from ranked
)

select
    dep,
    reg,
    cheflieu,
    libelle,
    reparations,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
