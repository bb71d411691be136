-- What a page that the register quotes answered when it was last asked, and since when it does not (`muet_depuis`): what was
-- known of a page stays there while nothing can be told of it. Files of before `vue_le` and `muet_depuis` say it by their date.
with source as (
    select * from raw.liens
),

typed as (
    select
        *,
        try_cast(date as date) as date_typee,
        try_cast(vue_le as date) as vue_typee,
        try_cast(muet_depuis as date) as muet_typee,
        try_cast(archive_date as date) as archive_typee,
        row_number() over (partition by url order by _ligne) as rang
    from source
),

final as (
    select
        *,
        motifs([
            motif(not url_valide(url), 'url', coalesce(cite(url) || ' n''est pas une adresse web', 'vide')),
            motif(rang > 1, 'url', cite(url) || ' déjà présente'),
            motif(
                coalesce(etat, '') not in ('actif', 'deplace', 'mort', 'inconnu'),
                'etat', coalesce(cite(etat) || ' inconnu (actif, deplace, mort ou inconnu)', 'vide')
            ),
            motif(
                archive_url is not null and not url_valide(archive_url),
                'archive_url', cite(archive_url) || ' n''est pas une adresse web'
            ),
            motif(
                archive_date is not null and archive_typee is null,
                'archive_date', cite(archive_date) || ' n''est pas une date (AAAA-MM-JJ)'
            ),
            motif(
                vue_le is not null and vue_typee is null, 'vue_le', cite(vue_le) || ' n''est pas une date (AAAA-MM-JJ)'
            ),
            motif(
                muet_depuis is not null and muet_typee is null,
                'muet_depuis', cite(muet_depuis) || ' n''est pas une date (AAAA-MM-JJ)'
            ),
            motif(date_typee is null, 'date', coalesce(cite(date) || ' n''est pas une date (AAAA-MM-JJ)', 'vide'))
        ]) as _motifs
    from typed
)

select
    url,
    etat,
    adresse_finale,
    archive_url,
    entier(code) as code,
    archive_typee as archive_date,
    coalesce(vue_typee, if(etat = 'actif', date_typee, null)) as vue_le,
    coalesce(muet_typee, if(etat = 'inconnu', date_typee, null)) as muet_depuis,
    date_typee as date,
    _livraison,
    _ligne,
    _motifs
from final
