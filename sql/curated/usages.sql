-- One AI use by one authority, confirmed or not (confirme, motif_exclusion).
with preuves_usage as (
    select
        p.usage_id,
        min(p.date) as premiere_observation,
        max(p.date) as derniere_observation,
        count(*) as nb_preuves,
        count(distinct coalesce(hote(p.url), p.source)) as nb_sources
    from core.preuves_usages as p
    group by p.usage_id
)

select
    u.usage_id,
    u.projet_id,
    u.source,
    u.cle_source,
    u.siren,
    u.siren_statut,
    u.siren_candidats,
    u.siren_regle,
    u.collectivite,
    u.type_collectivite,
    u.departement_ou_region,
    u.titre,
    u.description,
    u.theme,
    u.themes,
    u.finalite_environnementale,
    u.technique,
    u.fournisseur,
    u.solution,
    u.statut,
    u.statut_date,
    greatest(u.date_verification, p.derniere_observation) as date_verification,
    u.date_debut,
    u.date_debut_precision,
    u.date_fin,
    u.date_fin_precision,
    u.annee,
    u.annee_type,
    u.montant_eur,
    u.montant_nature,
    u.programme,
    u.nature,
    u.ia_explicite,
    u.confirme,
    u.motif_exclusion,
    u.contestation_etat,
    u.contestation,
    u.contestation_date,
    u.decisions,
    u.effet_valeur,
    u.effet_unite,
    u.effet_portee,
    u.effet_qualificatif,
    u.effet_periode,
    u.effet_extrait,
    u.effet_source,
    u.date_entree,
    p.premiere_observation,
    p.derniere_observation,
    p.nb_preuves,
    p.nb_sources,
    u.confiance,
    s.licence
from core.usages as u
inner join preuves_usage as p on p.usage_id = u.usage_id
inner join core.sources as s on s.source = u.source
