-- One correction and what became of it. One whose new value makes the record unusable did not serve: it says so.
with refusees as (
    select
        source,
        cle,
        colonne,
        min(motif) as motif_rejet
    from core.rejets
    group by source, cle, colonne
)

select
    c.source,
    c.cle,
    c.colonne,
    c.valeur_attendue,
    c.valeur_nouvelle,
    c.motif,
    c.auteur,
    c.date,
    case when r.cle is not null and c.etat = 'appliquée' then 'non appliquée' else c.etat end as etat,
    case
        when r.cle is not null and c.etat = 'appliquée' then 'la valeur nouvelle est refusée : ' || r.motif_rejet
        else c.explication
    end as explication,
    c.valeur_trouvee
from core.corrections as c
left join refusees as r on r.source = c.source and r.cle = c.cle and r.colonne = c.colonne
