-- Names of bodies whose letters were destroyed before they reached us (U+FFFD), with the letters given back: a damaged word is
-- the only whole word that the reference or another name writes with the same letters around. Without one, or with two, the word
-- stays as received and ORG-08 says so. One row a source, delivery and name.
with lus as (
    select
        'decp' as source,
        _livraison as livraison,
        acheteur_siren as siren,
        organisme_nom(acheteur_nom) as nom
    from staging.decp
    union all
    select
        'decp_2019' as source,
        _livraison as livraison,
        acheteur_siren as siren,
        organisme_nom(acheteur_nom) as nom
    from staging.decp_2019
    union all
    select
        'fonds_vert' as source,
        _livraison as livraison,
        siren,
        organisme_nom(beneficiaire_public) as nom
    from staging.fonds_vert
),

abimes as (
    select
        l.source,
        l.livraison,
        l.nom,
        count(*) as nombre
    from lus as l
    anti join core.territoires as t on t.siren = l.siren
    where
        est_siren_public(l.siren)
        and left(l.siren, 2) not in ('21', '22', '23')
        and (caracteres_detruits(l.nom) or l.nom <> ponctuation_remise(l.nom))
    group by l.source, l.livraison, l.nom
),

noms_entiers as (
    select nom
    from lus
    where not caracteres_detruits(nom)
    union
    select nom
    from core.territoires
),

mots_entiers as (
    select distinct unnest(regexp_extract_all(lower(nom), '\p{L}+')) as mot
    from noms_entiers
),

mots_rendus as (
    select
        regexp_replace(mot, '[^a-z]', '�', 'g') as abime,
        min(mot) as mot
    from mots_entiers
    where regexp_matches(mot, '[^a-z]')
    group by 1
    having count(*) = 1
),

morceaux as (
    select
        nom,
        unnest(regexp_extract_all(ponctuation_remise(nom), '[\p{L}�]+|[^\p{L}�]+')) as morceau,
        generate_subscripts(regexp_extract_all(ponctuation_remise(nom), '[\p{L}�]+|[^\p{L}�]+'), 1) as rang
    from (select distinct nom from abimes)
),

rendus as (
    select
        m.nom,
        string_agg(
            case
                when r.mot is null then m.morceau
                when regexp_full_match(m.morceau, '[A-Z�]*[A-Z]�*[A-Z][A-Z�]*') then upper(r.mot)
                when regexp_matches(m.morceau, '^[A-Z]') then upper(left(r.mot, 1)) || substr(r.mot, 2)
                else r.mot
            end,
            '' order by m.rang
        ) as nom_rendu
    from morceaux as m
    left join mots_rendus as r on r.abime = lower(m.morceau)
    group by m.nom
)

select
    a.source,
    a.livraison,
    a.nom,
    r.nom_rendu,
    a.nombre
from abimes as a
inner join rendus as r on r.nom = a.nom
where r.nom_rendu <> a.nom
