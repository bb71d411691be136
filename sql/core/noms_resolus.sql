-- The decision for each name: one authority, or none and why. What is ambiguous is never guessed.
with sirens as (
    select
        n.nom_id,
        t.siren,
        min(t.type) as type
    from core.noms_plats as n
    inner join core.territoires as t on t.siren = n.siren_indice
    group by n.nom_id, t.siren
),

perimetre as (
    select count(distinct siren) > 30000 as complet
    from core.noms_territoires
    where type = 'commune'
),

candidats as (
    select
        nom_id,
        siren,
        type,
        score,
        case genre
            when 'officiel' then 'nom officiel'
            when 'usage' then 'nom d''usage'
            when 'numéro' then 'numéro du département'
            else genre
        end as regle,
        situe,
        admis,
        false as approche
    from core.noms_exacts
    union all
    select
        nom_id,
        siren,
        type,
        score,
        regle,
        situe,
        true as admis,
        true as approche
    from core.noms_proches
),

-- A hint of place that fits none of the candidates: when the name is that of one authority only and it is of the same
-- région, the hint was that of a project or of a State service. Told only where the reference holds every authority; a
-- name one edit away in the hinted place makes it ambiguous.
voisinages as (
    select
        c.nom_id,
        count(*) = 1 and bool_and(c.voisin and c.genre = 'officiel') as voisin_unique,
        bool_or(c.voisin) as un_voisin
    from core.noms_exacts as c
    cross join perimetre as p
    where p.complet
    group by c.nom_id
    having not bool_or(c.admis)
),

juges as (
    select
        c.nom_id,
        c.siren,
        c.type,
        c.situe,
        c.admis or coalesce(v.voisin_unique, false) as admis,
        if(c.admis or v.voisin_unique is null, c.score, c.score - 0.09) as score,
        if(c.admis or v.voisin_unique is null, c.regle, 'nom unique, région voisine') as regle,
        c.approche and coalesce(v.un_voisin, false) as douteux
    from candidats as c
    left join voisinages as v on v.nom_id = c.nom_id
),

ranges as (
    select
        *,
        row_number() over (partition by nom_id, admis order by score desc, siren) as rang,
        lead(score) over (partition by nom_id, admis order by score desc, siren) as score_second,
        lead(siren) over (partition by nom_id, admis order by score desc, siren) as second
    from juges
),

listes as (
    select
        nom_id,
        list(siren order by admis desc, rang) as candidats
    from ranges
    group by nom_id
),

-- The first must be well ahead of the second; without a place, a former or approximate name must also be sure enough.
premiers as (
    select
        nom_id,
        siren,
        type,
        regle,
        least(score, 1.0) as score,
        second,
        not douteux
        and score >= if(situe, 0.65, 0.76)
        and not (not situe and regle = 'ancien nom' and score < 0.84)
        and (score_second is null or score - score_second >= if(situe, 0.02, 0.05)) as decide
    from ranges
    where admis and rang = 1
),

-- Bodies that their type or a word of their name puts outside the reference.
dehors as (
    select nom_id
    from core.noms_a_resoudre
    where type_indice in ('syndicat', 'autre')
    union
    select distinct e.nom_id
    from (
        select
            p.nom_id,
            unnest(string_split(p.plat || coalesce(' ' || p.parenthese, ''), ' ')) as mot
        from core.noms_plats as p
        anti join candidats as c on c.nom_id = p.nom_id
    ) as e
    inner join staging.noms_mots as m on m.mot = e.mot
),

-- An analyst's decision wins over every rule, the most precise first; it is guarded: its SIREN must be of the reference
-- and the rules must still say what they said when it was taken.
decisions as (
    select
        n.nom_id,
        d.decision_id,
        d.siren,
        d.siren_attendu,
        t.type,
        row_number() over (
            partition by n.nom_id
            order by d.type_indice is null, d.territoire_indice is null, d.date desc, d._ligne, t.type desc, t.code
        ) as rang
    from core.noms_decisions as d
    inner join core.noms_a_resoudre as n
        on lower(trim(n.nom)) = lower(trim(d.nom))
        and (d.type_indice is null or d.type_indice = n.type_indice)
        and (d.territoire_indice is null or d.territoire_indice = n.territoire_indice)
    left join core.territoires as t on t.siren = d.siren
    where d.siren is null or t.siren is not null
),

automatiques as (
    select
        n.nom_id,
        case
            when s.siren is not null then s.siren
            when p.decide then p.siren
        end as siren,
        case
            when s.siren is not null or p.decide then 'résolu'
            when p.nom_id is not null then 'ambigu'
            when d.nom_id is not null then 'hors référence'
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
            when d.nom_id is not null then 'organisme hors référence'
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
),

final as (
    select
        a.nom_id,
        if(d.nom_id is null, a.siren, d.siren) as siren,
        case
            when d.nom_id is null then a.siren_statut
            when d.siren is null then 'hors référence'
            else 'résolu'
        end as siren_statut,
        if(d.nom_id is null, a.type, d.type) as type,
        case
            when d.nom_id is null then a.score
            when d.siren is not null then 1.0
        end as score,
        if(d.nom_id is null, a.regle, 'décision') as regle,
        if(d.nom_id is null, a.second, null) as second,
        a.candidats,
        a.siren as siren_automatique,
        a.siren_statut as statut_automatique,
        d.decision_id
    from automatiques as a
    left join decisions as d
        on d.nom_id = a.nom_id and d.rang = 1 and d.siren_attendu is not distinct from a.siren
)

select
    nom_id,
    siren,
    siren_statut,
    type,
    cast(round(score, 4) as double) as score,
    regle,
    second,
    cast(candidats as varchar []) as candidats,
    siren_automatique,
    statut_automatique,
    decision_id
from final
