-- What each edition of our surveys asked and how it counts. An invented survey appears only beside its own figures, hence
-- never in a release of the project's register.
select
    q.enquete,
    q.edition,
    q.titre_enquete,
    q.question,
    q.ordre,
    marque_fictive(q.fictif) || q.libelle as libelle,
    q.libelle_en,
    q."type",
    q.theme,
    q.parties,
    q.choix,
    q.condition,
    q.indicateurs,
    q.plan,
    q.terrain_debut,
    q.terrain_fin
from core.questions as q
where
    not q.fictif
    or exists (
        select 1
        from staging.enquetes_chiffres as c
        where c.enquete = q.enquete and c.edition = q.edition
    )
