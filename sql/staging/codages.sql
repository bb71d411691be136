-- What one coder said of one variable of one case of the register. An empty value: nothing applies.
with source as (
    select * from raw.codages
),

listes as (
    select
        liste,
        valeur,
        code
    from core.vocabulaires
),

typed as (
    select
        s.*,
        try_cast(s.date as date) as date_typee,
        row_number() over (partition by s.cle, s.variable, s.passe, s.guide order by s._ligne) as rang
    from source as s
),

final as (
    select
        t.cle,
        t.variable,
        t.passe,
        t.valeur,
        t.codeur,
        t.guide,
        t.date_typee as date,
        t._livraison,
        t._ligne,
        motifs([
            motif(blanc(t.cle), 'cle', 'vide'),
            motif(
                coalesce(t.variable, '') not in ('ia_explicite', 'theme', 'finalite_environnementale', 'statut'),
                'variable', coalesce(cite(t.variable) || ' inconnue', 'vide')
            ),
            motif(blanc(t.passe), 'passe', 'vide'),
            motif(t.rang > 1, 'passe', cite(t.passe) || ' déjà codée pour ce cas'),
            motif(
                t.valeur is not null and case
                    when t.variable in ('theme', 'statut') then va.code is null
                    else booleen(t.valeur) is null
                end,
                'valeur', cite(t.valeur) || ' inconnue'
            ),
            motif(blanc(t.codeur), 'codeur', 'vide'),
            motif(blanc(t.guide), 'guide', 'vide : un codage suit une version du guide'),
            motif(
                t.date_typee is null, 'date', coalesce(cite(t.date) || ' n''est pas une date (AAAA-MM-JJ)', 'vide')
            )
        ]) as _motifs
    from typed as t
    left join listes as va on va.liste = t.variable and va.valeur = t.valeur
)

select
    cle,
    variable,
    passe,
    valeur,
    codeur,
    guide,
    date,
    _livraison,
    _ligne,
    _motifs
from final
