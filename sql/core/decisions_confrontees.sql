-- Decisions set against each other. An author's last word on an object counts; two authors who differ are in conflict and
-- neither counts until an « arbitrage » settles it. Replies of authorities follow one another: the last one stands.
-- Whoever applies a decision reads the rows « retenue » of its type (one per object) and compares valeur_attendue with
-- what the machine says now.
with lues as (
    select
        decision_id,
        objet_type,
        cle,
        decision_objet(objet_type, cle) as objet,
        valeur_attendue,
        valeur,
        nature,
        motif,
        auteur,
        guide,
        preuve_url,
        date,
        _ligne
    from staging.decisions
),

suivies as (
    select
        *,
        lead(decision_id) over (
            partition by objet_type, objet, nature, if(objet_type = 'droit_de_reponse', '', auteur)
            order by date, _ligne
        ) as remplacee_par
    from lues
),

objets as (
    select
        objet_type,
        objet,
        count(distinct valeur) as valeurs,
        arg_max(decision_id, (date, _ligne)) filter (nature = 'arbitrage') as arbitrage_id,
        arg_max(valeur, (date, _ligne)) filter (nature = 'arbitrage') as arbitrage_valeur,
        arg_max(decision_id, (date, _ligne)) as derniere_id
    from suivies
    where remplacee_par is null
    group by objet_type, objet
),

juges as (
    select
        s.*,
        o.arbitrage_id,
        coalesce(o.arbitrage_id, o.derniere_id) as retenue_id,
        case
            when s.remplacee_par is not null then 'remplacée'
            when o.arbitrage_id is not null and s.valeur <> o.arbitrage_valeur then 'tranchée'
            when o.arbitrage_id is null and o.valeurs > 1 then 'en conflit'
            else 'valable'
        end as verdict
    from suivies as s
    inner join objets as o on o.objet_type = s.objet_type and o.objet = s.objet
)

select
    decision_id,
    objet_type,
    cle,
    objet,
    valeur_attendue,
    valeur,
    nature,
    motif,
    auteur,
    guide,
    preuve_url,
    date,
    verdict,
    verdict = 'valable' and decision_id = retenue_id as retenue,
    coalesce(remplacee_par, if(decision_id <> arbitrage_id, arbitrage_id, null)) as autre_id,
    _ligne
from juges
