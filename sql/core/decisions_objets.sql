-- What sources and rules say today of the objects that decisions name, decisions left out. A new kind of object adds one
-- step here and one line to the union; names and pairs have their own (core.noms_decisions, core.decisions_fusions).
with cas as (
    select
        'cas_usage|' || id as cle,
        theme,
        statut,
        case when finalite_environnementale then 'oui' when not finalite_environnementale then 'non' end as finalite,
        case when ia_explicite then 'oui' else 'non' end as detection
    from staging.cas_usage
    union all
    select
        objet_decision as cle,
        theme,
        statut,
        case when finalite_environnementale then 'oui' when not finalite_environnementale then 'non' end as finalite,
        decision as detection
    from core.candidats_juges
),

reunis as (
    select
        'theme' as objet_type,
        cle as objet,
        theme as valeur
    from cas
    union all
    select
        'statut',
        cle,
        statut
    from cas
    union all
    select
        'finalite',
        cle,
        finalite
    from cas
    union all
    select
        'detection',
        cle,
        detection
    from cas
    union all
    select
        'droit_de_reponse',
        cle,
        null
    from cas
)

select distinct
    r.objet_type,
    r.objet,
    r.valeur
from reunis as r
inner join staging.decisions as d on d.objet_type = r.objet_type and decision_objet(d.objet_type, d.cle) = r.objet
