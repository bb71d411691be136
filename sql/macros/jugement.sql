-- The normal form of a text: letters without case nor accents, ligatures undone, everything else than letters and digits
-- one space, one space at both ends. « L’IA » gives « l ia ». A destroyed character (U+FFFD) is read as « e », the letter
-- that bears most accents in French. observatoire/judgement/lexicon.py gives terms the same form.
create or replace macro texte_normalise(texte) as
    ' ' || trim(regexp_replace(
        strip_accents(replace(replace(lower(translate(
            texte, chr(65533) || chr(173) || chr(8203) || chr(8204) || chr(8205) || chr(8288) || chr(65279), 'e'
        )), 'œ', 'oe'), 'æ', 'ae')),
        '[^a-z0-9]+', ' ', 'g'
    )) || ' ';
