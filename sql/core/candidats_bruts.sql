-- A view. Everything that will be judged for AI, in one shape, whatever its source. A new source adds one step here and one line
-- to the union. A record without an object cannot be judged and is not here. `statut_declare` is the status that a column of the
-- source states, in our codes; empty where it states none.
with marches as (
    select
        c.source,
        c.contrat_cle as cle,
        'marche' as type_candidat,
        c.acheteur_nom as acheteur,
        case when est_siret(c.acheteur_siret) then c.acheteur_siret end as siret,
        c.acheteur_siren as siren,
        c.departement as territoire_indice,
        c.objet,
        c.date_notification as date,
        'jour' as date_precision,
        c.cpv,
        case when c.montant_motif is null or c.montant_nature = 'plafond' then c.montant end as montant,
        c.montant_nature,
        cast(null as varchar) as statut_declare,
        cast(null as varchar) as url,
        c._livraison,
        c._ligne
    from core.contrats as c
    where c.objet is not null and c.contrat_cle not in (select d.contrat_cle from core.contrats_doublons as d)
),

avis as (
    select
        'boamp' as source,
        avis as cle,
        'avis' as type_candidat,
        acheteur_nom as acheteur,
        cast(null as varchar) as siret,
        cast(null as varchar) as siren,
        departements[1] as territoire_indice,
        objet || coalesce(' / ' || array_to_string(descripteurs_libelles, ', '), '') as objet,
        date_parution as date,
        'jour' as date_precision,
        cast(null as varchar) as cpv,
        cast(null as decimal(18, 2)) as montant,
        cast(null as varchar) as montant_nature,
        cast(null as varchar) as statut_declare,
        url,
        _livraison,
        _ligne
    from staging.boamp
),

aides as (
    select
        source,
        aide_cle as cle,
        'aide' as type_candidat,
        beneficiaire_public as acheteur,
        cast(null as varchar) as siret,
        case when est_siren_public(siren) then siren end as siren,
        departement as territoire_indice,
        projet as objet,
        make_date(annee, 1, 1) as date,
        'annee' as date_precision,
        cast(null as varchar) as cpv,
        cast(montant as decimal(18, 2)) as montant,
        case when montant is not null then 'subvention' end as montant_nature,
        cast(null as varchar) as statut_declare,
        cast(null as varchar) as url,
        _livraison,
        _ligne
    from core.aides_projets
),

-- French cases of another inventory: waiting for judgement and merging, not uses of their own.
cas as (
    select
        source,
        cle,
        'cas' as type_candidat,
        organisme as acheteur,
        cast(null as varchar) as siret,
        cast(null as varchar) as siren,
        cast(null as varchar) as territoire_indice,
        titre || coalesce(' / ' || description, '') as objet,
        date,
        'jour' as date_precision,
        cast(null as varchar) as cpv,
        cast(null as decimal(18, 2)) as montant,
        cast(null as varchar) as montant_nature,
        nullif(statut, 'inconnu') as statut_declare,
        url,
        _livraison,
        _ligne
    from core.pstw_france
),

reunis as (
    select * from marches
    union all
    select * from avis
    union all
    select * from aides
    union all
    select * from cas
    union all
    select * from core.contexte_traces
)

select
    identifiant(r.source, r.cle) as candidat_id,
    r.source,
    r.cle,
    r.type_candidat,
    r.acheteur,
    r.siret,
    r.siren,
    r.territoire_indice,
    r.objet,
    r.cpv,
    r.montant_nature,
    r.statut_declare,
    r.url,
    s.licence,
    s.republiee,
    r.montant,
    r.date,
    case when r.date is not null then r.date_precision end as date_precision,
    r._livraison,
    r._ligne
from reunis as r
inner join core.sources as s on s.source = r.source
