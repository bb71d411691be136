-- Contracts under two identifiers that are one for certain: same buyer, same day, same amount, same CPV division and
-- same object to the letter and digit, seen on two platforms. Accents destroyed by one platform leave no letter, so a
-- platform that destroyed them is not matched: nothing uncertain is merged, only counted once.
with memes_chiffres as (
    select
        acheteur_siret,
        date_notification,
        montant
    from core.contrats
    where montant > 1 and date_notification is not null and not montant_sentinelle(montant)
    group by acheteur_siret, date_notification, montant
    having count(*) > 1 and min(coalesce(plateforme, source)) <> max(coalesce(plateforme, source))
),

compares as (
    select
        c.contrat_cle,
        c.acheteur_siret,
        c.date_notification,
        c.montant,
        coalesce(c.plateforme, c.source) as plateforme,
        texte_compact(c.objet) as objet_compact,
        left(c.cpv, 2) as division
    from core.contrats as c
    inner join memes_chiffres as m
        on m.acheteur_siret = c.acheteur_siret and m.date_notification = c.date_notification and m.montant = c.montant
    where c.objet is not null
),

groupes as (
    select
        *,
        min(contrat_cle) over groupe as contrat_retenu,
        min(plateforme) over groupe <> max(plateforme) over groupe as plusieurs_plateformes
    from compares
    window groupe as (partition by acheteur_siret, date_notification, montant, objet_compact, division)
)

select
    contrat_cle,
    contrat_retenu,
    plateforme
from groupes
where plusieurs_plateformes and contrat_cle <> contrat_retenu
