-- A use whose status newer evidence says has changed: a proposal to an analyst, never applied by itself.
--
-- Evidence is what tells of the same use: records of open data joined to it, rows of the register that an analyst joined to it,
-- and rows that the machine holds for the same use while nobody decided (it never joins two rows of the register). Each kind says
-- what it can of a status, no more:
--   a row of the register, or any record whose status an analyst decided: that status;
--   a case of the European catalogue: the status that the catalogue declares, not the one that the rules read in its text;
--   a contract, a grant: « prevu », what is bought or funded is decided (docs/codebook.md); « experimentation » when its object
--   says a trial. Never « deploye » nor an end: an object tells what is bought, and rules read a status right two times in three
--   (docs/accuracy.md);
--   a call for tenders or its award: « prevu », the purchase is decided; other notices (cancelled, corrected) nothing;
--   anything else (a grant offered, a data set, an inventory without a status): nothing.
-- It counts when it is surely newer, its first possible day after the last possible day of what the use rests on (the day the
-- case came in when its page has no date) and after the last decision on its status. A status never goes back (statut_suites):
-- evidence of an earlier stage is left out, and the newest of what is left speaks; when it says what is known, nothing is proposed.
with en_vigueur as (
    select
        u.usage_id,
        p.preuve_id as trace_id,
        u.source || '|' || u.cle_source as cle,
        u.statut,
        greatest(coalesce(fin_de_periode(p.date, p.date_precision), u.date_entree), d.statut_date) as connu_au
    from core.usages as u
    inner join core.preuves_usages as p on p.source = u.source and p.cle_source = u.cle_source
    left join core.decisions_usages as d on d.cle = u.source || '|' || u.cle_source
    where u.nature = 'usage'
),

liees as (
    select
        u.cle,
        g.trace_id
    from en_vigueur as u
    inner join core.usages_groupes as g on g.usage_id = u.usage_id and g.trace_id <> u.trace_id
    union
    select
        u.cle,
        if(r.trace_a = u.trace_id, r.trace_b, r.trace_a) as trace_id
    from en_vigueur as u
    inner join core.rapprochements as r on u.trace_id in (r.trace_a, r.trace_b)
    where r.du_registre and r.proposition = 'meme_usage' and r.verdict = 'a_examiner'
),

-- Notices by which an authority buys, or says that it bought.
achats as (
    select
        'boamp' as source,
        avis as cle
    from staging.boamp
    where nature in ('APPEL_OFFRE', 'ATTRIBUTION')
    union all
    select
        'ted' as source,
        avis as cle
    from staging.ted
    where regexp_matches(type_avis, '^(cn|can)-')
),

dits as (
    select
        'cas_usage|' || c.id as cle,
        'cas du registre' as nature,
        c.titre,
        c.source_url as url,
        coalesce(d.statut, c.statut) as statut,
        c.source_date as date
    from staging.cas_usage as c
    left join core.decisions_usages as d on d.cle = 'cas_usage|' || c.id
    where c.nature = 'usage'
    union all
    select
        k.source || '|' || k.cle as cle,
        case
            when e.candidat_id is not null then 'catalogue européen'
            when k.type_candidat = 'marche' then 'marché notifié'
            when k.type_candidat = 'aide' then 'projet financé'
            when k.type_candidat = 'avis' then 'avis de marché'
            else 'autre enregistrement'
        end as nature,
        k.objet as titre,
        k.url,
        case
            when d.statut is not null then d.statut
            when k.statut_declare is not null then k.statut_declare
            when k.type_candidat in ('marche', 'aide') then if(k.statut = 'experimentation', 'experimentation', 'prevu')
            when a.cle is not null then 'prevu'
        end as statut,
        k.date
    from core.candidats as k
    left join core.decisions_usages as d on d.cle = k.source || '|' || k.cle
    left join core.pstw_france as e on e.candidat_id = k.candidat_id
    left join achats as a on a.source = k.source and a.cle = k.cle
),

retenues as (
    select
        u.cle as objet,
        u.statut,
        s.cle,
        s.nature,
        s.titre,
        s.url,
        s.statut as statut_dit,
        s.date
    from en_vigueur as u
    inner join liees as l on l.cle = u.cle
    inner join core.traces as t on t.trace_id = l.trace_id
    inner join dits as s on s.cle = t.cle
    where s.date > u.connu_au and (s.statut = u.statut or list_contains(statut_suites(u.statut), s.statut))
    qualify row_number() over (
        partition by u.cle
        order by s.date desc, coalesce(list_position(statut_suites(u.statut), s.statut), 0) desc, s.cle
    ) = 1
)

select
    objet,
    statut,
    statut_dit as statut_propose,
    nature as preuve_nature,
    titre as preuve_titre,
    url as preuve_url,
    cle as origine_id,
    date as preuve_date
from retenues
where statut_dit <> statut
