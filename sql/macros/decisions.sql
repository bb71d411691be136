-- The object of a decision, so that two ways of writing it meet: a name without its case, a pair in order.
create or replace macro decision_objet(objet_type, cle) as
    case objet_type
        when 'nom' then lower(trim(cle))
        when 'fusion' then array_to_string(list_sort(string_split(trim(cle), ' + ')), ' + ')
        else trim(cle)
    end;

-- Whether a key designates an object of that type: « source|clé », « nom|type|territoire » or « source|clé + source|clé ».
create or replace macro decision_cle_valide(objet_type, cle) as
    coalesce(
        case objet_type
            when 'nom' then regexp_full_match(cle, '.*[^|\s].*\|[^|]*\|[^|]*')
            when 'fusion' then regexp_full_match(cle, '[a-z0-9_]+\|\S.* \+ [a-z0-9_]+\|\S.*')
                and split_part(cle, ' + ', 1) <> split_part(cle, ' + ', 2)
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
