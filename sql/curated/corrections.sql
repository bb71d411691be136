-- One correction and what became of it.
select
    source,
    cle,
    colonne,
    valeur_attendue,
    valeur_nouvelle,
    motif,
    auteur,
    date,
    etat,
    explication,
    valeur_trouvee
from core.corrections
