-- Uses with what the definitions of indicators break down by.
with reference as (
    select max(date_livraison) as date_reference
    from core.livraisons
),

preuves_usage as (
    select
        p.usage_id,
        max(p.date) as derniere_preuve,
        coalesce(bool_or(p.type_source = 'primaire'), false) or count(distinct hote(p.url)) >= 2 as atteste,
        bool_or(p.type_source is null) as site_non_classe
    from core.preuves_usages as p
    group by p.usage_id
),

-- Uses whose text two coders at least have read, with the newest codebook; denied when every one of them finds no explicit AI in
-- it, against the register, and no analyst has decided since.
lus as (
    select
        u.usage_id,
        bool_and(c.valeur = 'false' and u.ia_explicite and d.detection is null) as contredit
    from core.codages as c
    inner join core.usages as u on u.source = 'cas_usage' and u.cle_source = c.cle_source
    left join core.decisions_usages as d on d.cle = 'cas_usage|' || c.cle_source
    where c.variable = 'ia_explicite' and c.valeur is not null
        and c.guide = (select max(g.guide) from core.codages as g where g.variable = 'ia_explicite')
    group by u.usage_id
    having count(distinct c.passe) >= 2
),

-- Paris is in the reference as a commune and as a département-level authority: the row of the use's own type is taken.
autorites as (
    select
        t.siren,
        t.type,
        t.strate,
        t.region
    from core.territoires as t
    inner join core.millesime_reference as m on m.millesime = t.millesime
    qualify row_number() over (partition by t.siren, t.type order by t.code) = 1
)

select
    u.usage_id,
    u.projet_id,
    u.siren,
    u.theme,
    u.type_collectivite,
    u.technique,
    u.statut,
    u.programme,
    a.strate,
    a.region,
    u.type_collectivite in ('commune', 'epci', 'ept', 'departement', 'collectivite_statut_particulier', 'region')
        as autorite,
    u.confirme,
    u.finalite_environnementale,
    p.atteste,
    not p.atteste and p.site_non_classe as non_classe,
    l.usage_id is not null as ia_lue,
    coalesce(l.contredit, false) as ia_contredite,
    year(u.date_entree) as annee_entree,
    datesub('month', p.derniere_preuve, r.date_reference) as age_mois,
    datesub('month', u.statut_date, r.date_reference) as statut_age_mois
from core.usages as u
inner join preuves_usage as p on p.usage_id = u.usage_id
cross join reference as r
left join lus as l on l.usage_id = u.usage_id
left join autorites as a on a.siren = u.siren and a.type = u.type_collectivite
