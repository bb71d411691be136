-- Figures from their rows: every value a breakdown may take has its figure, absence is coded and never guessed.
with ventilations as (
    select
        code,
        unnest(ventilations) as ventilation
    from core.definitions
),

-- Only the geography of the figures: a rate never mixes two vintages. Where the register counts more authorities than
-- the reference holds (EPT without a known SIREN), the register's count is the denominator: coverage is a floor.
univers_reference as (
    select
        u.type || ' × ' || u.strate as modalite,
        u.type,
        u.strate,
        greatest(u.nombre, coalesce(u.nombre_registre, 0)) as nombre,
        u.millesime
    from curated.univers as u
    inner join core.millesime_reference as m on m.millesime = u.millesime
),

-- The values a breakdown must show even when nothing was found there.
attendues as (
    select
        v.code,
        v.ventilation,
        l.code as modalite
    from ventilations as v
    inner join core.vocabulaires as l on l.liste = v.ventilation and l.valeur = l.code
    where
        v.ventilation <> 'type_collectivite'
        or v.code not in ('REG-COL', 'REG-COUV')
        or l.code not in ('syndicat', 'autre')
    union
    select
        code,
        ventilation,
        ''
    from ventilations
    where ventilation = ''
    union
    select
        v.code,
        v.ventilation,
        t.code
    from ventilations as v
    inner join core.territoires as t on v.ventilation = 'region' and t.type = 'region'
    union
    select
        v.code,
        v.ventilation,
        u.type || ' × ' || u.strate
    from ventilations as v
    inner join univers_reference as u on v.ventilation = 'type_collectivite × strate'
    union
    select
        code,
        ventilation,
        modalite
    from core.indicateurs_lignes
),

comptes as (
    select
        code,
        ventilation,
        modalite,
        count(*) filter (where retenu) as retenues,
        count(distinct unite_comptee) filter (where retenu) as distincts,
        median(mesure_ligne) filter (where retenu) as mediane,
        cast(sum(mesure_ligne) as bigint) as masse,
        cast(coalesce(sum(mesure_ligne) filter (where retenu), 0) as bigint) as masse_retenue
    from core.indicateurs_lignes
    group by code, ventilation, modalite
),

groupes as (
    select
        code,
        ventilation,
        groupe,
        count(*) as n_groupe
    from core.indicateurs_lignes
    group by code, ventilation, groupe
),

livraison as (
    select max(date_livraison) as date_reference
    from core.livraisons
),

joints as (
    select
        a.code,
        a.ventilation,
        a.modalite,
        d.mesure,
        d.unite,
        d.plan,
        d.comparabilite_code,
        d.libelle_fr,
        d.definition_fr,
        d.base_fr,
        d.ordre,
        coalesce(c.retenues, 0) as retenues,
        coalesce(c.distincts, 0) as distincts,
        c.mediane,
        c.masse,
        c.masse_retenue,
        d.pour,
        case
            when d.mesure <> 'repartition' then a.modalite
            when contains(a.ventilation, ' × ') then split_part(a.modalite, ' × ', 1)
            else ''
        end as groupe,
        u.nombre as univers,
        u.millesime as univers_millesime,
        coalesce(u.type = 'syndicat', false) or d.mesure = 'taux' and c.masse is null as non_couvert,
        list_contains(d.exclues, a.ventilation || '=' || a.modalite) and coalesce(c.retenues, 0) = 0 as exclue,
        m.millesime as millesime_geo,
        l.date_reference,
        case when d.code in ('REG-COL', 'REG-COUV') then coalesce(r.nombre, 0) end as n_non_resolus,
        case when d.code in ('REG-COL', 'REG-COUV') then coalesce(r.non_situes, 0) end as n_non_situes
    from attendues as a
    inner join core.definitions as d on d.code = a.code
    left join comptes as c on c.code = a.code and c.ventilation = a.ventilation and c.modalite = a.modalite
    left join univers_reference as u on d.mesure = 'couverture' and u.modalite = a.modalite
    cross join core.millesime_reference as m
    cross join livraison as l
    left join core.noms_non_resolus as r on r.ventilation = a.ventilation and r.modalite = a.modalite
),

bases as (
    select
        j.*,
        case
            when j.mesure = 'couverture' then j.univers
            when j.mesure = 'taux' then coalesce(j.masse, 0)
            else coalesce(g.n_groupe, 0)
        end as n
    from joints as j
    left join groupes as g on g.code = j.code and g.ventilation = j.ventilation and g.groupe = j.groupe
),

valeurs as (
    select
        *,
        case mesure
            when 'nombre' then retenues
            when 'distincts' then distincts
            when 'repartition' then retenues
            when 'part' then retenues
            when 'couverture' then distincts
            when 'taux' then masse_retenue
        end as numerateur,
        case
            when non_couvert or exclue then null
            when mesure = 'nombre' then cast(retenues as decimal(18, 4))
            when mesure = 'distincts' then cast(distincts as decimal(18, 4))
            when mesure = 'mediane' then cast(mediane as decimal(18, 4))
            when coalesce(n, 0) = 0 then null
            when mesure = 'taux' then cast(round(1.0 * pour * masse_retenue / n, 2) as decimal(18, 4))
            when mesure = 'couverture' then cast(round(100.0 * distincts / n, 2) as decimal(18, 4))
            else cast(round(100.0 * retenues / n, 1) as decimal(18, 4))
        end as valeur
    from bases
)

select
    code || case when ventilation = '' then '' else '/' || ventilation || '=' || modalite end as indicateur_id,
    code,
    comparabilite_code,
    libelle_fr,
    definition_fr,
    base_fr,
    ventilation,
    modalite,
    groupe,
    mesure,
    unite,
    plan,
    case when ventilation = 'region' then 'region' else 'france' end as niveau,
    case when ventilation = 'region' then modalite else 'FR' end as territoire,
    valeur,
    numerateur,
    n,
    n_non_resolus,
    n_non_situes,
    case
        when non_couvert then 'non_couvert'
        when valeur is null then 'sans_objet'
        when valeur = 0 and mesure in ('nombre', 'distincts', 'couverture', 'taux') then 'cherche_non_trouve'
        when valeur = 0 then 'zero'
    end as absence,
    year(date_reference) as annee,
    date_reference,
    millesime_geo,
    ordre
from valeurs
