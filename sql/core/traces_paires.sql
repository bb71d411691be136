-- Pairs of traces that may speak of one use or one project: same authority, a commune and its EPCI, one page, one place, or a
-- rare name.
-- What is compared is counted in points (sql/macros/rapprochement.sql), and `motif` says why; `reservee`: the machine leaves the
-- pair to analysts whatever it proposes.
with appartenances as (
    select distinct
        siren,
        epci_siren
    from core.territoires as t
    inner join core.millesime_reference as m on m.millesime = t.millesime
    where t.epci_siren is not null
),

blocs as (
    select
        trace_id,
        'autorite:' || unnest(autorites) as bloc
    from core.traces
    union all
    select
        trace_id,
        'page:' || page as bloc
    from core.traces
    where contains(page, '/')
    union all
    select
        trace_id,
        'territoire:' || territoire as bloc
    from core.traces
    where territoire is not null
    union all
    select
        trace_id,
        'nom:' || cle as bloc
    from core.traces_noms
    where traces <= 3
    union all
    select
        t.trace_id,
        'autorite:' || a.epci_siren as bloc
    from core.traces as t
    inner join appartenances as a on list_contains(t.autorites, a.siren)
),

paires as (
    select distinct
        a.trace_id as trace_a,
        b.trace_id as trace_b
    from blocs as a
    inner join blocs as b on b.bloc = a.bloc and a.trace_id < b.trace_id
),

langues as (
    select
        p.trace_a,
        p.trace_b,
        a.langue = b.langue as meme_langue
    from paires as p
    inner join core.traces_corpus as a on a.trace_id = p.trace_a
    inner join core.traces_corpus as b on b.trace_id = p.trace_b
),

mots as (
    select
        *,
        if(champ in ('titre', 'sens du titre'), 'titre', 'texte') as partie,
        champ in ('titre', 'texte') as dans_sa_langue
    from core.traces_mots
),

ressemblances as (
    select
        p.trace_a,
        p.trace_b,
        sum(x.poids * y.poids) filter (x.partie = 'titre' and y.partie = 'titre') / 100000000 as titres,
        sum(x.poids * y.poids) filter (x.partie = 'texte' and y.partie = 'texte') / 100000000 as textes,
        coalesce(sum(y.rarete) filter (x.partie = 'titre' and y.partie = 'texte'), 0) / 10000
        + coalesce(sum(x.rarete) filter (x.partie = 'texte' and y.partie = 'titre'), 0) / 10000 as mots
    from langues as p
    inner join mots as x on x.trace_id = p.trace_a and x.dans_sa_langue = p.meme_langue
    inner join mots as y on y.trace_id = p.trace_b and y.dans_sa_langue = p.meme_langue and y.mot = x.mot
    group by p.trace_a, p.trace_b
),

noms_communs as (
    select
        a.trace_id as trace_a,
        b.trace_id as trace_b,
        arg_max(
            {
                'nom': a.nom,
                'traces': a.traces,
                'lieu': case
                    when a.du_titre and b.du_titre then 'titres'
                    when a.du_titre or b.du_titre then 'titre et texte'
                    else 'textes'
                end
            },
            struct_pack(titres := cast(a.du_titre as integer) + cast(b.du_titre as integer), rarete := -a.traces, cle := a.cle)
        ) as commun
    from core.traces_noms as a
    inner join core.traces_noms as b on b.cle = a.cle and a.trace_id < b.trace_id
    group by a.trace_id, b.trace_id
),

-- Traces whose title gives a name to the tool; two titles with two names tell of two tools, whatever their texts quote.
nommees as (
    select distinct trace_id
    from core.traces_noms
    where du_titre and sigle
),

