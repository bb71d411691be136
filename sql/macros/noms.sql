-- Reading the names of authorities. A name is « flat » once lower-cased, without accents, ligatures or punctuation,
-- with « saint » written « st » and « S.D.I.S. » written « sdis ». Keys are flat names without their link words and without spaces.

create or replace macro nom_plat(texte) as
    regexp_replace(
        trim(regexp_replace(
            strip_accents(replace(replace(
                case
                    when contains(texte, '.') then regexp_replace(lower(texte), '\b([a-z])\.', '\1', 'g')
                    else lower(texte)
                end, 'œ', 'oe'
            ), 'æ', 'ae')), '[^a-z0-9]+', ' ', 'g'
        )),
        '\bsaint(e?)\b', 'st\1', 'g'
    );

-- U+FFFD stands where a producer destroyed an accent: such a name is compared on what is left of both names.
create or replace macro nom_troue(texte) as regexp_replace(texte, '[^\x00-\x7F]', ' ', 'g');

-- The legal form that opens a flat name, and what follows it. At most one of the first six fields is not empty.
-- Accents may have been lost as spaces (« communaut », « d partement »).
create or replace macro nom_forme(plat) as
    regexp_extract(
        plat,
        '^(?:'
        || '((?:communau?t(?:es?)?|cte|com(?:mun)?) (?:de |des |d )?(?:communes?|cnes?|coms?|comm|agglom(?:e| )ration|agg(?:l\w*)?|urbaine|intercommunale)'
        || '|c ?c|c ?a|c ?u|cdc|comcom|codecom|cagglo|agglo|agglom(?:e| )ration|(?:euro ?)?m(?:e| )tropole|met|communaut(?:es?)?|cte|epci)'
        || '|((?:ville et )?commune|mairie(?: de la ville| de la commune| d arrondissement)?|ville|hotel de ville|municipalite|com|cne)'
        || '|(conseil d(?:e| )partemental|conseil g(?:e| )n(?:e| )ral|d(?:e| )partement|dep|dept|dpt|cd|cg)'
        || '|(conseil r(?:e| )gional|r(?:e| )gion|reg|cr)'
        || '|(ept|etablissement public territorial)'
        || '|(collectivit(?:e)?(?: territoriale| europeenne| unique)*)'
        || ')((?: .*)?)$',
        ['epci', 'commune', 'departement', 'region', 'ept', 'collectivite', 'reste']
    );

-- « CD33 » and the like: form and number in one word.
create or replace macro nom_numero(plat) as
    regexp_extract(plat, '^(?:cd|cg|dpt|dept|departement|conseil departemental|conseil general|dep)(?: de l| du| de la)? ?(\d[0-9ab]\d?)$', 1);

-- The form of an intercommunalité that closes a name (« Lorient Agglomération »).
create or replace macro nom_finit_en_epci(plat) as
    regexp_matches(
        plat, ' (?:communaut(?:e)?(?: (?:d )?agglom(?: |\w*)\w*| de communes| urbaine)?|agglo|agglom(?: |\w*)ration|(?:euro ?)?m(?:e| )tropole|intercom(?:munalite)?)$'
    );

-- The key of a flat name: link words and spaces removed (all of it when nothing else is left: « Sur », « Les »).
create or replace macro nom_cle(plat) as
    coalesce(
        nullif(replace(regexp_replace(plat, '\b(?:le|la|les|l|de|du|des|d|et|en|sur|s|lez|a|au|aux)\b', '', 'g'), ' ', ''), ''),
        replace(plat, ' ', '')
    );

-- The key of what distinguishes an authority within its form: the words of the form are removed too.
create or replace macro nom_noyau(plat, forme) as
    nom_cle(
        case forme
            when 'epci' then regexp_replace(
                plat,
                '\b(?:communaut(?:es?)?|communes?|cnes?|agglom(?: ration|\w*)|agglo|agglopole|urbaine|(?:euro ?)?m(?:e| )tropole|intercommunalite|intercom|metropolitaine)\b',
                '', 'g'
            )
            when 'ept' then regexp_replace(plat, '\b(?:etablissement|public|territorial|t ?\d+)\b', '', 'g')
            when 'departement' then regexp_replace(
                plat, '\b(?:conseil|d(?:e| )partement(?:al)?|g(?:e| )n(?:e| )ral|region)\b', '', 'g'
            )
            when 'region' then regexp_replace(plat, '\b(?:conseil|r(?:e| )gion(?:al)?)\b', '', 'g')
            when 'collectivite' then regexp_replace(plat, '\b(?:collectivite|territoriale|europeenne|unique)\b', '', 'g')
            else plat
        end
    );

-- The flat name with its article as an official name writes it: « du Havre » is « Le Havre ».
create or replace macro nom_avec_article(plat) as
    case
        when starts_with(plat, 'du ') then 'le ' || substr(plat, 4)
        when starts_with(plat, 'des ') then 'les ' || substr(plat, 5)
        when starts_with(plat, 'de ') then substr(plat, 4)
        when starts_with(plat, 'd ') then substr(plat, 3)
        else plat
    end;

-- Words of accounting or of a department of the authority, which do not change who it is. A closing « mairie » goes too,
-- and « ville » after a single word (« Strasbourg Ville », not « Dambach-la-Ville »).
create or replace macro nom_sans_bruit(plat) as
    regexp_replace(
        trim(regexp_replace(
            plat,
            '^(?:\d+ ?)?budg(?:et)? prin(?:c|cipal)? |(?: (?:\d{4} )?(?:budg(?:et)?(?: (?:prin(?:c|cipal|cip)?|ville|general|communal))?|bp|principal|services? marches? publics?|direction des marches publics|mpa|dce ?\d*|siege|t\d\d?|c[dg]\d\d|20[012]\d|\d{5}))+$',
            ''
        )),
        '^(?:(.*\w{4}) (?:mairie|commune|hotel de ville)|(\w{4,}) ville)$', '\1\2'
    );

-- Département of a French postcode, as a list: Corsica's two are not told apart by it.
create or replace macro departements_du_code_postal(code) as
    case
        when not coalesce(regexp_full_match(code, '\d{5}'), false) then null
        when starts_with(code, '20') then ['2A', '2B']
        when starts_with(code, '97') then [left(code, 3)]
        else [left(code, 2)]
    end;

-- The keys at one deletion of a key, and itself: two keys at one edit (deletion, insertion, substitution or swap of
-- neighbours) always share one (the deletion neighbourhood of SymSpell, W. Garbe, 2012).
create or replace macro nom_suppressions(cle) as
    list_append(
        list_transform(range(1, length(cle) + 1), lambda i: left(cle, i - 1) || substr(cle, i + 1)), cle
    );
