-- One figure, with what is needed to read it without claiming more than its source allows: those counted on the register,
-- then those estimated from surveys, one row an edition.
with registre as (
    select
        indicateur_id,
        '' as edition,
        code,
        comparabilite_code,
        libelle_fr as libelle,
        definition_fr as definition,
        cast(null as varchar) as enquete,
        annee,
        date_reference,
        millesime_geo,
        niveau,
        territoire,
        ventilation,
        modalite,
        valeur,
        unite,
        cast(null as decimal(18, 4)) as ic_bas,
        cast(null as decimal(18, 4)) as ic_haut,
        cast(null as decimal(18, 4)) as niveau_confiance,
        cast(null as varchar) as methode,
        cast(null as decimal(18, 4)) as deff,
        numerateur,
        n,
        base_fr as base,
        n_non_resolus,
        plan,
        absence,
        cast(null as varchar) as motif,
        cast(null as varchar) as livraison,
        cast(null as bigint) as ligne,
        if(
            plan = 'recensement',
            'Compte ce que les acheteurs et financeurs publient, jugé sur le seul texte de l''objet : ce qui ne dit pas l''IA n''y est pas.',
            'Inventaire non exhaustif : ce chiffre porte sur ce que l''observatoire a documenté et ne mesure pas l''adoption de l''IA.'
        )
        || case
            when n_non_resolus > 0
                then ' Noms d''autorités non reconnus, comptés à part : ' || n_non_resolus || '.'
            else ''
        end as mention
    from core.indicateurs
),

enquetes as (
    select
        indicateur || '@' || enquete || case when ventilation = '' then '' else '/' || ventilation || '=' || modalite end
            as indicateur_id,
        edition,
        indicateur as code,
        comparabilite as comparabilite_code,
        marque_fictive(fictif) || libelle as libelle,
        definition,
        enquete,
        cast(year(terrain_fin) as integer) as annee,
        terrain_fin as date_reference,
        millesime as millesime_geo,
        'france' as niveau,
        'FR' as territoire,
        ventilation,
        modalite,
        valeur,
        unite,
        ic_bas,
        ic_haut,
        niveau_confiance,
        methode,
        deff,
        numerateur,
        n,
        base,
        cast(null as bigint) as n_non_resolus,
        plan,
        absence,
        motif,
        _livraison as livraison,
        _ligne as ligne,
        marque_fictive(fictif) || mention_enquete(plan, absence, motif) as mention
    from staging.enquetes_chiffres
),

ensemble as (
    select * from registre
    union all by name
    select * from enquetes
)

select
    indicateur_id,
    edition,
    code,
    comparabilite_code,
    libelle,
    definition,
    enquete,
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
    ic_bas,
    ic_haut,
    niveau_confiance,
    methode,
    deff,
    numerateur,
    n,
    base,
    n_non_resolus,
    plan,
    absence,
    motif,
    case when absence = 'secret' then 'Q' when valeur is null then 'M' else 'A' end as statut_obs,
    cast(null as varchar) as statut_revision,
    mention,
    livraison,
    ligne
from ensemble
