-- Authorities whose name is close to a name that none has exactly: one edit away, cut short, or with words more or less.
-- Communes and intercommunalités are only approached when the reference holds them all.
with perimetre as (
    select count(distinct siren) > 30000 as complet
    from core.noms_territoires
    where type = 'commune'
),

-- A name that no hint allows may still be one cut short (« Mauzac » in Dordogne is Mauzac-et-Grand-Castang), unless the
-- authority so named is of the same région: the hint may then be that of a project.
contredits as (
    select
        nom_id,
        bool_or(admis) as admis,
        bool_or(voisin) as voisin
    from core.noms_exacts
    group by nom_id
),

lus as materialized (
    select
        row_number() over (order by l.nom_id, l.forme, l.cle, l.plat) as lecture_id,
        l.nom_id,
        l.type_indice,
        l.territoire_indice,
        l.departement_lu,
        l.forme,
        l.forme_devant,
        regexp_replace(l.plat, '^(?:le|la|les|l) ', '') as plat,
        l.cle,
        c.nom_id is not null as contredit,
        coalesce(c.voisin, false) as voisin,
        string_split(l.plat, ' ') as mots
    from core.noms_lectures as l
    left join contredits as c on c.nom_id = l.nom_id
    where
        coalesce(not c.admis, true)
        and not l.nulle
        and not l.sigle_seul
        and length(l.cle) between 5 and 100
        and not starts_with(l.plat, 'ville ')
        and l.type_indice is distinct from 'syndicat'
        and l.type_indice is distinct from 'autre'
),

etrangers as (
    select distinct e.lecture_id
    from (select lecture_id, forme_devant, unnest(mots) as mot from lus) as e
    inner join staging.noms_mots as m on m.mot = e.mot
    where m.force = 'forte' or not e.forme_devant
),

-- What is left, without the names of other bodies.
restes as materialized (
    select
        l.*,
        len(list_filter(l.mots, lambda m: length(m) > 3)) as mots_longs,
        if(l.departement_lu is null, i.departements, [l.departement_lu]) as departements
    from lus as l
    anti join etrangers as e on e.lecture_id = l.lecture_id
    left join core.noms_indices as i on i.territoire_indice = l.territoire_indice
),

cibles as materialized (
    select
        row_number() over (order by t.siren, t.type, t.forme, t.cle, t.troue) as cible_id,
        t.siren,
        t.type,
        t.genre,
        t.forme,
        t.cle,
        t.departements,
        t.poids,
        string_split(t.plat, ' ') as mots,
        regexp_replace(t.plat, '^(?:le|la|les|l) ', '') as plat
    from core.noms_territoires as t
    cross join perimetre as p
    where
        t.genre in ('officiel', 'usage', 'ancien nom')
        and length(t.cle) >= 4
        and (p.complet or t.type in ('departement', 'region'))
),

-- One edit away: both keys have a deletion in common. Compared by their hash; the distance is measured afterwards.
suppressions as (
    select
        lecture_id,
        forme,
        unnest(list_transform(nom_suppressions(cle), lambda m: hash(m))) as morceau
    from restes
    where length(cle) between 6 and 40
),

suppressions_cibles as (
    select
        cible_id,
        forme,
        unnest(list_transform(nom_suppressions(cle), lambda m: hash(m))) as morceau
    from cibles
    where length(cle) between 5 and 41
),

-- A significant word in common, or its beginning.
amorces as (
    select distinct
        lecture_id,
        forme,
        left(mot, 5) as amorce
    from (select lecture_id, forme, unnest(mots) as mot from restes)
    where length(mot) >= 4
),

amorces_cibles as (
    select distinct
        cible_id,
        forme,
        left(mot, 5) as amorce
    from (select cible_id, forme, unnest(mots) as mot from cibles)
    where length(mot) >= 4
),

departements_restes as (
    select
        lecture_id,
        unnest(departements) as departement
    from restes
),

departements_cibles as (
    select
        cible_id,
        unnest(departements) as departement
    from cibles
),

paires as materialized (
    select distinct
        s.lecture_id,
        t.cible_id
    from suppressions as s
    inner join suppressions_cibles as t on t.morceau = s.morceau and t.forme = s.forme
    union
    select distinct
        a.lecture_id,
        t.cible_id
    from (select a.*, d.departement from amorces as a inner join departements_restes as d on d.lecture_id = a.lecture_id) as a
    inner join (
        select
            t.*,
            d.departement
        from amorces_cibles as t
        inner join departements_cibles as d on d.cible_id = t.cible_id
    ) as t
        on t.amorce = a.amorce and t.forme = a.forme and t.departement = a.departement
    union
    select distinct
        a.lecture_id,
        t.cible_id
    from (
        select
            lecture_id,
            forme,
            left(cle, 6) as debut
        from restes
        where departements is null and forme <> ''
    ) as a
    inner join (select cible_id, forme, left(cle, 6) as debut from cibles) as t
        on t.debut = a.debut and t.forme = a.forme
),

