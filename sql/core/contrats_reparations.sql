-- What was repaired in contracts and grants, and which of their values were judged unfit, by delivery and by kind. Each
-- source is scanned once, for columns of few values: phrases are made of groups, never of rows.
with groupes as (
    select
        source,
        _livraison,
        date_motif,
        cpv_motif,
        montant_motif,
        acheteur_siren is null as siret_invalide,
        contact_retire,
        caracteres_detruits,
        count(*) as nombre
    from core.contrats_lignes
    group by all
    union all by name
    select
        'fonds_vert' as source,
        _livraison,
        montant_motif,
        siren_motif,
        zero_remis,
        contact_retire,
        count(*) as nombre
    from staging.fonds_vert
    group by all
),

dites as (
    select
        source,
        _livraison,
        nombre,
        unnest([
            case date_motif
                when 'fuseau ou heure retirés' then 'fuseau ou heure retirés de la date'
                else 'date ' || date_motif
            end,
            case cpv_motif
                when 'zéro initial remis' then 'zéro initial du code CPV remis'
                else 'code CPV ' || cpv_motif
            end,
            case montant_motif
                when 'zéro' then 'montant à zéro'
                when 'marché subséquent' then 'montant d''un marché subséquent, déjà dans son accord-cadre'
                when 'plafond d''accord-cadre' then 'montant qui est un plafond d''accord-cadre'
                else 'montant ' || montant_motif
            end,
            case siren_motif
                when 'clé fausse' then 'SIREN à clé fausse, laissé vide'
                when 'SIRET dans la colonne SIREN' then 'SIREN lu dans un SIRET'
                else 'SIREN ' || siren_motif
            end,
            case when siret_invalide then 'SIRET d''acheteur invalide, SIREN laissé vide' end,
            case when zero_remis then 'zéro initial du code commune remis' end,
            case when contact_retire then 'adresse électronique, téléphone ou nom de contact retirés d''un texte' end,
            case when caracteres_detruits then 'caractères détruits dans un texte' end
        ]) as reparation
    from groupes
)

select
    source,
    _livraison as livraison,
    reparation,
    sum(nombre)::bigint as nombre
from dites
where reparation is not null
group by source, _livraison, reparation
