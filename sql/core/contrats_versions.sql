-- The history of every contract: one row per version that a source knows, whatever the number of suppliers, rows and
-- files that repeat it. `ordre` sorts versions from the least to the most trusted and recent, without ties; its lower half
-- names the record (`enregistrement`). Columns that only tell records apart are numbers: text in them costs as much again.
with lues as not materialized (
    select
        source,
        contrat_cle,
        version,
        actuelle,
        date_notification,
        montant,
        montant_motif,
        duree_mois,
        titulaire_empreinte,
        len(titulaires) as titulaires_ligne,
        hash(objet) as objet_empreinte,
        _livraison,
        _ligne
    from core.contrats_lignes
    where modifications is null
    union all by name
    select
        source,
        contrat_cle,
        version,
        false as actuelle,
        date_notification,
        montant,
        montant_motif,
        duree_mois,
        titulaires_ligne,
        objet_empreinte,
        _livraison,
        _ligne
    from core.contrats_modifications
),

lignes as not materialized (
    select
        l.*,
        v.confiance_source,
        contrat_ordre(
            v.confiance_source, l.actuelle, l.version, l.date_notification, contrat_enregistrement(v.rang, l._ligne)
        ) as ordre
    from lues as l
    -- Every record has its delivery; an inner join would be expected to keep no row, and its side to fit in memory.
    left join core.contrats_livraisons as v on v.source = l.source and v.livraison = l._livraison
),

groupes as materialized (
    select
        contrat_cle,
        confiance_source,
        version,
        date_notification,
        max(ordre) as ordre,
        min(montant) as montant_min,
        max(montant) as montant_max,
        max(montant_motif) as montant_motif,
        max(duree_mois) as duree_mois,
        min(titulaire_empreinte) as titulaire_premier,
        max(titulaire_empreinte) as titulaire_dernier,
        max(titulaires_ligne) as titulaires_ligne,
        count(*) as lignes,
        min(objet_empreinte) as objet_premier,
        max(objet_empreinte) as objet_dernier
    from lignes
    group by contrat_cle, confiance_source, version, date_notification
),

-- Suppliers are counted one by one only where they may be more than two: elsewhere the first and the last tell.
comptes as (
    select
        max(l.ordre) as ordre,
        count(distinct l.titulaire_empreinte) as nb_titulaires
    from lignes as l
    where l.contrat_cle in (
        select g.contrat_cle from groupes as g where g.lignes > 2 and g.titulaire_premier <> g.titulaire_dernier
    )
    group by l.contrat_cle, l.confiance_source, l.version, l.date_notification
)

select
    g.contrat_cle,
    g.confiance_source,
    g.version,
    case when g.montant_min = g.montant_max then g.montant_max end as montant,
    case when g.montant_min <> g.montant_max then 'plusieurs montants' else g.montant_motif end as montant_motif,
    g.duree_mois,
    nullif(
        greatest(
            case
                when c.nb_titulaires is not null then c.nb_titulaires
                when g.titulaire_premier <> g.titulaire_dernier then 2
                when g.titulaire_premier is not null then 1
                else 0
            end,
            coalesce(g.titulaires_ligne, 0)
        ),
        0
    ) as nb_titulaires,
    g.lignes,
    g.objet_premier,
    g.objet_dernier,
    g.date_notification,
    g.ordre
from groupes as g
left join comptes as c on c.ordre = g.ordre
