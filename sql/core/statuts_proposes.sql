-- A use whose status a newer piece of evidence contradicts: another case of the same authority that shares its words, or
-- the European catalogue. A proposal to an analyst, never applied by itself.
with cas as (
    select
        t.cle,
        t.trace_id,
        t.autorite,
        c.collectivite,
        c.titre,
        c.statut,
        c.source_date as date,
        c.source_url as url
    from core.traces as t
    inner join staging.cas_usage as c on t.cle = 'cas_usage|' || c.id
    where c.source_date is not null and c.statut not in ('termine', 'abandonne', 'sans_objet')
),

paires as (
    select
        trace_a as ancienne,
        trace_b as nouvelle
    from core.traces_paires
    where proposition is not null
    union
    select
        trace_b as ancienne,
        trace_a as nouvelle
    from core.traces_paires
    where proposition is not null
),

du_registre as (
    select
        a.cle,
        a.statut,
        n.statut as statut_propose,
        n.url as preuve_url,
        n.date as preuve_date,
        n.cle as origine_id
    from paires as p
    inner join cas as a on a.trace_id = p.ancienne
    inner join cas as n on n.trace_id = p.nouvelle
    where n.autorite = a.autorite and n.date > a.date and n.statut <> a.statut and n.statut <> 'inconnu'
),

du_catalogue as (
    select
        a.cle,
        a.statut,
        e.statut as statut_propose,
        e.url as preuve_url,
        e.date as preuve_date,
        e.source || '|' || e.cle as origine_id
    from cas as a
    inner join core.pstw_france as e on nom_plat(e.organisme) = nom_plat(a.collectivite)
    where e.date > a.date and e.statut is not null and e.statut <> a.statut
        and len(list_intersect(mots_radicaux(a.titre), mots_radicaux(e.titre || ' ' || coalesce(e.description, '')))) >= 2
),

reunis as (
    select * from du_registre
    union all
    select * from du_catalogue
)

select
    cle as objet,
    statut,
    statut_propose,
    preuve_url,
    origine_id,
    preuve_date
from reunis
qualify row_number() over (partition by cle order by preuve_date desc, origine_id) = 1
