-- Cases of other inventories of Europe's public sector: a context for the French register, never uses of it.
-- French cases stand apart (perimetre = 'france'); those of local bodies are also candidates to be judged.
with cas as (
    select
        'pstw' as source,
        id as cle_source,
        case when pays = 'France' then 'france' else 'europe' end as perimetre,
        titre,
        description,
        url,
        pays,
        nuts,
        organisme,
        niveau,
        etendue,
        fonction,
        sous_fonction,
        statut_source,
        statut,
        annee_debut,
        annee_fin,
        processus,
        application,
        technologie,
        ia_declaree,
        ia_classe,
        ia_domaine,
        date_maj,
        _livraison,
        _ligne
    from staging.pstw
),

final as (
    select
        c.*,
        identifiant(c.source, c.cle_source) as cas_id,
        -- A hospital or a consortium of one city is local too: what the case covers counts as much as who answers for it.
        c.niveau in ('local', 'regional')
        or (c.niveau = 'autre' and coalesce(c.etendue in ('locale', 'regionale'), false)) as local_ou_regional
    from cas as c
)

select
    cas_id,
    source,
    cle_source,
    perimetre,
    local_ou_regional,
    ia_declaree,
    titre,
    description,
    url,
    pays,
    nuts,
    organisme,
    niveau,
    etendue,
    fonction,
    sous_fonction,
    statut_source,
    statut,
    technologie,
    ia_classe,
    ia_domaine,
    processus,
    application,
    annee_debut,
    annee_fin,
    date_maj,
    _livraison,
    _ligne
from final
