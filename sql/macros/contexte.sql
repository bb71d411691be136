-- Reading the catalogues of others. A text loses its outer and repeated spaces, no-break ones and line ends included.
create or replace macro texte_net(texte) as
    nullif(trim(regexp_replace(texte, '[\s\x{00A0}\x{200B}\x{FEFF}]+', ' ', 'g')), '');

-- A term of a closed list, whatever its case, hyphens and spaces.
create or replace macro terme(texte) as
    trim(regexp_replace(lower(texte), '[\s\x{00A0}_-]+', ' ', 'g'));

-- A day written AAAA-MM-JJ, with or without a time, JJ/MM/AAAA, or as the serial of a spreadsheet (day 1 is 1900-01-01,
-- and spreadsheets count a 29 February 1900: only serials after it, between 1990 and 2100, are read).
create or replace macro jour(texte) as
    case
        when regexp_matches(trim(texte), '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$')
            then try_cast(left(trim(texte), 10) as date)
        when regexp_full_match(trim(texte), '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}')
            then cast(try_strptime(trim(texte), '%d/%m/%Y') as date)
        when regexp_full_match(trim(texte), '[0-9]{5}(\.[0-9]+)?')
            and try_cast(left(trim(texte), 5) as integer) between 32874 and 73415
            then date '1899-12-30' + coalesce(try_cast(left(trim(texte), 5) as integer), 0)
    end;

-- The first web address of a text that may hold several.
create or replace macro premiere_url(texte) as
    nullif(rtrim(regexp_extract(texte, 'https?://[^\s<>"]+'), '.,;)'), '');

-- The text of a piece of HTML.
create or replace macro sans_balises(texte) as
    texte_net(replace(replace(replace(replace(regexp_replace(texte, '<[^>]*>', ' ', 'g'),
        '&nbsp;', ' '), '&amp;', '&'), '&#039;', ''''), '&quot;', '"'));

-- The text of a JSON object of texts by language, each a text or a list of texts; a bare text stands for itself.
create or replace macro dans_une_langue(texte) as
    case
        when left(trim(texte), 1) = '{'
            then coalesce(
                json_extract_string(try_cast(texte as json), '$.fra[0]'), json_extract_string(try_cast(texte as json), '$.fra'),
                json_extract_string(try_cast(texte as json), '$.eng[0]'), json_extract_string(try_cast(texte as json), '$.eng'),
                json_extract_string(try_cast(texte as json), '$.mul[0]'), json_extract_string(try_cast(texte as json), '$.mul')
            )
        when left(trim(texte), 1) = '[' then json_extract_string(try_cast(texte as json), '$[0]')
        else texte
    end;

-- The texts of a JSON list; a bare text stands for a list of one, and NULL for none.
create or replace macro liste_lue(texte) as
    nullif(
        list_filter(
            case
                when left(ltrim(texte), 1) = '[' then try_cast(try_cast(texte as json) as varchar[])
                else [texte_net(texte)]
            end,
            lambda t: t is not null
        ),
        []
    );
