-- Reading territorial codes and figures. A spreadsheet turns « 01004 » into 1004 and « 210100012 » into 210100012.0:
-- as every code of a kind has the same length, what was lost is certain and put back; anything else is left as it is.

create or replace macro sans_decimale(texte) as regexp_replace(trim(texte), '^([0-9]+)\.0+$', '\1');

create or replace macro code_commune(texte) as
    case
        when regexp_full_match(sans_decimale(texte), '[0-9]{4}') then '0' || sans_decimale(texte)
        when regexp_full_match(sans_decimale(texte), '2[ab][0-9]{3}') then upper(sans_decimale(texte))
        else sans_decimale(texte)
    end;

-- Département or région, whose shortest codes have two characters.
create or replace macro code_court(texte) as
    case
        when regexp_full_match(sans_decimale(texte), '[0-9]') then '0' || sans_decimale(texte)
        when regexp_full_match(sans_decimale(texte), '2[ab]') then upper(sans_decimale(texte))
        else sans_decimale(texte)
    end;

create or replace macro est_code_commune(code) as
    coalesce(regexp_full_match(code, '(?:[0-9]{2}|2[AB])[0-9]{3}'), false);

create or replace macro est_departement(code) as
    coalesce(regexp_full_match(code, '0[1-9]|1[0-9]|2[1-9AB]|[3-8][0-9]|9[0-5]|97[1-6]'), false);

-- Nine digits with the right check digit (Luhn's formula, from the right, every second digit doubled).
create or replace macro est_siren(texte) as
    coalesce(
        regexp_full_match(texte, '[0-9]{9}')
        and list_sum(list_transform(
            range(1, 10),
            lambda i: case
                when i % 2 = 1 then try_cast(substr(texte, i, 1) as integer)
                when try_cast(substr(texte, i, 1) as integer) >= 5 then 2 * try_cast(substr(texte, i, 1) as integer) - 9
                else 2 * try_cast(substr(texte, i, 1) as integer)
            end
        )) % 10 = 0,
        false
    );

-- A whole number written « 15 156 », with any kind of space. A cast alone would round « 2023.7 » and read « 2e3 ».
create or replace macro entier_francais(texte) as
    case
        when regexp_full_match(regexp_replace(sans_decimale(texte), '[\s\p{Z}]', '', 'g'), '[0-9]{1,9}')
            then cast(regexp_replace(sans_decimale(texte), '[\s\p{Z}]', '', 'g') as integer)
    end;

-- « 2026 » is the 1st of January 2026.
create or replace macro premier_janvier(annee) as try_cast(annee || '-01-01' as date);

-- What was put back in a code, or NULL when it was read as it stands.
create or replace macro reparation(colonne, recu, lu) as
    case when recu is not null and trim(recu) <> lu then colonne || ' : zéro ou casse perdus par un tableur, remis' end;

-- Strata, labelled as data/register/univers_collectivites.csv labels them. NULL when the population is not known.
create or replace macro strate_commune(population) as
    case
        when population < 3500 then '[0 ; 3 500['
        when population < 10000 then '[3 500 ; 10 000['
        when population < 100000 then '[10 000 ; 100 000['
        when population >= 100000 then '[100 000 ; +['
    end;

-- The particular kind of a département-level authority, by its CTCD code; NULL for a plain département.
create or replace macro nature_ctcd(code) as
    case code
        when '6AE' then 'collectivite_europeenne'
        when '69M' then 'metropole_de_lyon'
        when '75C' then 'ville_de_paris'
        when '20R' then 'collectivite_de_corse'
        when '972R' then 'collectivite_territoriale_unique'
        when '973R' then 'collectivite_territoriale_unique'
        when '976R' then 'departement_mayotte'
        when '976D' then 'departement_mayotte'
    end;

-- What is wrong with an outline: a text that is no polygon, or that holds none.
create or replace macro contour_motifs(forme, parties) as (
    [
        motif(
            coalesce(forme, '') not in ('Polygon', 'MultiPolygon'),
            'geometry', coalesce(cite(forme) || ' n''est pas un polygone', 'vide ou illisible')
        ),
        motif(coalesce(parties, 0) = 0, 'geometry', 'sans coordonnées')
    ]
);
