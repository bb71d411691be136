-- Reading contracts, notices and grants. A value is repaired only when one reading is possible; the rest is left empty
-- and the reason is kept beside it, so that it can be counted.

-- « CDL » (champ non renseigné), « NC », « nan » and « NULL » are ways of writing nothing. DuckDB turns an IN of more than
-- five constants into a join, run for every row whether its result is read or not: lists stay short, the length decides first.
create or replace macro renseigne(texte) as
    case
        when strlen(trim(texte)) > 4
            or upper(trim(texte)) not in ('', 'CDL', 'NC', 'NAN') and upper(trim(texte)) not in ('NULL', 'NONE', '#')
            then trim(texte)
    end;

-- Spaces and tabs inside an identifier are typing; they never carry meaning.
create or replace macro identifiant_compact(texte) as
    case
        when regexp_full_match(texte, '[0-9]+') then texte
        else renseigne(regexp_replace(texte, '\s', '', 'g'))
    end;

-- Luhn's formula over 14 digits, in whole numbers: eight times faster than over text. With q = nombre // 10^rang, a digit
-- is q modulo 10; doubled, its digits add up to 2q + (digit >= 5) modulo 10, and (digit >= 5) = (nombre // 5·10^rang) % 2.
create or replace macro cle_de_luhn(nombre) as (
    nombre + nombre // 100 + nombre // 10000 + nombre // 1000000 + nombre // 100000000 + nombre // 10000000000
    + nombre // 1000000000000
    + 2 * (
        nombre // 10 + nombre // 1000 + nombre // 100000 + nombre // 10000000 + nombre // 1000000000
        + nombre // 100000000000 + nombre // 10000000000000
    )
    + (nombre // 50) % 2 + (nombre // 5000) % 2 + (nombre // 500000) % 2 + (nombre // 50000000) % 2
    + (nombre // 5000000000) % 2 + (nombre // 500000000000) % 2 + (nombre // 50000000000000) % 2
) % 10;

create or replace macro somme_des_chiffres(texte) as
    list_sum(list_transform(range(1, length(texte) + 1), lambda i: try_cast(substr(texte, i, 1) as integer)));

-- The number written, when there are exactly 14 digits (SIRET), or either 9 (SIREN) or 14. These stand first in every
-- condition below: DuckDB shares the conversion between the terms of Luhn's formula only where it is not conditional.
create or replace macro nombre_siret(texte) as case when regexp_full_match(texte, '[0-9]{14}') then try_cast(texte as bigint) end;

create or replace macro nombre_siren_ou_siret(texte) as
    case when regexp_full_match(texte, '[0-9]{9}(?:[0-9]{5})?') then try_cast(texte as bigint) end;

-- The establishments of La Poste (SIREN 356 000 000): the sum of their digits is a multiple of 5 (INSEE, SIRENE).
create or replace macro est_siret_la_poste(texte) as
    starts_with(texte, '356000000') and regexp_full_match(texte, '[0-9]{14}') and somme_des_chiffres(texte) % 5 = 0;

-- A SIRET: 14 digits, not all zero, with Luhn's check digit, or La Poste's.
create or replace macro est_siret(texte) as
    coalesce(
        cle_de_luhn(nombre_siret(texte)) = 0 and texte <> '00000000000000' or est_siret_la_poste(texte), false
    );

-- The SIREN that a field holds for certain, written alone or inside a SIRET; NULL when its check digit fails.
create or replace macro siren_certain(texte) as
    case
        when cle_de_luhn(nombre_siren_ou_siret(texte)) = 0 then nullif(left(texte, 9), '000000000')
        when est_siret_la_poste(texte) then left(texte, 9)
    end;

-- The SIREN of a public body begins with 1 or 2. Any other may be a sole trader's.
create or replace macro est_siren_public(siren) as left(siren, 1) in ('1', '2');

-- CPV of 8 digits, with or without its check digit; a spreadsheet drops the leading zero of divisions 03 and 09.
create or replace macro cpv_huit(texte) as
    case
        when regexp_full_match(texte, '[0-9]{8}') then texte
        when regexp_full_match(trim(texte), '[0-9]{8}(?:-[0-9])?') then left(trim(texte), 8)
        when regexp_full_match(trim(texte), '[39][0-9]{6}(?:-[0-9])?') then '0' || left(trim(texte), 7)
    end;

create or replace macro cpv_motif(texte) as
    case
        when renseigne(texte) is null then 'absent'
        when cpv_huit(texte) is null then 'illisible'
        when length(split_part(trim(texte), '-', 1)) = 7 then 'zéro initial remis'
    end;

-- A date with a time zone or an hour is that date. « 0218-10-29 » may be 2018 or 2118: it is not a date.
create or replace macro date_marche(texte) as
    case
        when try_cast(left(texte, 10) as date) between date '1990-01-01' and date '2099-12-31'
            and regexp_full_match(texte, '[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:.*|Z|[+-][0-9]{2}:?[0-9]{2})?')
            then try_cast(left(texte, 10) as date)
    end;

create or replace macro date_motif(texte) as
    case
        when renseigne(texte) is null then 'absente'
        when date_marche(trim(texte)) is null then 'illisible'
        when length(trim(texte)) > 10 then 'fuseau ou heure retirés'
    end;

-- Award dates that mean « not known » in the sources.
create or replace macro sans_date_sentinelle(jour) as
    case when jour not in (date '1970-01-01', date '2000-01-01') then jour end;

create or replace macro montant_lu(texte) as try_cast(texte as decimal(18, 2));

-- « 21 667,00 € », with any kind of space.
create or replace macro montant_francais(texte) as
    try_cast(replace(regexp_replace(texte, '[ \x{00A0}\x{202F}\x{2009}€]', '', 'g'), ',', '.') as decimal(18, 2));

-- Numbers typed to fill a field: one digit repeated, the digits in a row, and the ones seen in the sources.
create or replace macro montant_sentinelle(montant) as
    coalesce(
        list_contains(
            [
                12311111111, 123456.78, 1234567.89, 12345678.9, 123456.22, 987654.32, 9876543.21,
                1111111, 9999999, 11111111, 99999999, 111111111, 999999999, 1111111111, 9999999999, 99999999999,
                999999.99, 9999999.99, 99999999.99, 999999999.99, 1234567, 12345678, 123456789, 1234567890
            ]::decimal(18, 2)[],
            montant::decimal(18, 2)
        ),
        false
    );

-- Why an amount cannot be added to others, worst first; NULL when it can. Five billion euros is above every French
-- contract known to the sources.
create or replace macro montant_motif(texte, montant, nature, techniques) as
    case
        when renseigne(texte) is null then 'absent'
        when try_cast(texte as double) is null then 'illisible'
        when montant is null or montant > 5000000000 and not montant_sentinelle(montant) then 'absurde'
        when montant_sentinelle(montant) then 'sentinelle'
        when montant = 0 then 'zéro'
        when montant < 0 then 'négatif'
        when montant <= 1 then 'symbolique'
        when nature ilike '%subs%quent%' then 'marché subséquent'
        when nature ilike '%accord-cadre%' or techniques ilike '%accord-cadre%' then 'plafond d''accord-cadre'
    end;

-- What an amount measures, in the words of the vocabulary « montant_nature ».
create or replace macro montant_mesure(motif) as
    case when motif is null then 'cout_total' when motif in ('plafond d''accord-cadre', 'marché subséquent') then 'plafond' end;

create or replace macro duree_lue(texte) as
    case when try_cast(texte as integer) between 0 and 1200 then try_cast(texte as integer) end;

-- U+FFFD: characters destroyed before the file reached us.
create or replace macro caracteres_detruits(texte) as coalesce(contains(texte, '�'), false);

-- The letters and digits of a text, without accents or destroyed characters: what two platforms write alike.
create or replace macro texte_compact(texte) as
    regexp_replace(strip_accents(lower(texte)), '[^a-z0-9]', '', 'g');

-- What tells two suppliers of a contract apart, from the JSON of the formats of 2022 (« titulaire » or
-- « concessionnaire » around each, or not, one object where XML has a single child): a hash, as some identifiers are
-- names (« HORS-UE »).
create or replace macro identifiants_titulaires(texte) as
    list_sort(list_distinct(list_transform(
        regexp_extract_all(texte, '"id"\s*:\s*"?\s*([^",}]+)', 1), lambda t: hash(trim(t))
    )));

-- The modifications of a contract as a list of JSON objects: « [{"modification": {…}}] » in JSON, bare objects in older
-- files, « {"modification": {…} } » or a list under that name in XML.
create or replace macro modifications_lues(texte) as
    case
        when not coalesce(json_valid(texte), false) then []::json[]
        when json_type(texte) = 'ARRAY'
            then list_transform(
                json_extract(texte, '$[*]'), lambda m: coalesce(json_extract(m, '$.modification'), m)
            )
        when json_type(texte, '$.modification') = 'ARRAY' then json_extract(texte, '$.modification[*]')
        when json_type(texte, '$.modification') = 'OBJECT' then [json_extract(texte, '$.modification')]
        else []::json[]
    end;

-- A record among all deliveries of contracts, as one whole number: the rank of its delivery, then its own.
create or replace macro contrat_enregistrement(rang, ligne) as (rang::bigint << 40) | ligne::bigint;

-- Versions of one contract from the least to the most trusted and recent: trust in the source, declared as current,
-- number of the version, date; the record in the lower half leaves no ties.
create or replace macro contrat_ordre(confiance, actuelle, version, jour, enregistrement) as (
    (
        (confiance::bigint << 44)
        | (actuelle::bigint << 43)
        | (least(greatest(version + 1, 0), 16777215)::bigint << 16)
        | coalesce(greatest(jour - date '1989-12-31', 0), 0)::bigint
    )::hugeint << 64
) | enregistrement;

create or replace macro contrat_enregistrement_de(ordre) as (ordre & 9223372036854775807)::bigint;