mesures as (
    select
        r.nom_id,
        r.type_indice,
        r.forme,
        r.forme_devant,
        r.contredit,
        r.voisin,
        r.departements is not null as situe,
        r.departements is null or list_has_any(c.departements, r.departements) as lieu_admis,
        c.cible_id,
        c.siren,
        c.type,
        c.genre,
        c.poids,
        length(r.cle) as longueur,
        length(c.cle) as longueur_cible,
        case
            when abs(length(r.cle) - length(c.cle)) <= 3 or abs(length(r.plat) - length(c.plat)) <= 1 then least(
                    damerau_levenshtein(r.cle, c.cle),
                    case
                        when r.departements is not null
                            then damerau_levenshtein(replace(r.plat, ' ', ''), replace(c.plat, ' ', ''))
                    end
                )
        end as ecarts,
        starts_with(c.cle, r.cle) as coupe,
        starts_with(c.plat, r.plat || ' ') as coupe_entre_mots,
        length(r.cle) > length(c.cle) and ends_with(r.cle, c.cle) as precede,
        starts_with(r.plat || ' ', c.plat || ' ') as suivi,
        case
            when starts_with(r.plat, c.plat)
                then regexp_matches(substr(r.plat, length(c.plat) + 2), '^(?:en|les|sur|sous|de|d|du|des|la|le|l|di) ')
        end as lieu_suit,
        starts_with(c.plat, 'st ') or starts_with(c.plat, 'ste ') as saint,
        r.mots,
        c.mots as mots_cible,
        r.mots_longs,
        c.type in ('epci', 'ept') and r.forme <> '' and r.departements is not null as a_mots
    from paires as p
    inner join restes as r on r.lecture_id = p.lecture_id
    inner join cibles as c on c.cible_id = p.cible_id
),

-- Words of one name that are neither in the other nor the beginning of one of its words, for intercommunalités.
comptees as (
    select
        * exclude (mots, mots_cible),
        case
            when a_mots then len(list_filter(mots, lambda m: length(m) > 2 and len(list_filter(
                mots_cible, lambda n: starts_with(n, m) or (length(n) > 3 and starts_with(m, n))
            )) = 0))
        end as mots_seuls,
        case
            when a_mots then len(list_filter(mots_cible, lambda m: length(m) > 2 and len(list_filter(
                mots, lambda n: (length(n) > 2 and starts_with(n, m)) or (length(n) > 2 and starts_with(m, n))
            )) = 0))
        end as mots_absents,
        type = 'commune' and situe and mots_longs >= 2 and list_has_all(mots_cible, mots) as mots_compris
    from mesures
),

-- What each likeness is worth. Without a place, only a single edit, a cut name or an explicit form is believed.
notes as (
    select
        *,
        case
            when ecarts <= 1 and longueur >= if(situe, 6, 8) then 0.95 - 0.04 * ecarts
            when forme = '' and type <> 'commune' then null
            when ecarts <= 2 and longueur >= if(situe, 10, 14) then 0.87
            when ecarts <= 3 and longueur >= 20 and situe then 0.83
        end as note_ecarts,
        case when coupe and longueur >= if(forme_devant, 8, if(situe, 10, 16)) then 0.86 end as note_coupe,
        case
            when suivi and (lieu_suit or situe) and forme = 'commune' and not saint and longueur_cible >= 5 then 0.8
            when coupe_entre_mots and situe and type = 'commune' and longueur >= 5 then 0.82
            when suivi and situe and forme = '' and type = 'commune' and lieu_suit then 0.78
            when suivi and forme in ('departement', 'region') then 0.8
            when coupe_entre_mots and forme = 'commune' and not saint and longueur >= 6 then 0.78
            when mots_compris then 0.78
        end as note_commune,
        case
            when mots_seuls = 0 and mots_longs >= 1 then 0.84
            when mots_absents = 0 and forme_devant then 0.8
        end as note_epci
    from comptees
    where
        lieu_admis
        and not (precede and not forme_devant)
        and (not contredit or (not voisin and coupe_entre_mots and type = 'commune') or ecarts <= 1)
        and (type_indice is null or type = type_indice or forme <> '' or (type_indice = 'ept' and type = 'epci'))
),

meilleures as (
    select
        *,
        greatest(
            coalesce(note_ecarts, 0), coalesce(note_coupe, 0), coalesce(note_commune, 0), coalesce(note_epci, 0)
        ) * poids as score,
        case
            when note_ecarts is not null then 'orthographe voisine'
            when note_coupe is not null then 'nom coupé'
            else 'mots communs'
        end as regle
    from notes
),

rangs as (
    select
        *,
        row_number() over (partition by nom_id, siren order by score desc, regle, type, forme, genre, cible_id) as rang
    from meilleures
    where score > 0
)

select
    nom_id,
    siren,
    type,
    regle,
    round(score, 6) as score,
    situe
from rangs
where rang = 1
