-- Everything that tells of one AI use by one authority, in one shape: the rows of the register, and the candidates judged to
-- be AI whose body is known and whose source may be republished. What is compared to find the traces of the same use.
-- A SIREN that may not be republished still tells that two rows of the register are of one body. `autorites` holds every body
-- that a name joins.
with registre as (
    select
        p.preuve_id as trace_id,
        p.source,
        p.cle_source,
        true as du_registre,
        true as decide,
        p.collectivite as nom,
        coalesce(n.siren, o.siren) as siren,
        coalesce(n.siren, o.siren, autorite_plate(p.collectivite)) as autorite,
        [coalesce(n.siren, o.siren, autorite_plate(p.collectivite))] as autorites,
        nom_plat(p.territoire_indice) as territoire,
        c.theme,
        nullif(c.technique, 'inconnu') as technique,
        c.titre,
        c.description,
        url_page(p.url) as page,
        p.ordre_source,
        p.date,
        p.date_entree
    from core.preuves as p
    inner join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
    left join core.noms_resolus as n on n.nom_id = p.preuve_id
    left join core.organismes_resolus as o on o.nom_id = p.preuve_id
),

-- A name that joins several bodies stands for the first; it is compared with the traces of all of them.
parties as (
    select
        r.nom_id,
        first(n.siren order by r.rang) as siren,
        list(distinct n.siren order by n.siren) as autorites
    from core.noms_reunis as r
    inner join core.noms_resolus as n on n.nom_id = r.partie_id and n.siren is not null
    group by r.nom_id
    having bool_or(r.rang = 1)
),

connus as (
    select siren
    from core.territoires
    where siren is not null
    union
    select siren
    from core.organismes
),

-- « decide »: an analyst said that it is AI; what the rules alone say makes evidence, never a use (docs/decisions/006).
retenus as (
    select
        c.candidat_id as trace_id,
        c.source,
        c.cle as cle_source,
        false as du_registre,
        coalesce(d.detection = 'oui', false) as decide,
        c.acheteur as nom,
        k.siren,
        k.siren as autorite,
        list_sort(list_distinct([k.siren] || coalesce(m.autorites, []))) as autorites,
        nom_plat(c.territoire_indice) as territoire,
        c.theme,
        nullif(c.technique, 'inconnu') as technique,
        case when c.type_candidat = 'cas' then split_part(c.objet, ' / ', 1) else c.objet end as titre,
        case when c.type_candidat = 'cas' then c.objet end as description,
        url_page(c.url) as page,
        2 as ordre_source,
        c.date,
        l.date_reception as date_entree
    from core.candidats as c
    inner join core.livraisons as l on l.source = c.source and l.livraison = c._livraison
    left join core.noms_resolus as n on n.nom_id = c.candidat_id
    left join core.organismes_resolus as o on o.nom_id = c.candidat_id and o.republiee
    left join parties as m on m.nom_id = c.candidat_id and n.siren is null
    inner join connus as k on k.siren = coalesce(c.siren, n.siren, o.siren, m.siren)
    left join core.decisions_usages as d on d.cle = c.source || '|' || c.cle
    where c.decision = 'oui' and c.republiee
),

reunies as (
    select * from registre
    union all
    select * from retenus
)

select
    trace_id,
    source,
    source || '|' || cle_source as cle,
    du_registre,
    decide,
    nom,
    siren,
    autorite,
    autorites,
    territoire,
    theme,
    technique,
    titre,
    description,
    page,
    ordre_source,
    date,
    date_entree
from reunies
