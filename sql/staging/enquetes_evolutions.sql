-- One change between two editions of a survey of ours, or the reason why it is refused or hidden.
with source as (
    select * from raw.enquetes_evolutions
),

typed as (
    select
        s.*,
        nombre_enquete(s.valeur_avant) as avant,
        nombre_enquete(s.valeur_apres) as apres,
        nombre_enquete(s.evolution) as ecart,
        nombre_enquete(s.ic_bas) as bas,
        nombre_enquete(s.ic_haut) as haut,
        nombre_enquete(s.niveau_confiance) as niveau,
        entier(s.n_avant) as effectif_avant,
        entier(s.n_apres) as effectif_apres,
        entier(s.n_communes) as effectif_commun,
        coalesce(s.ventilation, '') as ventilation_dite,
        coalesce(s.modalite, '') as modalite_dite,
        p.code as plan_code
    from source as s
    left join core.vocabulaires as p on p.liste = 'plan' and p.valeur = s.plan
),

final as (
    select
        *,
        motifs([
            motif(blanc(enquete), 'enquete', 'vide'),
            motif(blanc(edition_avant), 'edition_avant', 'vide'),
            motif(blanc(edition_apres), 'edition_apres', 'vide'),
            motif(blanc(indicateur), 'indicateur', 'vide'),
            motif(blanc(libelle), 'libelle', 'vide'),
            motif(plan_code is null, 'plan', coalesce(cite(plan) || ' inconnu', 'vide')),
            motif(
                coalesce(statut not in ('calculee', 'refusee', 'secret'), true),
                'statut', coalesce(cite(statut) || ' inconnu', 'vide')
            ),
            motif(statut = 'calculee' and ecart is null, 'evolution', 'absente ou illisible'),
            motif(
                statut <> 'calculee' and coalesce(evolution, ic_bas, ic_haut) is not null,
                'evolution', 'une évolution refusée ou secrète n''a pas de valeur'
            ),
            motif(statut <> 'calculee' and blanc(motif), 'motif', 'vide : un refus s''explique'),
            motif(
                ic_bas is not null and plan_code = 'auto_selection',
                'ic_bas', 'sans tirage probabiliste, il n''y a pas d''intervalle'
            ),
            motif(coalesce(fictif not in ('oui', 'non'), true), 'fictif', 'répondre oui ou non'),
            motif(
                row_number() over (
                    partition by enquete, edition_avant, edition_apres, indicateur, ventilation_dite, modalite_dite
                    order by _ligne
                ) > 1,
                'indicateur', 'évolution déjà présente'
            )
        ]) as _motifs
    from typed
)

select
    enquete,
    edition_avant,
    edition_apres,
    indicateur,
    comparabilite,
    libelle,
    base_avant,
    base_apres,
    ventilation_dite as ventilation,
    modalite_dite as modalite,
    avant as valeur_avant,
    apres as valeur_apres,
    ecart as evolution,
    unite,
    bas as ic_bas,
    haut as ic_haut,
    niveau as niveau_confiance,
    effectif_avant as n_avant,
    effectif_apres as n_apres,
    effectif_commun as n_communes,
    plan_code as plan,
    statut,
    motif,
    fictif = 'oui' as fictif,
    _livraison,
    _ligne,
    _motifs
from final
