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
            nom, '(?i)^(?:the )?(?:city|town|municipality) of\s+(.*)$', 'Ville de \1'
        ), '(?i)^(.*?)\s+(?:municipality|city council|town council)$', 'Ville de \1'
        ), '(?i)^(?:the )?(?:region of\s+(.*)|(.*?)\s+region(?:al council?)?)$', 'Région \1\2'
        ), '(?i)^(?:the )?(?:department of\s+(.*)|(.*?)\s+department(?:al council)?)(?:\s+in .*)?$', 'Département \1\2'
        ), '(?i)^(.*?)\s+european metropol(?:e|is)$', 'Métropole européenne de \1'
        ), '(?i)^(.*?)\s+metropolis$', 'Métropole de \1'
        ), '\s+', ' ', 'g'
        )
    );
