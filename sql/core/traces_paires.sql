-- Pairs of traces that may speak of one use or one project: same authority, a commune and its EPCI, one page, or one place.
-- Two traces without a word in common are not compared unless an authority and a page are shared.
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
        'autorite:' || autorite as bloc
    from core.traces
    union all
    select
        trace_id,
        'page:' || page as bloc
    from core.traces
    where page is not null
    union all
    select
        trace_id,
        'territoire:' || territoire as bloc
    from core.traces
    where territoire is not null
    union all
    select
        t.trace_id,
        'autorite:' || a.epci_siren as bloc
    from core.traces as t
    inner join appartenances as a on a.siren = t.siren
),

paires as (
    select distinct
        a.trace_id as trace_a,
        b.trace_id as trace_b
    from blocs as a
    inner join blocs as b on b.bloc = a.bloc and a.trace_id < b.trace_id
),

ressemblances as (
    select
        p.trace_a,
        p.trace_b,
        sum(x.poids * y.poids) filter (x.champ = 'titre') / 100000000 as titres,
        sum(x.poids * y.poids) filter (x.champ = 'texte') / 100000000 as textes
    from paires as p
    inner join core.traces_mots as x on x.trace_id = p.trace_a
    inner join core.traces_mots as y on y.trace_id = p.trace_b and y.champ = x.champ and y.mot = x.mot
    group by p.trace_a, p.trace_b
),

noms as (
    select distinct
        trace_id,
        autorite,
        unnest(list_filter(noms_propres(titre), lambda m: not contains(nom_plat(nom), m))) as nom
    from core.traces
),

-- A name that one authority alone uses; one that others use too is a product or a common acronym.
noms_exclusifs as (
    select nom
    from noms
    group by nom
    having count(distinct autorite) = 1 and count(*) > 1
),

noms_communs as (
    select distinct
        a.trace_id as trace_a,
        b.trace_id as trace_b
    from noms as a
    inner join noms as b on b.nom = a.nom and a.trace_id < b.trace_id
    where a.nom in (select e.nom from noms_exclusifs as e)
),

comparees as (
    select
        p.trace_a,
        p.trace_b,
        a.cle as cle_a,
        b.cle as cle_b,
        a.du_registre and b.du_registre as du_registre,
        a.source = b.source as meme_source,
        a.autorite = b.autorite as meme_autorite,
        coalesce(a.theme = b.theme, false) as meme_theme,
        coalesce(a.page = b.page, false) as meme_page,
        coalesce(a.territoire = b.territoire, false) as meme_territoire,
        n.trace_a is not null as meme_nom,
        coalesce(ea.epci_siren = b.siren or eb.epci_siren = a.siren, false) as membre,
        coalesce(cast(r.titres as decimal(5, 3)), 0) as titres,
        coalesce(cast(r.textes as decimal(5, 3)), 0) as similarite
    from paires as p
    inner join core.traces as a on a.trace_id = p.trace_a
    inner join core.traces as b on b.trace_id = p.trace_b
    left join ressemblances as r on r.trace_a = p.trace_a and r.trace_b = p.trace_b
    left join noms_communs as n on n.trace_a = p.trace_a and n.trace_b = p.trace_b
    left join appartenances as ea on ea.siren = a.siren
    left join appartenances as eb on eb.siren = b.siren
)

select
    trace_a,
    trace_b,
    cle_a,
    cle_b,
    du_registre,
    meme_autorite,
    meme_theme,
    meme_page,
    membre,
    titres,
    similarite,
    rapprochement_propose(
        meme_autorite, meme_source, meme_page, meme_theme, meme_nom, membre or meme_page or meme_territoire, titres,
        similarite
    ) as proposition,
    concat_ws(
        ', ',
        case when meme_autorite then 'même collectivité' end,
        case when membre then 'commune et son intercommunalité' end,
        case when meme_page then 'même page' end,
        case when meme_theme then 'même thème' end,
        case when meme_nom then 'même nom d''outil ou de projet' end,
        'titres ressemblants à ' || titres || ', textes à ' || similarite
    ) as motif
from comparees
