-- One contract, one row: its most trusted source, in its latest version. Never sum raw rows: sum `montant` here, where
-- `montant_motif` is empty.
with par_contrat as (
    select
        contrat_cle,
        max(ordre) as ordre,
        min(date_notification) as date_notification,
        max(date_notification) as date_derniere_version,
        count(*) as nb_versions,
        sum(lignes)::bigint as nb_lignes,
        bit_count(bit_or(1 << confiance_source)) as nb_sources,
        min(objet_premier) <> max(objet_dernier) as objets_differents
    from core.contrats_versions
    group by contrat_cle
),

choisies as (
    select
        p.*,
        v.version,
        v.montant,
        v.montant_motif,
        v.duree_mois,
        v.nb_titulaires,
        v.titulaire_siren_morale,
        v.date_publication,
        v._livraison,
        v._ligne,
        v.ordre & 68719476735 as rang_ligne,
        v.confiance_source
    from par_contrat as p
    inner join core.contrats_versions as v on v.ordre = p.ordre
),

lignes as not materialized (
    select
        7 as confiance_source, _ligne * 16 as rang_ligne, 'decp' as source, uid, id, acheteur_siret, acheteur_siren, acheteur_nom,
        acheteur_categorie, departement, objet, cpv, cpv_motif, nature, procedure, techniques, accord_cadre, innovant,
        plateforme, date_motif, contact_retire, caracteres_detruits
    from staging.decp
    union all by name
    select
        5 as confiance_source, _ligne * 16 as rang_ligne, 'decp_2022' as source, uid, id, acheteur_siret, acheteur_siren,
        acheteur_nom, objet, cpv, cpv_motif, nature, procedure, techniques, accord_cadre, innovant, plateforme, date_motif,
        contact_retire, caracteres_detruits
    from staging.decp_2022
    union all by name
    select
        4 as confiance_source, _ligne * 16 as rang_ligne, 'decp_officiel' as source, uid, id, acheteur_siret, acheteur_siren,
        objet, cpv, cpv_motif, nature, procedure, techniques, accord_cadre, innovant, plateforme, date_motif, contact_retire,
        caracteres_detruits
    from staging.decp_officiel
    union all by name
    select
        3 as confiance_source, _ligne * 16 + list_position(['aife', 'aws', 'emar', 'pes'], plateforme) as rang_ligne,
        'decp_2019' as source, uid, id, acheteur_siret, acheteur_siren, acheteur_nom, objet, cpv, cpv_motif, nature, procedure,
        techniques, accord_cadre, innovant, plateforme, date_motif, contact_retire, caracteres_detruits
    from staging.decp_2019
),

-- One identifier over several objects (lots, or test records): all of them are kept, so that none escapes judgement.
objets as (
    select
        uid,
        string_agg(distinct objet, ' / ' order by objet) as objet
    from lignes
    where uid in (select contrat_cle from par_contrat where objets_differents)
    group by uid
)

select
    c.contrat_cle,
    l.source,
    l.acheteur_siret,
    l.acheteur_siren,
    l.accord_cadre,
    l.plateforme,
    l.departement,
    l.cpv,
    l.acheteur_nom,
    l.acheteur_categorie,
    coalesce(o.objet, l.objet) as objet,
    l.nature,
    l.procedure,
    l.techniques,
    c.montant_motif,
    montant_mesure(c.montant_motif) as montant_nature,
    l.cpv_motif,
    l.date_motif,
    l.contact_retire,
    l.caracteres_detruits,
    coalesce(c.objets_differents, false) as objets_differents,
    l.innovant,
    c.titulaire_siren_morale,
    c.version,
    c.duree_mois,
    c.nb_titulaires,
    c.nb_versions,
    c.nb_lignes,
    c.nb_sources,
    c.montant,
    c.date_notification,
    c.date_derniere_version,
    c.date_publication,
    c._livraison,
    c._ligne
from choisies as c
inner join lignes as l on l.confiance_source = c.confiance_source and l.rang_ligne = c.rang_ligne
left join objets as o on o.uid = c.contrat_cle
