-- The names that traces give to a tool, a project or a supplier: words that the corpus never writes without a capital, or with
-- capitals inside (IssyGPT, GPT@EC), and that few texts hold. The words of the authority's name are left out.
with textes as (
    select
        trace_id,
        nom,
        de_trace,
        langue,
        'titre' as champ,
        if(titre = upper(titre), lower(titre), titre) as texte
    from core.traces_corpus
    union all
    select
        trace_id,
        nom,
        de_trace,
        langue,
        'texte' as champ,
        description as texte
    from core.traces_corpus
),

mots as (
    select
        trace_id,
        nom_plat(nom) as nom,
        de_trace,
        champ,
        mots_de_debut(texte) as debuts,
        champ = 'titre' and langue = 'en' as titre_anglais,
        unnest(mots_ecrits(texte)) as mot
    from textes
),

vus as (
    select
        trace_id,
        nom,
        de_trace,
        champ,
        mot,
        nom_plat(mot) as plat,
        regexp_matches(mot, '\p{Lu}') as capitale,
        regexp_matches(mot, '\p{Lu}.*\p{Lu}') as sigle,
        not titre_anglais and not list_contains(debuts, mot) as au_milieu
    from mots
),

-- AIR is not the air: in capitals, a word that is also a common one is a name of its own.
cles as (
    select
        *,
        if(sigle and bool_or(not capitale) over (partition by plat), upper(plat), plat) as cle
    from vus
),

-- The capital of a word that opens a sentence, or stands in a title in English, tells nothing. A name with capitals inside
-- tells the tool of its title even when no other text holds it.
rares as (
    select
        cle,
        count(distinct trace_id) as traces,
        min(mot) as nom
    from cles
    group by cle
    having
        bool_and(capitale)
        and (bool_or(au_milieu) or bool_or(sigle))
        and count(distinct trace_id) <= 5
        and length(cle) > 2
)

select
    c.trace_id,
    c.cle,
    r.nom,
    bool_or(c.champ = 'titre') as du_titre,
    bool_or(c.sigle) as sigle,
    r.traces
from cles as c
inner join rares as r on r.cle = c.cle
where c.de_trace and not contains(c.nom, c.plat)
group by c.trace_id, c.cle, r.nom, r.traces
