-- Every name an authority answers to, with the key it is found by. `forme` is the legal form a name must carry to match
-- the row (« Ville de », « CC », « Département »…), or '' for a bare name. `poids` is what the name is worth by itself.
with recursive recents as (
    select
        type,
        max(millesime) as millesime
    from core.territoires
    group by type
),

vivants as (
    select
        t.siren,
        t.type,
        t.code,
        t.nom,
        t.departements,
        t.population
    from core.territoires as t
    inner join recents as r on r.type = t.type and r.millesime = t.millesime
    where t.siren is not null
),

-- Official names: brackets and quotes of an EPCI's name hold its acronym or its use name.
officiels as (
    select
        siren,
        case when type = 'epci' then regexp_replace(nom, '\(.*?\)|''''.*?''''|".*?"', ' ', 'g') else nom end as nom,
        'officiel' as genre,
        1.0 as poids
    from vivants
    union all
    select
        siren,
        nom,
        'officiel' as genre,
        1.0 as poids
    from vivants
    where type = 'epci' and contains(nom, '"')
    union all
    select
        siren,
        regexp_extract(nom, '\((.*?)\)|''''(.*?)''''|"(.*?)"', 0) as nom,
        'sigle' as genre,
        0.97 as poids
    from vivants
    where type = 'epci' and regexp_matches(nom, '\(.*?\)|''''.*?''''|".*?"')
),

-- A département is also called by its number.
numeros as (
    select
        siren,
        unnest(departements) as nom,
        'numéro' as genre,
        1.0 as poids
    from vivants
    where type = 'departement'
),

-- Arrondissements of Paris, Lyon and Marseille.
arrondissements as (
    select
        v.siren,
        case f.modele
            when 1 then t.nom || ' ' || n.numero
            when 2 then t.nom || ' ' || n.numero || suffixe.texte
            when 3 then t.nom || ' ' || n.numero || suffixe.texte || ' arrondissement'
            when 4 then n.numero || suffixe.texte || ' arrondissement de ' || t.nom
            else 'mairie du ' || n.numero || suffixe.texte || ' arrondissement de ' || t.nom
        end as nom,
        'arrondissement' as genre,
        0.97 as poids
    from (values ('Paris', '75056', '75C', 20), ('Lyon', '69123', '69123', 9), ('Marseille', '13055', '13055', 16))
        as t (nom, code, code_departemental, nombre)
    cross join (select unnest(range(1, 21)) as numero) as n
    cross join (select unnest(range(1, 6)) as modele) as f
    cross join (values ('e'), ('eme'), ('ème'), ('er'), ('ième')) as suffixe (texte)
    inner join (select distinct siren, code from vivants) as v on v.code in (t.code, t.code_departemental)
    where n.numero <= t.nombre
),

-- Former names: merged, delegated or renamed communes, followed along their movements to a commune of today.
communes as (
    select
        code,
        min(siren) as siren
    from vivants
    where type = 'commune'
    group by code
),

liens as (
    select distinct
        com_av as avant,
        com_ap as apres
    from staging.cog_mouvements
    where mod not in ('20', '21', '30') and typecom_ap = 'COM' and com_av <> com_ap
),

noms_passes as (
    select distinct
        com_av as code,
        libelle_av as nom
    from staging.cog_mouvements
    union
    select distinct
        comparent as code,
        libelle as nom
    from staging.cog_communes
    where typecom in ('COMD', 'COMA')
),

suites (origine, code, rang) as (
    select
        code as origine,
        code,
        0 as rang
    from (select distinct code from noms_passes)
    union
    select
        s.origine,
        l.apres as code,
        s.rang + 1 as rang
    from suites as s
    inner join liens as l on l.avant = s.code
    left join communes as c on c.code = s.code
    where c.code is null and s.rang < 8
),

anciens as (
    select distinct
        c.siren,
        p.nom,
        'ancien nom' as genre,
        0.9 as poids
    from noms_passes as p
    inner join suites as s on s.origine = p.code
    inner join communes as c on c.code = s.code
),

usages as (
    select
        siren,
        nom,
        genre,
        case genre when 'ancien nom' then 0.9 when 'sigle' then 0.97 else 1.0 end as poids,
        forme
    from staging.noms_usage
),

