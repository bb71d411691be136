-- Traces of other catalogues that will be judged for AI: algorithms, datasets, calls and European notices.
select
    'odap' as source,
    nom || '|' || organisme as cle,
    'cas' as type_candidat,
    organisme as acheteur,
    cast(null as varchar) as siret,
    cast(null as varchar) as siren,
    cast(null as varchar) as territoire_indice,
    nom || coalesce(' / ' || description, '') as objet,
    case when annee is not null then make_date(annee, 1, 1) end as date,
    'annee' as date_precision,
    cast(null as varchar) as cpv,
    cast(null as decimal(18, 2)) as montant,
    cast(null as varchar) as montant_nature,
    cast(null as varchar) as statut_declare,
    url,
    _livraison,
    _ligne
from staging.odap
union all
select
    'datagouv_catalogue' as source,
    id as cle,
    'jeu_de_donnees' as type_candidat,
    organisation as acheteur,
    cast(null as varchar) as siret,
    cast(null as varchar) as siren,
    cast(null as varchar) as territoire_indice,
    titre || coalesce(' / ' || left(description, 1000), '') as objet,
    coalesce(date_maj, date_creation) as date,
    'jour' as date_precision,
    cast(null as varchar) as cpv,
    cast(null as decimal(18, 2)) as montant,
    cast(null as varchar) as montant_nature,
    cast(null as varchar) as statut_declare,
    url,
    _livraison,
    _ligne
from staging.datagouv_catalogue
where not retire
union all
-- A grant offered is a call, never a use; the funder stands in the place of the buyer.
select
    'aides_territoires' as source,
    id as cle,
    'appel' as type_candidat,
    array_to_string(financeurs, ', ') as acheteur,
    cast(null as varchar) as siret,
    cast(null as varchar) as siren,
    cast(null as varchar) as territoire_indice,
    titre || coalesce(' / ' || left(description, 1000), '') as objet,
    coalesce(date_cloture, date_maj) as date,
    'jour' as date_precision,
    cast(null as varchar) as cpv,
    cast(null as decimal(18, 2)) as montant,
    cast(null as varchar) as montant_nature,
    cast(null as varchar) as statut_declare,
    url,
    _livraison,
    _ligne
from staging.aides_territoires
union all
select
    'ted' as source,
    avis as cle,
    'avis' as type_candidat,
    acheteur,
    cast(null as varchar) as siret,
    cast(null as varchar) as siren,
    cast(null as varchar) as territoire_indice,
    objet,
    date_parution as date,
    'jour' as date_precision,
    cpv[1] as cpv,
    cast(null as decimal(18, 2)) as montant,
    cast(null as varchar) as montant_nature,
    cast(null as varchar) as statut_declare,
    url,
    _livraison,
    _ligne
from staging.ted
