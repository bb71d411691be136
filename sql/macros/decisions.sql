-- « source|clé + SIREN » or « source|clé + nom|type » : an actor in the use that this record describes.
create or replace macro decision_enregistrement(cle) as regexp_extract(trim(cle), '^(.+) \+ (.+)$', 1);

create or replace macro decision_acteur(cle) as regexp_extract(trim(cle), '^(.+) \+ (.+)$', 2);

create or replace macro decision_acteur_siren(cle) as
    case when regexp_full_match(decision_acteur(cle), '\d{9}') then decision_acteur(cle) end;

create or replace macro decision_acteur_nom(cle) as
    case when decision_acteur_siren(cle) is null then trim(split_part(decision_acteur(cle), '|', 1)) end;

create or replace macro decision_acteur_type(cle) as
    case when decision_acteur_siren(cle) is null then trim(split_part(decision_acteur(cle), '|', 2)) end;

-- The object of a decision, so that two ways of writing it meet: a name without its case, a pair in order, an actor by its
-- SIREN or its name.
create or replace macro decision_objet(objet_type, cle) as
    case objet_type
        when 'nom' then lower(trim(cle))
        when 'fusion' then array_to_string(list_sort(string_split(trim(cle), ' + ')), ' + ')
        when 'role' then decision_enregistrement(cle) || ' + '
            || coalesce(decision_acteur_siren(cle), nom_plat(decision_acteur_nom(cle)))
        else trim(cle)
    end;

-- Whether a key designates an object of that type: « source|clé », « nom|type|territoire », « source|clé + source|clé », or an
-- actor (above).
create or replace macro decision_cle_valide(objet_type, cle) as
    coalesce(
        case objet_type
            when 'nom' then regexp_full_match(cle, '.*[^|\s].*\|[^|]*\|[^|]*')
            when 'fusion' then regexp_full_match(cle, '[a-z0-9_]+\|\S.* \+ [a-z0-9_]+\|\S.*')
                and split_part(cle, ' + ', 1) <> split_part(cle, ' + ', 2)
            when 'role' then regexp_full_match(cle, '[a-z0-9_]+\|\S.* \+ (\d{9}|[^|\s][^|]*\|[^|]+)')
            else regexp_full_match(cle, '[a-z0-9_]+\|\S.*')
        end,
        false
    );

-- The list of vocabulaires.yml that bounds what may be decided of an object; a name is bounded by its SIREN.
create or replace macro decision_liste(objet_type) as
    case objet_type
        when 'detection' then 'decision_detection'
        when 'finalite' then 'decision_finalite'
        when 'fusion' then 'decision_fusion'
        when 'droit_de_reponse' then 'contestation'
        else objet_type
    end;

-- Whether a decision makes a use of a candidate: the word of an analyst does, whatever the rules come to say (docs/decisions/006).
create or replace macro decision_fonde_usage(objet_type, objet, valeur) as
    objet_type = 'detection' and valeur = 'oui' and not starts_with(objet, 'cas_usage|');

-- Whether a decision still applies: the machine says what it expected, or, of a candidate made a use, agrees with it.
create or replace macro decision_tient(objet_type, objet, attendue, valeur, dite) as
    dite is not distinct from attendue or (decision_fonde_usage(objet_type, objet, valeur) and coalesce(dite = valeur, false));