liees as (
    select
        p.trace_a,
        p.trace_b,
        a.cle as cle_a,
        b.cle as cle_b,
        a.du_registre as registre_a,
        b.du_registre as registre_b,
        a.du_registre and b.du_registre as du_registre,
        a.source = b.source as meme_source,
        case
            when a.autorites = b.autorites then 'même'
            when list_has_all(a.autorites, b.autorites) or list_has_all(b.autorites, a.autorites) then 'réunies'
            when list_has_any(a.autorites, b.autorites) then 'communes'
            else 'autres'
        end as autorites,
        a.theme = b.theme as meme_theme,
        coalesce(contains(a.page, '/') and a.page = b.page, false) as meme_page,
        coalesce(a.territoire = b.territoire, false) as meme_territoire,
        coalesce(ea.epci_siren = b.siren or eb.epci_siren = a.siren, false) as membre,
        c.commun.nom as nom_commun,
        case
            when c.commun.lieu = 'titres' or not (na.trace_id is not null and nb.trace_id is not null) then c.commun.lieu
            when c.commun.lieu is not null then 'textes'
        end as lieu_du_nom,
        coalesce(c.commun.lieu <> 'textes' and c.commun.traces <= 3, false) as meme_nom,
        coalesce(c.commun.lieu, '') <> 'titres' and na.trace_id is not null and nb.trace_id is not null as noms_differents,
        numero_de_cas(a.titre) is distinct from numero_de_cas(b.titre) as numeros_differents,
        -- A source that writes two records one after the other knows that they are two.
        not (a.du_registre and b.du_registre) and cles_a_la_suite(a.cle, b.cle) as a_la_suite,
        p.meme_langue,
        coalesce(cast(r.titres as decimal(5, 3)), 0) as titres,
        coalesce(cast(r.textes as decimal(5, 3)), 0) as similarite,
        coalesce(cast(r.mots as decimal(5, 2)), 0) as mots
    from langues as p
    inner join core.traces as a on a.trace_id = p.trace_a
    inner join core.traces as b on b.trace_id = p.trace_b
    left join ressemblances as r on r.trace_a = p.trace_a and r.trace_b = p.trace_b
    left join noms_communs as c on c.trace_a = p.trace_a and c.trace_b = p.trace_b
    left join nommees as na on na.trace_id = p.trace_a
    left join nommees as nb on nb.trace_id = p.trace_b
    left join appartenances as ea on ea.siren = a.siren
    left join appartenances as eb on eb.siren = b.siren
),

comparees as (
    select
        *,
        autorites = 'même' as meme_autorite,
        a_la_suite or numeros_differents or noms_differents as distinguees,
        titres >= 0.9 and similarite >= 0.9 and not numeros_differents as saisie_deux_fois,
        points_textes(similarite) + points_mots(mots) + points_nom(lieu_du_nom) + points_theme(meme_theme) as points
    from liees
),

proposees as (
    select
        *,
        rapprochement_propose(
            points, autorites, distinguees, saisie_deux_fois, membre or meme_page or meme_territoire or meme_nom
        ) as proposition
    from comparees
),

-- A trace of open data joins one row of the register, the closest: joining two would merge them.
proches as (
    select
        if(registre_a, trace_b, trace_a) as trace_id,
        if(registre_a, trace_a, trace_b) as registre_id,
        points,
        rank() over (partition by if(registre_a, trace_b, trace_a) order by points desc) as place
    from proposees
    where proposition = 'meme_usage' and registre_a <> registre_b
),

rattachees as (
    select
        trace_id,
        case when count(*) = 1 then min(registre_id) end as registre_id
    from proches
    where place = 1
    group by trace_id
)

select
    p.trace_a,
    p.trace_b,
    p.cle_a,
    p.cle_b,
    p.du_registre,
    p.du_registre
    or coalesce(p.proposition = 'meme_usage' and case
        when p.registre_a then b.registre_id is distinct from p.trace_a
        when p.registre_b then a.registre_id is distinct from p.trace_b
        else a.trace_id is not null and b.trace_id is not null and a.registre_id is distinct from b.registre_id
    end, false) as reservee,
    p.meme_autorite,
    coalesce(p.meme_theme, false) as meme_theme,
    p.meme_page,
    p.membre,
    p.titres,
    p.similarite,
    p.points,
    p.proposition,
    concat_ws(
        ', ',
        case autorites
            when 'même' then 'même collectivité'
            when 'réunies' then 'une collectivité et un groupe dont elle est'
            when 'communes' then 'une collectivité en commun'
        end,
        case when membre then 'commune et son intercommunalité' end,
        case when meme_page then 'même page' end,
        case when meme_theme then 'même thème' when not meme_theme then 'autre thème' end,
        case when lieu_du_nom is not null then 'nom « ' || nom_commun || ' » dans les ' || case lieu_du_nom
            when 'titres' then 'deux titres'
            else 'deux textes'
        end end,
        'titres ressemblants à ' || nombre_francais(titres) || ', textes à ' || nombre_francais(similarite)
        || if(meme_langue, '', ' (deux langues)'),
        'mots rares d''un titre dans l''autre texte : ' || nombre_francais(mots),
        case when a_la_suite then 'inscrits à la suite par leur source' end,
        case when noms_differents then 'deux noms dans les titres' end,
        case when numeros_differents then 'numéros de cas différents' end,
        nombre_francais(points) || if(abs(points) < 2, ' point', ' points')
    ) as motif
from proposees as p
left join rattachees as a on a.trace_id = p.trace_a
left join rattachees as b on b.trace_id = p.trace_b
