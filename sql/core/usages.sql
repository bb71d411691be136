-- One AI use by one authority, founded on its first trace (core.usages_groupes merges the traces of one use). A body outside
-- the reference has a SIREN when a source that may be republished attests it; it stays « hors référence ».
with registre as (
    select
        p.preuve_id as trace_id,
        p.source,
        p.cle_source,
        p.confiance,
        p.date as preuve_date,
        c.collectivite,
        c.type_canonique,
        c.departement_ou_region,
        c.titre,
        c.description,
        coalesce(d.theme, c.theme) as theme,
        [coalesce(d.theme, c.theme)] as themes,
        c.technique,
        coalesce(d.statut, c.statut) as statut,
        c.annee,
        coalesce(c.annee_type, case when c.annee is not null then 'inconnue' end) as annee_type,
        c.montant_eur,
        coalesce(c.montant_nature, case when c.montant_eur is not null then 'inconnue' end) as montant_nature,
        c.programme,
        c.fournisseur,
        c.solution,
        c.date_debut,
        c.date_debut_precision,
        c.date_fin,
        c.date_fin_precision,
        c.nature,
        coalesce(d.finalite = 'oui', c.finalite_environnementale) as finalite_environnementale,
        coalesce(d.detection = 'oui', c.ia_explicite) as ia_explicite,
        e.effets[1].valeur as effet_valeur,
        e.effets[1].unite as effet_unite,
        e.effets[1].portee as effet_portee,
        e.effets[1].qualificatif as effet_qualificatif,
        e.effets[1].periode as effet_periode,
        e.effets[1].extrait as effet_extrait,
        case when e.cle is not null then coalesce(c.source_titre, hote(c.source_url)) end as effet_source,
        d.contestation,
        d.contestation_etat,
        d.contestation_date,
        greatest(p.date, d.statut_date) as statut_date,
        d.decisions
    from core.preuves as p
    inner join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
    left join core.registre_effets as e on e.cle = c.id
    left join core.decisions_usages as d on d.cle = p.source || '|' || p.cle_source
),

-- A candidate that an analyst confirmed and that no row of the register describes.
retenus as (
    select
        c.candidat_id as trace_id,
        c.source,
        c.cle as cle_source,
        cast(null as varchar) as confiance,
        c.date as preuve_date,
        c.acheteur as collectivite,
        'autre' as type_canonique,
        c.territoire_indice as departement_ou_region,
        t.titre,
        t.description,
        c.theme,
        c.themes,
        c.technique,
        c.statut,
        coalesce(x.annee_debut, year(c.date)) as annee,
        case when x.annee_debut is not null then 'enoncee' when c.date is not null then 'source' end as annee_type,
        c.montant as montant_eur,
        case when c.montant is not null then coalesce(c.montant_nature, 'inconnue') end as montant_nature,
        cast(null as varchar) as programme,
        cast(null as varchar) as fournisseur,
        cast(null as varchar) as solution,
        make_date(x.annee_debut, 1, 1) as date_debut,
        case when x.annee_debut is not null then 'annee' end as date_debut_precision,
        make_date(x.annee_fin, 1, 1) as date_fin,
        case when x.annee_fin is not null then 'annee' end as date_fin_precision,
        'usage' as nature,
        c.finalite_environnementale,
        true as ia_explicite,
        c.effet_valeur,
        c.effet_unite,
        c.effet_portee,
        c.effet_qualificatif,
        c.effet_periode,
        c.effet_extrait,
        case when c.effet_valeur is not null then s.titre end as effet_source,
        d.contestation,
        d.contestation_etat,
        d.contestation_date,
        greatest(c.date, d.statut_date) as statut_date,
        c.decisions
    from core.candidats as c
    inner join core.traces as t on t.trace_id = c.candidat_id and t.decide
    inner join core.sources as s on s.source = c.source
    left join core.contexte_europe as x on x.source = c.source and x.cle_source = c.cle
    left join core.decisions_usages as d on d.cle = c.source || '|' || c.cle
),

decrits as (
    select * from registre
    union all
    select * from retenus
),

-- Decisions on a pair of traces that apply: the same use, the same project, two uses.
paires as (
    select
        u.usage_id,
        list(d.decision_id order by d.decision_id) as decisions
    from core.usages_decisions as u
    inner join core.decisions_confrontees as d on d.decision_id = u.decision_id
    inner join core.decisions_fusions as f on f.objet = d.objet
    where d.objet_type = 'fusion' and d.retenue and f.valeur is not distinct from d.valeur_attendue
    group by u.usage_id
),

