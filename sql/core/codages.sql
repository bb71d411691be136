-- What each coder said of each case of the register, and what the register says.
with registre as (
    select
        id,
        unnest([
            {'variable': 'theme', 'valeur': theme},
            {'variable': 'statut', 'valeur': statut},
            {'variable': 'ia_explicite', 'valeur': cast(ia_explicite as varchar)},
            {'variable': 'finalite_environnementale', 'valeur': cast(finalite_environnementale as varchar)}
        ], recursive := true)
    from staging.cas_usage
)

select
    c.cle as cle_source,
    p.preuve_id as usage_id,
    c.variable,
    c.passe,
    c.valeur,
    r.valeur as valeur_registre,
    c.codeur,
    c.date,
    c.guide
from staging.codages as c
left join registre as r on r.id = c.cle and r.variable = c.variable
left join core.preuves as p on p.source = 'cas_usage' and p.cle_source = c.cle
