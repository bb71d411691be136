-- The normal form of a text: letters without case nor accents, ligatures undone, everything else than letters and digits
-- one space, one space at both ends. « L’IA » gives « l ia ». A destroyed character (U+FFFD) is read as « e », the letter
-- that bears most accents in French. observatoire/judgement/lexicon.py gives terms the same form.
create or replace macro texte_normalise(texte) as
    ' ' || trim(regexp_replace(
        strip_accents(replace(replace(lower(replace(
            regexp_replace(texte, '[\x{00AD}\x{200B}-\x{200D}\x{2060}\x{FEFF}]', '', 'g'), chr(65533), 'e'
        )), 'œ', 'oe'), 'æ', 'ae')),
        '[^a-z0-9]+', ' ', 'g'
    )) || ' ';

-- An effect that a text declares: a quantity with its unit, beside a word that says something was saved or avoided. The
-- text that says it, then its value and unit. Only the first is read; a quantity alone is no effect.
create or replace macro effet_extrait(texte) as
    nullif(coalesce(
        nullif(regexp_extract(texte, '(?i)[0-9](?:[0-9 \x{00A0}\x{202F}]*[0-9])?(?:[.,][0-9]+)?[ \x{00A0}\x{202F}]?(?:%|m3|m³|[kMGT]?Wh|tonnes?|k€|M€|€|euros?|litres?|hectares?)[^.;0-9]{0,40}?(?:[ée]conomis|[ée]vit|[ée]pargn|en moins|de moins|de gain|d[’'']énergie|de r[ée]duction|de baisse|d[’'']économie|saved|avoided|less|reduction)[[:alpha:]éè]*'), ''),
        regexp_extract(texte, '(?i)(?:r[ée]dui|r[ée]duc|baiss|diminu|abaiss|[ée]conomis|[ée]conomie|[ée]vit|en moins|gagn|gain|reduc|sav(?:ed|ing)|cut)[^.;0-9]{0,60}?[0-9](?:[0-9 \x{00A0}\x{202F}]*[0-9])?(?:[.,][0-9]+)?[ \x{00A0}\x{202F}]?(?:%|m3|m³|[kMGT]?Wh|tonnes?|k€|M€|€|euros?|litres?|hectares?)')
    ), '');

create or replace macro effet_valeur(extrait) as
    try_cast(replace(regexp_replace(regexp_extract(extrait, '[0-9](?:[0-9 \x{00A0}\x{202F}]*[0-9])?(?:[.,][0-9]+)?'), '[ \x{00A0}\x{202F}]', '', 'g'), ',', '.') as decimal(18, 4));

create or replace macro effet_unite(extrait) as
    replace(replace(nullif(regexp_replace(
        regexp_extract(extrait, '(?i)[0-9][ \x{00A0}\x{202F}]?(%|m3|m³|[kMGT]?Wh|tonnes?|k€|M€|€|euros?|litres?|hectares?)', 1), 's$', ''
    ), ''), 'm³', 'm3'), 'euro', '€');
