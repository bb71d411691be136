-- The decision for each name: one authority, or none and why. What is ambiguous is never guessed.
with sirens as (
    select
        n.nom_id,
        t.siren,
        min(t.type) as type
    from core.noms_lectures as n
    inner join core.territoires as t on t.siren = n.siren_indice
    group by n.nom_id, t.siren
),

candidats as (
    select
        nom_id,
        siren,
        type,
        least(score, 1.0) as score,
        score as rang_score,
        case genre
            when 'officiel' then 'nom officiel'
            when 'usage' then 'nom d''usage'
            when 'numéro' then 'numéro du département'
            else genre
        end as regle,
        situe,
        admis
    from core.noms_exacts
),

ranges as (
    select
        *,
        row_number() over (partition by nom_id, admis order by rang_score desc, siren) as rang,
        lead(rang_score) over (partition by nom_id, admis order by rang_score desc, siren) as score_second,
        lead(siren) over (partition by nom_id, admis order by rang_score desc, siren) as second
    from candidats
),

listes as (
    select
        nom_id,
        list(siren order by admis desc, rang) as candidats,
        bool_or(admis) as un_admis
    from ranges
    group by nom_id
),

premiers as (
    select
        r.*,
        r.score_second is null or r.rang_score - r.score_second >= if(r.situe, 0.02, 0.05) as decide
    from ranges as r
    where r.admis and r.rang = 1
),

mots as (
    select list(mot order by mot) as mots
    from staging.noms_mots
),

dehors as (
    select
        n.nom_id,
        coalesce(n.type_indice in ('syndicat', 'autre'), false)
        or list_has_any(string_split(nom_plat(n.nom), ' '), m.mots) as hors
    from core.noms_a_resoudre as n
    cross join mots as m
),

final as (
    select
        n.nom_id,
        case
            when s.siren is not null then s.siren
            when p.decide then p.siren
        end as siren,
        case
            when s.siren is not null then 'résolu'
            when p.decide then 'résolu'
            when p.nom_id is not null then 'ambigu'
            when d.hors then 'hors référence'
            else 'non résolu'
        end as siren_statut,
        case
            when s.siren is not null then s.type
            when p.decide then p.type
        end as type,
        case
            when s.siren is not null then 1.0
            when p.decide then p.score
        end as score,
        case
            when s.siren is not null then 'SIRET'
            when p.decide then p.regle
            when p.nom_id is not null then 'homonymes'
            when d.hors then 'organisme hors référence'
            when l.nom_id is not null then 'contredit les indices'
            else 'aucun nom semblable'
        end as regle,
        case when s.siren is null and p.decide then p.second end as second,
        coalesce(l.candidats, []) as candidats
    from core.noms_a_resoudre as n
    left join sirens as s on s.nom_id = n.nom_id
    left join premiers as p on p.nom_id = n.nom_id
    left join listes as l on l.nom_id = n.nom_id
    left join dehors as d on d.nom_id = n.nom_id
)

select
    nom_id,
    siren,
    siren_statut,
    type,
    cast(round(score, 4) as double) as score,
    regle,
    second,
    cast(candidats as varchar []) as candidats
from final
