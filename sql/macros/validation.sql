-- Building `_motifs`: each entry is « colonne : raison », and only broken rules leave one.
create or replace macro motif(broken, colonne, raison) as
    case when broken then colonne || ' : ' || raison end;

-- Text that a person writes and that a release publishes names nobody.
create or replace macro motif_contact(texte, colonne) as
    motif(
        contact_retire(sans_contact(texte)),
        colonne, 'contient une adresse électronique, un téléphone ou un nom de contact, et il est publié : l''ôter'
    );

create or replace macro motifs(entries) as
    list_filter(entries, lambda entry: entry is not null)::VARCHAR[];

-- A value as messages quote it: on one line, its beginning only.
create or replace macro cite(texte) as '« ' || left(regexp_replace(texte, '[\s\p{Z}]+', ' ', 'g'), 60) || ' »';

-- Nothing, or nothing but blanks (no-break ones included).
create or replace macro blanc(texte) as coalesce(regexp_full_match(texte, '[\s\p{Z}]*'), true);

-- A whole number, or an amount in euros and cents; a cast alone would round « 2023.7 » and read « 2e3 ».
create or replace macro entier(texte) as
    case when regexp_full_match(texte, '-?[0-9]{1,9}') then cast(texte as integer) end;

create or replace macro montant(texte) as
    case when regexp_full_match(texte, '-?[0-9]{1,15}([.][0-9]{1,2})?') then cast(texte as decimal(18, 2)) end;

-- A date as the register writes it: YYYY, YYYY-MM or YYYY-MM-DD. The day is the first of what is known.
create or replace macro date_partielle(texte) as
    case
        when regexp_full_match(texte, '[0-9]{4}') then try_cast(texte || '-01-01' as date)
        when regexp_full_match(texte, '[0-9]{4}-[0-9]{2}') then try_cast(texte || '-01' as date)
        when regexp_full_match(texte, '[0-9]{4}-[0-9]{2}-[0-9]{2}') then try_cast(texte as date)
    end;

create or replace macro date_precision(texte) as
    case
        when date_partielle(texte) is null then null
        when length(texte) = 4 then 'annee'
        when length(texte) = 7 then 'mois'
        else 'jour'
    end;

create or replace macro booleen(texte) as
    case lower(trim(texte)) when 'true' then true when 'vrai' then true when 'false' then false when 'faux' then false end;

create or replace macro url_valide(texte) as
    coalesce(regexp_full_match(texte, 'https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(:[0-9]+)?([/?#][^\s<>"]*)?'), false);

-- An identifier made of what founds it, short and stable.
create or replace macro identifiant(source, cle) as left(sha256(source || '|' || cle), 16);

-- The host of a web address, without « www. ».
create or replace macro hote(url) as regexp_replace(regexp_extract(lower(url), '^https?://([^/:?#]+)', 1), '^www\.', '');

-- A number as French writes it: a comma, no useless zero.
create or replace macro nombre_francais(nombre) as
    replace(regexp_replace(regexp_replace(cast(nombre as varchar), '(\.[0-9]*?)0+$', '\1'), '\.$', ''), '.', ',');

-- A whole number as French writes it, by groups of three digits parted by a narrow no-break space.
create or replace macro effectif_francais(nombre) as replace(format('{:,}', nombre), ',', chr(8239));

-- A sentence that ends with what is counted: a no-break space before the colon, as French writes it.
create or replace macro phrase_comptee(texte, compte) as texte || chr(160) || ': ' || compte || '.';
