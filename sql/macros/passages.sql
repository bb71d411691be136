-- Time travel between two states of the communes. Both are described by the « lignées » (pieces of territory never cut)
-- that each commune holds; see observatoire/territories/passages.py.

-- What links the communes of `depart` (code, nom, debut, lignee) with those of `arrivee` (code, nom, fin, lignee), both
-- given by the name of a table or of a CTE. `nature` is the movement that explains the difference, whichever way time
-- goes; `part` is the share of the commune of departure, by the population of the pieces, NULL when it cannot be known.
create or replace macro passages_liens(depart, arrivee, etapes := 'core.passages_etapes') as table (
    with cibles as (
        select distinct fin
        from query_table(arrivee)
    ),

    poids as (
        select
            lignee,
            groupe,
            effectif_groupe,
            population_groupe
        from query_table(etapes)
        where rang = 1
    ),

    retablissements as (
        select
            lignee,
            list(valide_du order by valide_du) as dates
        from query_table(etapes)
        where modification = '21'
        group by lignee
    ),

    paires as (
        select
            d.code as code_de,
            d.nom as nom_de,
            d.debut,
            a.code as code_vers,
            a.nom as nom_vers,
            c.fin,
            p.groupe,
            p.effectif_groupe,
            p.population_groupe,
            coalesce(
                len(list_filter(
                    r.dates, lambda jour: jour > least(d.debut, c.fin) and jour <= greatest(d.debut, c.fin)
                )) > 0,
                false
            ) as retablie
        from query_table(depart) as d
        cross join cibles as c
        left join query_table(arrivee) as a on a.lignee = d.lignee and a.fin = c.fin
        left join poids as p on p.lignee = d.lignee
        left join retablissements as r on r.lignee = d.lignee
    ),

    -- The population of a commune of today counts when all its lignées go the same way.
    groupes as (
        select
            code_de,
            nom_de,
            debut,
            code_vers,
            nom_vers,
            fin,
            groupe,
            count(*) as lignees,
            bool_or(retablie) as retablie,
            case when count(*) = min(effectif_groupe) then min(population_groupe) end as population
        from paires
        group by code_de, nom_de, debut, code_vers, nom_vers, fin, groupe
    ),

    liens as (
        select
            code_de,
            nom_de,
            debut,
            code_vers,
            nom_vers,
            fin,
            sum(lignees) as lignees,
            bool_or(retablie) as retablie,
            case when count(*) = count(population) then sum(population) end as population
        from groupes
        group by code_de, nom_de, debut, code_vers, nom_vers, fin
    ),

    departs as (
        select
            code_de,
            debut,
            fin,
            sum(lignees) as lignees,
            case when count(*) = count(population) then sum(population) end as population
        from liens
        group by code_de, debut, fin
    ),

    arrivees as (
        select
            code as code_vers,
            fin,
            count(*) as lignees
        from query_table(arrivee)
        group by code, fin
    )

    select
        l.code_de,
        l.nom_de,
        l.debut,
        l.code_vers,
        l.nom_vers,
        l.fin,
        case
            when l.code_vers is null then 'sans correspondance'
            when l.lignees = d.lignees and l.lignees = a.lignees then
                case
                    when l.code_de = l.code_vers and l.nom_de = l.nom_vers then 'inchangé'
                    when l.code_de = l.code_vers then 'renommé'
                    when left(l.code_de, 2) <> left(l.code_vers, 2) then 'changement de département'
                    else 'changement de code'
                end
            when l.lignees = if(l.debut <= l.fin, d.lignees, a.lignees) then 'fusion'
            when l.retablie then 'rétablissement'
            else 'scission'
        end as nature,
        case
            when l.lignees = d.lignees then 1.0::double
            when d.population > 0 then round(l.population::double / d.population::double, 9)
        end as part,
        l.lignees as lignees
    from liens as l
    inner join departs as d on d.code_de = l.code_de and d.debut = l.debut and d.fin = l.fin
    left join arrivees as a on a.code_vers = l.code_vers and a.fin = l.fin
);

-- Each commune of the date `debut` in the geography of the date `fin` (either may come first).
create or replace macro passages_entre(debut, fin, etapes := 'core.passages_etapes') as table (
    with passages_depart as (
        select
            code,
            nom,
            lignee,
            cast(debut as date) as debut
        from query_table(etapes)
        where coalesce(valide_du <= cast(debut as date), true) and coalesce(valide_au >= cast(debut as date), true)
    ),

    passages_arrivee as (
        select
            code,
            nom,
            lignee,
            cast(fin as date) as fin
        from query_table(etapes)
        where coalesce(valide_du <= cast(fin as date), true) and coalesce(valide_au >= cast(fin as date), true)
    )

    select
        code_de,
        nom_de,
        code_vers,
        nom_vers,
        nature,
        part
    from passages_liens('passages_depart', 'passages_arrivee', etapes)
);

-- Counts or sums by commune of `debut` (the table `valeurs`: code, valeur), by commune of `fin`. What cannot be restated
-- exactly says so: estimated by population, or left empty.
create or replace macro passages_valeurs(
    valeurs, debut, fin, absence_vaut_zero := false, etapes := 'core.passages_etapes'
) as table (
    with donnees as (
        select
            code,
            cast(valeur as double) as valeur
        from query_table(valeurs)
        where valeur is not null
    ),

    passages as (
        select
            code_de,
            code_vers,
            nom_vers,
            part
        from passages_entre(debut, fin, etapes)
    ),

    restitues as (
        select
            p.code_vers as code,
            p.nom_vers as nom,
            list(p.code_de order by p.code_de) as codes_de,
            list(p.code_de order by p.code_de) filter (where v.code is null) as absents,
            list(p.code_de order by p.code_de) filter (where v.valeur <> 0 and p.part is null) as sans_part,
            list(p.code_de order by p.code_de) filter (where v.valeur <> 0 and p.part < 1) as partages,
            count(v.code) as renseignes,
            sum(case when v.valeur = 0 then 0 else v.valeur * p.part end) as valeur
        from passages as p
        left join donnees as v on v.code = p.code_de
        where p.code_vers is not null
        group by p.code_vers, p.nom_vers
    )

    select
        code,
        nom,
        case when sans_part is null and (absents is null or absence_vaut_zero) then round(valeur, 6) end as valeur,
        sans_part is null and partages is null and (absents is null or absence_vaut_zero) as exact,
        case
            when sans_part is not null then 'part inconnue : ' || array_to_string(sans_part, ', ')
            when absents is not null and not absence_vaut_zero then 'sans valeur : ' || array_to_string(absents, ', ')
            when partages is not null then 'estimé selon la population : ' || array_to_string(partages, ', ')
        end as motif,
        codes_de
    from restitues
    where renseignes > 0
    union all
    select
        cast(null as varchar) as code,
        cast(null as varchar) as nom,
        round(v.valeur, 6) as valeur,
        false as exact,
        case
            when p.code_de is null then v.code || ' : code inconnu au ' || strftime(cast(debut as date), '%d/%m/%Y')
            else v.code || ' : sans correspondance au ' || strftime(cast(fin as date), '%d/%m/%Y')
        end as motif,
        [v.code] as codes_de
    from donnees as v
    left join passages as p on p.code_de = v.code
    where p.code_vers is null
);
