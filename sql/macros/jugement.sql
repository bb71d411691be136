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
