-- Judged candidates, with what analysts decided of them: a decision that stands applies while the rules still say what it
-- expected (decision_tient). A candidate is never a use by itself (docs/decisions/006).
with decidees as (
    select
        j.candidat_id,
        max(d.valeur) filter (d.objet_type = 'detection') as detection,
        max(d.valeur) filter (d.objet_type = 'theme') as theme,
        max(d.valeur) filter (d.objet_type = 'finalite') as finalite,
        max(d.valeur) filter (d.objet_type = 'statut') as statut,
        list(d.decision_id order by d.decision_id) as appliquees
    from core.candidats_juges as j
    inner join core.decisions_confrontees as d
        on d.objet = j.objet_decision and d.retenue
        and d.objet_type in ('detection', 'theme', 'statut', 'finalite')
        and decision_tient(
            d.objet_type,
            d.objet,
            d.valeur_attendue,
            d.valeur,
            case d.objet_type
                when 'detection' then j.decision
                when 'theme' then j.theme
                when 'statut' then j.statut
                else if(j.finalite_environnementale, 'oui', 'non')
            end
        )
    group by j.candidat_id
)

select
    j.candidat_id,
    j.source,
    j.cle,
    j.type_candidat,
    coalesce(d.detection, j.decision) as decision,
    j.decision as decision_automatique,
    coalesce(d.theme, j.theme) as theme,
    if(d.theme is null or d.theme = j.theme, j.themes, [d.theme] || list_filter(j.themes, lambda t: t <> d.theme)) as themes,
    j.technique,
    coalesce(d.statut, j.statut) as statut,
    j.statut_declare,
    j.statut_texte,
    j.acheteur,
    j.siren,
    j.territoire_indice,
    j.objet,
    j.motifs,
    j.effets[1].extrait as effet_extrait,
    j.effets[1].unite as effet_unite,
    j.effets[1].portee as effet_portee,
    j.effets[1].qualificatif as effet_qualificatif,
    j.effets[1].periode as effet_periode,
    j.cpv,
    j.montant_nature,
    j.url,
    j.licence,
    j.date_precision,
    coalesce(d.finalite = 'oui', j.finalite_environnementale) as finalite_environnementale,
    j.republiee,
    d.appliquees as decisions,
    j.score,
    j.effets[1].valeur as effet_valeur,
    j.montant,
    j.date,
    j._livraison,
    j._ligne
from core.candidats_juges as j
left join decidees as d on d.candidat_id = j.candidat_id
