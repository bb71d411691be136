-- One contract, one row, by numbers: which record tells of it, and what its versions say together. core.contrats adds the
-- texts of that record when they are read: writing two million long rows again would take ten times longer.
with par_contrat as (
    select
        contrat_cle,
        max(ordre) as ordre,
        min(date_notification) as date_notification,
        max(date_notification) as date_derniere_version,
        count(*) as nb_versions,
        sum(lignes)::bigint as nb_lignes,
        bit_count(bit_or(1 << confiance_source)) as nb_sources,
        coalesce(min(objet_premier) <> max(objet_dernier), false) as objets_differents
    from core.contrats_versions
    group by contrat_cle
)

select
    p.contrat_cle,
    contrat_enregistrement_de(p.ordre) as enregistrement,
    v.titulaire_siren_morale,
    v.montant_motif,
    p.objets_differents,
    v.version,
    v.duree_mois,
    v.nb_titulaires,
    p.nb_versions,
    p.nb_lignes,
    p.nb_sources,
    v.montant,
    p.date_notification,
    p.date_derniere_version,
    v.date_publication
from par_contrat as p
inner join core.contrats_versions as v on v.ordre = p.ordre