-- The forms under which each type is named; a bare name is the form ''. A use name without a form takes them all.
formes as (
    select
        siren,
        type,
        code,
        case
            when type = 'commune' then ['', 'commune']
            when type = 'epci' then ['', 'epci']
            when type = 'ept' then ['', 'epci', 'ept']
            when type = 'departement' then ['', 'departement']
            when type = 'region' then ['', 'region']
            when code = '75C' then ['', 'commune', 'departement', 'collectivite']
            when code = '69M' then ['', 'epci', 'collectivite']
            when code = '6AE' then ['', 'departement', 'collectivite']
            else ['', 'region', 'departement', 'collectivite']
        end as formes,
        departements,
        population
    from vivants
),

nommes as (
    select
        f.siren,
        f.type,
        f.code,
        f.departements,
        f.population,
        n.nom,
        n.genre,
        n.poids,
        n.forme
    from (
        select
            o.siren,
            o.nom,
            o.genre,
            o.poids,
            unnest(g.formes) as forme
        from (select * from officiels union all select * from anciens) as o
        inner join formes as g on g.siren = o.siren
        union all
        select siren, nom, genre, poids, 'departement' as forme from numeros
        union all
        select siren, nom, genre, poids, unnest(['', 'commune']) as forme from arrondissements
        union all
        select
            u.siren,
            u.nom,
            u.genre,
            u.poids,
            unnest(if(u.forme is null, g.formes, [u.forme])) as forme
        from usages as u
        inner join formes as g on g.siren = u.siren
    ) as n
    inner join formes as f on f.siren = n.siren
),

troues as (
    select
        *,
        nom_plat(nom) as plat,
        false as troue
    from nommes
    union all
    select
        *,
        nom_plat(nom_troue(nom)) as plat,
        true as troue
    from nommes
    where regexp_matches(nom, '[^\x00-\x7F]')
),

plats as (
    select
        *,
        nom_forme(plat) as f
    from troues
),

-- An EPCI's official name opens with its form: what follows distinguishes it, and names it when bare, for a little less.
cles as (
    select
        siren,
        type,
        code,
        departements,
        population,
        nom,
        genre,
        poids,
        forme,
        plat,
        troue,
        case
            when type in ('epci', 'ept') or code = '69M' then nom_noyau(if(f.epci <> '', f.reste, plat), 'epci')
            else nom_noyau(plat, forme)
        end as cle
    from plats
    where forme <> ''
    union all
    select
        siren,
        type,
        code,
        departements,
        population,
        nom,
        genre,
        case
            when f.epci <> '' and genre = 'officiel' then 0.88
            when f.epci <> '' then poids - 0.1
            else poids
        end as poids,
        forme,
        plat,
        troue,
        nom_cle(if(f.epci <> '' and type in ('epci', 'ept'), f.reste, plat)) as cle
    from plats
    where forme = ''
    union all
    select
        siren,
        type,
        code,
        departements,
        population,
        nom,
        genre,
        0.88 as poids,
        forme,
        plat,
        troue,
        nom_noyau(if(f.epci <> '', f.reste, plat), 'epci') as cle
    from plats
    where forme = '' and type in ('epci', 'ept')
),

-- A former name that opens the name of another commune of today is worth less: without a place, it may be that one,
-- shortened (« La Cadière » of the Gard, « La Cadière-d'Azur »).
debuts as (
    select distinct
        o.siren,
        nom_cle(array_to_string(list_slice(o.mots, 1, n.nombre), ' ')) as cle
    from (
        select
            siren,
            string_split(nom_plat(nom), ' ') as mots
        from vivants
        where type = 'commune'
    ) as o
    cross join (select unnest(range(1, 6)) as nombre) as n
    where n.nombre < len(o.mots)
),

prolonges as (
    select
        c.siren,
        c.cle,
        count(d.siren) as nombre
    from (select distinct siren, cle from cles where genre = 'ancien nom' and type = 'commune') as c
    inner join debuts as d on d.cle = c.cle and d.siren <> c.siren
    group by c.siren, c.cle
),

-- One row for a name, a form and an authority: its best.
rangs as (
    select
        c.* replace (
            case when c.genre = 'ancien nom' and p.nombre is not null then c.poids - 0.1 else c.poids end as poids
        ),
        row_number() over (
            partition by c.siren, c.type, c.forme, c.cle, c.troue order by c.poids desc, c.genre, c.plat, c.nom, c.code
        ) as rang
    from cles as c
    left join prolonges as p on p.siren = c.siren and p.cle = c.cle
    where c.cle <> '' and (length(c.cle) > 1 or c.genre = 'officiel')
)

select
    siren,
    type,
    code,
    nom,
    genre,
    forme,
    cle,
    nom_avec_article(plat) as plat,
    departements,
    population,
    cast(poids as double) as poids,
    troue
from rangs
where rang = 1
