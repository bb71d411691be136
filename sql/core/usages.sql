-- One AI use by one authority, founded on its first trace (core.usages_groupes merges the traces of one use). A body outside
-- the reference has a SIREN when a source that may be republished attests it; it stays « hors référence ».
with cas as (
    select
        p.preuve_id as usage_id,
        g.projet_id,
        p.source,
        p.cle_source,
        p.confiance,
        p.date_entree,
        p.date as preuve_date,
        coalesce(n.siren, o.siren) as siren,
        n.siren_statut,
        n.candidats as siren_candidats,
        coalesce(o.regle, n.regle) as siren_regle,
        n.type as type_resolu,
        c.collectivite,
        c.type_canonique,
        c.departement_ou_region,
        c.titre,
        c.description,
        coalesce(d.theme, c.theme) as theme,
        c.technique,
        coalesce(d.statut, c.statut) as statut,
        c.annee,
        coalesce(c.annee_type, case when c.annee is not null then 'inconnue' end) as annee_type,
        c.montant_eur,
        coalesce(c.montant_nature, case when c.montant_eur is not null then 'inconnue' end) as montant_nature,
        c.programme,
        c.nature,
        coalesce(d.finalite = 'oui', c.finalite_environnementale) as finalite_environnementale,
        coalesce(if(d.detection = 'à examiner', null, d.detection = 'oui'), c.ia_explicite) as ia_explicite,
        d.contestation,
        d.contestation_etat,
        d.contestation_date,
        greatest(p.date, d.statut_date) as statut_date,
        list_sort(list_concat(d.decisions, if(n.decision_id is null, [], [n.decision_id]))) as decisions
    from core.preuves as p
    inner join core.usages_groupes as g on g.trace_id = p.preuve_id and g.usage_id = p.preuve_id
    inner join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
    left join core.noms_resolus as n on n.nom_id = p.preuve_id
    left join core.organismes_resolus as o on o.nom_id = p.preuve_id and o.siren is not null and o.republiee
    left join core.decisions_usages as d on d.cle = p.source || '|' || p.cle_source
),

-- An authority that the reference holds under two types (Paris: commune and département) keeps the register's type.
types as (
    select
        c.usage_id,
        bool_or(t.type = c.type_canonique) as type_du_registre
    from cas as c
    inner join core.territoires as t on t.siren = c.siren
    group by c.usage_id
),

exclusions as (
    select
        usage_id,
        list_filter(
            [
                case when nature <> 'usage' then 'nature : ' || nature end,
                case when not ia_explicite then 'IA non explicite' end,
                case when statut in ('idee', 'prevu') then 'statut : ' || statut end,
                case when contestation_etat = 'retiree' then 'droit de réponse : usage écarté' end
            ],
            lambda m: m is not null
        ) as motifs_exclusion
    from cas
),

final as (
    select
        c.*,
        len(e.motifs_exclusion) = 0 as confirme,
        nullif(array_to_string(e.motifs_exclusion, ' ; '), '') as motif_exclusion,
        case when t.type_du_registre then c.type_canonique else coalesce(c.type_resolu, c.type_canonique) end
            as type_collectivite
    from cas as c
    inner join exclusions as e on e.usage_id = c.usage_id
    left join types as t on t.usage_id = c.usage_id
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
    technique,
    statut,
    annee_type,
    montant_nature,
    programme,
    nature,
    motif_exclusion,
    confiance,
    contestation,
    contestation_etat,
    decisions,
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
