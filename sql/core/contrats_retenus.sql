-- One contract, one row, by numbers: which record tells of it, and what its versions say together. core.contrats adds the
-- texts of that record when they are read: writing two million long rows again would take ten times longer.
with par_contrat as (
    select
        contrat_cle,
        max(ordre) as ordre,
        min(date_notification) as date_notification,
        sum(lignes)::bigint as nb_lignes,
        coalesce(min(objet_premier) <> max(objet_dernier), false) as objets_differents
    from core.contrats_versions
    group by contrat_cle
)

select
    p.contrat_cle,
    contrat_enregistrement_de(p.ordre) as enregistrement,
    v.montant_motif,
    p.objets_differents,
    v.duree_mois,
    v.nb_titulaires,
    p.nb_lignes,
    v.montant,
    p.date_notification
from par_contrat as p
inner join core.contrats_versions as v on v.ordre = p.ordre
