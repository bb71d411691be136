-- One figure, with what is needed to read it without claiming more than its source allows.
select
    indicateur_id,
    code,
    comparabilite_code,
    libelle_fr as libelle,
    definition_fr as definition,
    annee,
    date_reference,
    millesime_geo,
    niveau,
    territoire,
    case when ventilation = '' then '' else ventilation || '=' || modalite end as domaine,
    ventilation,
    modalite,
    valeur,
    unite,
    cast(null as decimal(18, 4)) as ic_bas,
    cast(null as decimal(18, 4)) as ic_haut,
    numerateur,
    n,
    base_fr as base,
    n_non_resolus,
    plan,
    absence,
    case when valeur is null then 'M' else 'A' end as statut_obs,
    cast(null as varchar) as statut_revision,
    'Inventaire non exhaustif : ce chiffre porte sur ce que l''observatoire a documenté et ne mesure pas l''adoption de l''IA.'
    || case
        when n_non_resolus > 0
            then ' Noms d''autorités non reconnus, comptés à part : ' || n_non_resolus || '.'
        else ''
    end as mention
from core.indicateurs
