-- A movement of communes since 1943, before (av) and after (ap). Each vintage repeats the whole history, corrected.
with source as (
    select * from raw.cog_mouvements
),

typed as (
    select
        trim(MOD) as mod,
        upper(trim(TYPECOM_AV)) as typecom_av,
        code_commune(COM_AV) as com_av,
        upper(trim(TYPECOM_AP)) as typecom_ap,
        code_commune(COM_AP) as com_ap,
        trim(LIBELLE_AV) as libelle_av,
        trim(LIBELLE_AP) as libelle_ap,
        try_cast(DATE_EFF as date) as date_eff,
        DATE_EFF as date_recue,
        COM_AV as com_av_recu,
        COM_AP as com_ap_recu,
        premier_janvier(_millesime) as millesime,
        _livraison,
        _ligne
    from source
),

final as (
    select
        *,
        motifs([
            reparation('COM_AV', com_av_recu, com_av),
            reparation('COM_AP', com_ap_recu, com_ap)
        ]) as reparations,
        motifs([
            motif(
                not coalesce(regexp_full_match(mod, '[0-9]{2}'), false),
                'MOD', coalesce(cite(mod) || ' n''est pas un type de mouvement', 'vide')
            ),
            motif(date_eff is null, 'DATE_EFF', coalesce(cite(date_recue) || ' n''est pas une date', 'vide')),
            motif(com_av is null and com_ap is null, 'COM_AV', 'ni commune avant, ni commune après'),
            motif(
                com_av is not null and not est_code_commune(com_av),
                'COM_AV', cite(com_av_recu) || ' n''est pas un code commune'
            ),
            motif(
                com_ap is not null and not est_code_commune(com_ap),
                'COM_AP', cite(com_ap_recu) || ' n''est pas un code commune'
            ),
            motif(
                com_av is not null and coalesce(typecom_av, '') not in ('COM', 'ARM', 'COMA', 'COMD'),
                'TYPECOM_AV', coalesce(cite(typecom_av) || ' inconnu', 'vide')
            ),
            motif(
                com_ap is not null and coalesce(typecom_ap, '') not in ('COM', 'ARM', 'COMA', 'COMD'),
                'TYPECOM_AP', coalesce(cite(typecom_ap) || ' inconnu', 'vide')
            )
        ]) as _motifs
    from typed
)

select
    mod,
    typecom_av,
    com_av,
    typecom_ap,
    com_ap,
    libelle_av,
    libelle_ap,
    reparations,
    date_eff,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
