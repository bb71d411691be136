-- The name of a French authority as an inventory in English writes it, put in the French form that names are resolved from:
-- « City of Paris », « Noisy-le-Grand Municipality », « Île-de-France Regional Council », « Var Department in Southern France ».
create or replace macro nom_francise(nom) as
    trim(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
        regexp_replace(
            nom, '(?i)^greater\s+(.*)$', 'Grand \1'
        ), '(?i)^(?:the )?(?:city|town|municipality) of\s+(.*)$', 'Ville de \1'
        ), '(?i)^(.*?)\s+(?:municipality|city hall|city council|town hall|town council)$', 'Ville de \1'
        ), '(?i)^(?:the )?(?:region(?:al council)? of\s+(.*)|(.*?)\s+region(?:al counci?l?)?)$', 'Région \1\2'
        ), '(?i)^(?:the )?(?:department(?:al council)? of\s+(.*)|(.*?)\s+department(?:al council)?)(?:\s+in .*)?$', 'Département \1\2'
        ), '(?i)^(?:the )?(?:(.*?)\s+european metropol(?:e|is)|european metropol(?:e|is) of\s+(.*))$', 'Métropole européenne de \1\2'
        ), '(?i)^(?:the )?(euro)?(?:metropol(?:e|is) of\s+(.*)|(.*?)\s+metropolis)$', '\1Métropole de \2\3'
        ), '(?i)^(?:the )?(?:urban community of\s+(.*)|(.*?)\s+urban community)$', 'Communauté urbaine de \1\2'
        ), '(?i)^(?:the )?(?:(?:agglomeration community|community of agglomeration) of\s+(.*)|(.*?)\s+agglomeration community)$', 'Communauté d''agglomération de \1\2'
        ), '\s+', ' ', 'g'
        )
    );

-- The bodies that one name joins, in its order: « Nantes Métropole & Ville » is « Nantes Métropole » and « Ville ».
create or replace macro noms_parties(nom) as
    list_filter(
        list_transform(
            regexp_split_to_array(nom, '(?i)\s*[&/;,+]\s*|\s+(?:and|et|with|avec)\s+'), lambda p: trim(p)
        ),
        lambda p: length(p) > 2
    );

-- The same, « Ville » being that of the other ones.
create or replace macro noms_parties_completes(nom) as
    list_transform(
        noms_parties(nom),
        lambda p: if(
            regexp_matches(p, '(?i)^(?:the )?(?:ville|commune|city|municipality)$'),
            'Ville de ' || nom_sans_forme(array_to_string(list_filter(noms_parties(nom), lambda q: q <> p), ' ')),
            p
        )
    );

-- What is left of « Métropole de Nantes » or « Nantes Métropole » without the words of its form.
create or replace macro nom_sans_forme(nom) as
    trim(regexp_replace(
        regexp_replace(
            nom, '(?i)\b(?:european|européenne|euro)?\s?(?:métropole|metropole|metropolis|agglomération|agglomeration|communauté|community|urbaine|urban|intercommunalité)\b', ' ', 'g'
        ), '(?i)^\s*(?:d''|de\s|of\s|du\s)', ''
    ));