cas as (
    select
        g.usage_id,
        g.projet_id,
        e.date_entree,
        r.* exclude (decisions),
        coalesce(n.siren, o.siren, if(t.du_registre, null, t.siren)) as siren,
        if(n.siren is not null or t.du_registre or t.siren is null, n.siren_statut, null) as statut_du_nom,
        n.candidats as siren_candidats,
        case
            when o.regle is not null then o.regle
            when n.siren is null and not t.du_registre and len(t.autorites) > 1 then 'premier des organismes que le nom réunit'
            else coalesce(n.regle, 'déclaré par la source')
        end as siren_regle,
        n.type as type_resolu,
        list_sort(list_distinct(coalesce(r.decisions, []) || [n.decision_id] || coalesce(p.decisions, []))) as decisions
    from core.usages_groupes as g
    inner join core.traces as e on e.trace_id = g.usage_id
    inner join decrits as r on r.trace_id = g.descriptif_id
    inner join core.traces as t on t.trace_id = g.descriptif_id
    left join core.noms_resolus as n on n.nom_id = g.descriptif_id
    left join core.organismes_resolus as o on o.nom_id = g.descriptif_id and o.siren is not null and o.republiee
    left join paires as p on p.usage_id = g.usage_id
    where g.trace_id = g.usage_id
),

-- An authority that the reference holds under two types (Paris: commune and département) keeps the register's type.
types as (
    select
        c.usage_id,
        bool_or(t.type = c.type_canonique) as type_du_registre,
        min(t.type) as type_du_siren
    from cas as c
    inner join core.territoires as t on t.siren = c.siren
    group by c.usage_id
),

-- Where the reference puts an authority: in its département when it is of one, else in its région.
lieux as (
    select
        t.siren,
        min(coalesce(d.nom, r.nom)) as nom
    from core.territoires as t
    left join core.territoires as d
        on d.type = 'departement' and d.departements = t.departements and d.millesime = t.millesime
        and t.type not in ('region', 'collectivite_statut_particulier')
    left join core.territoires as r on r.type = 'region' and r.code = t.region and r.millesime = t.millesime
    inner join core.millesime_reference as m on m.millesime = t.millesime
    where t.siren is not null
    group by t.siren
),

exclusions as (
    select
        c.usage_id,
        list_filter(
            [
                case when c.nature <> 'usage' then 'nature : ' || lower(n.fr[1]) || n.fr[2:] end,
                case when not c.ia_explicite then 'IA non explicite' end,
                case when c.statut in ('idee', 'prevu') then 'statut : ' || lower(s.fr[1]) || s.fr[2:] end,
                case when c.contestation_etat = 'retiree' then 'droit de réponse : usage écarté' end
            ],
            lambda m: m is not null
        ) as motifs_exclusion
    from cas as c
    left join core.vocabulaires as n on n.liste = 'nature' and n.valeur = c.nature
    left join core.vocabulaires as s on s.liste = 'statut' and s.valeur = c.statut
),

final as (
    select
        c.* replace (
            if(c.source = 'cas_usage', c.departement_ou_region, coalesce(l.nom, c.departement_ou_region)) as departement_ou_region
        ),
        len(e.motifs_exclusion) = 0 as confirme,
        nullif(array_to_string(e.motifs_exclusion, ' ; '), '') as motif_exclusion,
        coalesce(c.statut_du_nom, if(t.usage_id is null, 'hors référence', 'résolu')) as siren_statut,
        case
            when t.type_du_registre then c.type_canonique
            else coalesce(c.type_resolu, if(c.source = 'cas_usage', null, t.type_du_siren), c.type_canonique)
        end as type_collectivite
    from cas as c
    inner join exclusions as e on e.usage_id = c.usage_id
    left join types as t on t.usage_id = c.usage_id
    left join lieux as l on l.siren = c.siren
)

select
    usage_id,
    projet_id,
    siren,
    siren_statut,
    siren_candidats,
    siren_regle,
    source,
    cle_source,
    collectivite,
    type_collectivite,
    departement_ou_region,
    titre,
    description,
    theme,
    themes,
    technique,
    statut,
    annee_type,
    montant_nature,
    programme,
    fournisseur,
    solution,
    date_debut,
    date_debut_precision,
    date_fin,
    date_fin_precision,
    nature,
    motif_exclusion,
    confiance,
    contestation,
    contestation_etat,
    decisions,
    effet_unite,
    effet_portee,
    effet_qualificatif,
    effet_periode,
    effet_extrait,
    effet_source,
    effet_valeur,
    finalite_environnementale,
    ia_explicite,
    confirme,
    annee,
    montant_eur,
    statut_date,
    preuve_date as date_verification,
    contestation_date,
    date_entree
from final
