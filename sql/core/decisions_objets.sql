-- What sources and rules say today of the objects that decisions name, decisions left out. A new kind of object adds one
-- step here and one line to the union; names have their own rule (core.noms_decisions).
with cas as (
    select
        'cas_usage|' || id as cle,
        theme,
        statut,
        case when finalite_environnementale then 'oui' when not finalite_environnementale then 'non' end as finalite,
        case when ia_explicite then 'oui' else 'non' end as detection
    from staging.cas_usage
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
    union all
    select
        'fusion',
        least(a.cle, b.cle) || ' + ' || greatest(a.cle, b.cle),
        fusion_dite(p.proposition, p.du_registre)
    from staging.decisions as d
    inner join core.traces as a on a.cle = split_part(d.cle, ' + ', 1)
    inner join core.traces as b on b.cle = split_part(d.cle, ' + ', 2)
    left join core.traces_paires as p
        on p.trace_a = least(a.trace_id, b.trace_id) and p.trace_b = greatest(a.trace_id, b.trace_id)
    where d.objet_type = 'fusion'
)

select distinct
    r.objet_type,
    r.objet,
    r.valeur
from reunis as r
inner join staging.decisions as d on d.objet_type = r.objet_type and decision_objet(d.objet_type, d.cle) = r.objet
