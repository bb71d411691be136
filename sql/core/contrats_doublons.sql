-- Contracts under two identifiers that are one for certain: same buyer, same day, same amount, same CPV division and same
-- object to the letter and digit, each on platforms where the others are not (a platform that lists both tells two lots
-- apart). Accents destroyed by one platform leave no letter, so a platform that destroyed them is not matched: nothing
-- uncertain is merged, only counted once.
with memes_chiffres as (
    select
        acheteur_siret,
        date_notification,
        montant
    from core.contrats
    where montant > 1 and date_notification is not null and not montant_sentinelle(montant)
    group by acheteur_siret, date_notification, montant
    having count(*) > 1
),

compares as (
    select
        c.contrat_cle,
        c.acheteur_siret,
        c.date_notification,
        c.montant,
        texte_compact(c.objet) as objet_compact,
        left(c.cpv, 2) as division
    from core.contrats as c
    inner join memes_chiffres as m
        on m.acheteur_siret = c.acheteur_siret and m.date_notification = c.date_notification and m.montant = c.montant
    where c.objet is not null
),

plateformes as (
    select distinct
        contrat_cle,
        coalesce(plateforme, source) as plateforme
    from core.contrats_lignes
    where contrat_cle in (select c.contrat_cle from compares as c)
),

groupes as (
    select
        c.acheteur_siret,
        c.date_notification,
        c.montant,
        c.objet_compact,
        c.division,
        min(c.contrat_cle) as contrat_retenu
    from compares as c
    inner join plateformes as p on p.contrat_cle = c.contrat_cle
    group by c.acheteur_siret, c.date_notification, c.montant, c.objet_compact, c.division
    having count(distinct c.contrat_cle) > 1 and count(*) = count(distinct p.plateforme)
)

select
    c.contrat_cle,
    g.contrat_retenu
from compares as c
inner join groupes as g
    on g.acheteur_siret = c.acheteur_siret
    and g.date_notification = c.date_notification
    and g.montant = c.montant
    and g.objet_compact = c.objet_compact
    and g.division is not distinct from c.division
where c.contrat_cle <> g.contrat_retenu
