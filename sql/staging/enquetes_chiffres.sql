-- One figure of one edition of a survey of ours, already protected: a hidden one has no number at all.
with source as (
    select * from raw.enquetes_chiffres
),

typed as (
    select
        s.*,
        nombre_enquete(s.valeur) as valeur_typee,
        nombre_enquete(s.ic_bas) as ic_bas_type,
        nombre_enquete(s.ic_haut) as ic_haut_type,
        nombre_enquete(s.niveau_confiance) as niveau_type,
        nombre_enquete(s.deff) as deff_type,
        entier(s.n) as n_type,
        entier(s.numerateur) as numerateur_type,
        try_cast(s.terrain_debut as date) as terrain_debut_type,
        try_cast(s.terrain_fin as date) as terrain_fin_type,
        try_cast(s.millesime as date) as millesime_type,
        coalesce(s.ventilation, '') as ventilation_dite,
        coalesce(s.modalite, '') as modalite_dite,
        p.code as plan_code,
        a.code as absence_code
    from source as s
    left join core.vocabulaires as p on p.liste = 'plan' and p.valeur = s.plan
    left join core.vocabulaires as a on a.liste = 'absence' and a.valeur = s.absence
),

final as (
    select
        *,
        motifs([
            motif(blanc(enquete), 'enquete', 'vide'),
            motif(blanc(edition), 'edition', 'vide'),
            motif(blanc(indicateur), 'indicateur', 'vide'),
            motif(blanc(comparabilite), 'comparabilite', 'vide'),
            motif(blanc(libelle), 'libelle', 'vide'),
            motif(blanc(definition), 'definition', 'vide'),
            motif(blanc(base), 'base', 'vide : un chiffre dit de qui il parle'),
            motif(blanc(unite), 'unite', 'vide'),
            motif((ventilation_dite = '') <> (modalite_dite = ''), 'modalite', 'ventilation et modalité vont ensemble'),
            motif(nombre_fautif(valeur), 'valeur', cite(valeur) || ' n''est pas un nombre'),
            motif(nombre_fautif(ic_bas), 'ic_bas', cite(ic_bas) || ' n''est pas un nombre'),
            motif(nombre_fautif(ic_haut), 'ic_haut', cite(ic_haut) || ' n''est pas un nombre'),
            motif(nombre_fautif(deff), 'deff', cite(deff) || ' n''est pas un nombre'),
            motif(n is not null and n_type is null, 'n', cite(n) || ' n''est pas un nombre entier'),
            motif(
                numerateur is not null and numerateur_type is null,
                'numerateur', cite(numerateur) || ' n''est pas un nombre entier'
            ),
            motif(coalesce(numerateur_type > n_type, false), 'numerateur', 'supérieur à n'),
            motif(plan_code is null, 'plan', coalesce(cite(plan) || ' inconnu', 'vide')),
            motif(absence is not null and absence_code is null, 'absence', cite(absence) || ' inconnue'),
            motif(valeur is null and absence is null, 'absence', 'vide alors que la valeur est absente'),
            motif(
                absence_code = 'secret' and coalesce(valeur, ic_bas, ic_haut, n, numerateur, deff) is not null,
                'absence', 'un chiffre secret n''a ni valeur ni effectif'
            ),
            motif(
                (ic_bas is null) <> (ic_haut is null)
                or coalesce(not (ic_bas_type <= valeur_typee and valeur_typee <= ic_haut_type), false),
                'ic_bas', 'l''intervalle ne contient pas la valeur'
            ),
            motif(
                ic_bas is not null and coalesce(plan_code not in ('probabilite', 'recensement'), true),
                'ic_bas', 'sans tirage probabiliste, il n''y a pas d''intervalle'
            ),
            motif(terrain_fin_type is null, 'terrain_fin', 'date AAAA-MM-JJ attendue'),
            motif(terrain_debut is not null and terrain_debut_type is null, 'terrain_debut', 'date AAAA-MM-JJ attendue'),
            motif(millesime is not null and millesime_type is null, 'millesime', 'date AAAA-MM-JJ attendue'),
            motif(coalesce(fictif not in ('oui', 'non'), true), 'fictif', 'répondre oui ou non'),
            motif(
                row_number() over (
                    partition by enquete, edition, indicateur, ventilation_dite, modalite_dite order by _ligne
                ) > 1,
                'indicateur', 'chiffre déjà présent'
            )
        ]) as _motifs
    from typed
)

select
    enquete,
    edition,
    indicateur,
    comparabilite,
    libelle,
    definition,
    base,
    ventilation_dite as ventilation,
    modalite_dite as modalite,
    valeur_typee as valeur,
    unite,
    ic_bas_type as ic_bas,
    ic_haut_type as ic_haut,
    niveau_type as niveau_confiance,
    methode,
    n_type as n,
    numerateur_type as numerateur,
    deff_type as deff,
    plan_code as plan,
    absence_code as absence,
    motif,
    terrain_debut_type as terrain_debut,
    terrain_fin_type as terrain_fin,
    millesime_type as millesime,
    fictif = 'oui' as fictif,
    _livraison,
    _ligne,
    _motifs
from final
