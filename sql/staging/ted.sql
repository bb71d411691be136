-- One notice of a French buyer on TED. Titles and names come by language: French first, then English, then the text itself.
with source as (
    select
        texte_net("publication-number") as avis,
        sans_contact(texte_net(dans_une_langue("notice-title"))) as objet,
        sans_contact(texte_net(dans_une_langue("buyer-name"))) as acheteur,
        jour(regexp_replace("publication-date", '(Z|[+-][0-9]{2}:[0-9]{2})$', '')) as date_parution,
        "publication-date" as date_recue,
        list_sort(list_distinct(liste_lue("classification-cpv"))) as cpv,
        texte_net("notice-type") as type_avis,
        _livraison,
        _ligne
    from raw.ted
),

ranked as (
    select
        *,
        row_number() over (partition by avis order by _ligne) as rang
    from source
),

final as (
    select
        *,
        motifs([
            motif(avis is null, 'publication-number', 'vide'),
            motif(avis is not null and rang > 1, 'publication-number', cite(avis) || ' répété'),
            motif(objet is null, 'notice-title', 'vide'),
            motif(
                date_recue is not null and date_parution is null,
                'publication-date', cite(date_recue) || ' n''est pas une date'
            )
        ]) as _motifs
    from ranked
)

select
    avis,
    objet,
    acheteur,
    type_avis,
    list_filter(cpv, lambda c: c is not null) as cpv,
    case when avis is not null then 'https://ted.europa.eu/fr/notice/-/detail/' || avis end as url,
    date_parution,
    _livraison,
    _ligne,
    _motifs
from final
