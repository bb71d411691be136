-- A commune, a municipal arrondissement, or an associated or delegated commune of one vintage.
-- The code alone is no key: an associated or delegated commune may bear the code of a living one.
with source as (
    select * from raw.cog_communes
),

typed as (
    select
        upper(trim(TYPECOM)) as typecom,
        code_commune(COM) as com,
        code_court(REG) as reg,
        code_court(DEP) as dep,
        trim(CTCD) as ctcd,
        trim(TNCC) as tncc,
        trim(LIBELLE) as libelle,
        code_commune(COMPARENT) as comparent,
        COM as com_recu,
        COMPARENT as comparent_recu,
        premier_janvier(_millesime) as millesime,
        _livraison,
        _ligne
    from source
),

ranked as (
    select
        *,
        row_number() over (partition by typecom, com, millesime order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([
            reparation('COM', com_recu, com),
            reparation('COMPARENT', comparent_recu, comparent)
        ]) as reparations,
        motifs([
            motif(
                coalesce(typecom, '') not in ('COM', 'ARM', 'COMA', 'COMD'),
                'TYPECOM', coalesce(cite(typecom) || ' inconnu (COM, ARM, COMA ou COMD)', 'vide')
            ),
            motif(
                not est_code_commune(com), 'COM', coalesce(cite(com_recu) || ' n''est pas un code commune', 'vide')
            ),
            motif(blanc(libelle), 'LIBELLE', 'vide'),
            motif(
                typecom = 'COM' and not est_departement(dep),
                'DEP', coalesce(cite(dep) || ' n''est pas un département', 'vide')
            ),
            motif(
                typecom = 'COM' and not coalesce(regexp_full_match(reg, '[0-9]{2}'), false),
                'REG', coalesce(cite(reg) || ' n''est pas une région', 'vide')
            ),
            motif(
                typecom in ('ARM', 'COMA', 'COMD') and not est_code_commune(comparent),
                'COMPARENT', coalesce(cite(comparent_recu) || ' n''est pas un code commune', 'vide')
            ),
            motif(rang > 1, 'COM', cite(com) || ' déjà présent pour ce type et ce millésime')
        ]) as _motifs
    from ranked
)

select
    typecom,
    com,
    reg,
    dep,
    ctcd,
    tncc,
    comparent,
    libelle,
    reparations,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
