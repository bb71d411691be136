-- Every piece of evidence, whatever its source. A new source of evidence adds one step here and one line to the union.
with cas_documentes as (
    select
        'cas_usage' as source,
        1 as ordre_source,
        id as cle_source,
        collectivite,
        type_canonique as type_indice,
        departement_ou_region as territoire_indice,
        cast(null as varchar) as siret,
        source_url as url,
        source_titre as titre_source,
        resume_preuve as resume,
        confiance,
        source_date as date,
        source_date_precision as date_precision,
        _livraison,
        _ligne
    from staging.cas_usage
),

reunies as (
    select * from cas_documentes
),

entrees as (
    select
        r.source,
        r.cle_source,
        min(h.date) as date_entree
    from reunies as r
    inner join staging.historique as h
        on h.fichier = r.source || '.csv'
        and h.nature = 'ajout'
        and (h.premier is null or r.cle_source between h.premier and h.dernier)
    group by r.source, r.cle_source
),

final as (
    select
        r.*,
        identifiant(r.source, r.cle_source) as preuve_id,
        e.date_entree,
        h.type_source
    from reunies as r
    left join entrees as e on e.source = r.source and e.cle_source = r.cle_source
    left join staging.hotes as h on h.hote = hote(r.url)
)

select
    preuve_id,
    source,
    ordre_source,
    cle_source,
    collectivite,
    type_indice,
    territoire_indice,
    siret,
    url,
    type_source,
    titre_source,
    resume,
    confiance,
    date,
    date_precision,
    date_entree,
    _livraison,
    _ligne
from final
