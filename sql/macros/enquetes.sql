-- A number as the survey files write it: digits, a point, at most six decimals.
create or replace macro nombre_enquete(texte) as
    case when regexp_full_match(texte, '-?[0-9]{1,12}([.][0-9]{1,6})?') then cast(texte as decimal(18, 4)) end;

-- Whether a text that should be such a number is there and is not one.
create or replace macro nombre_fautif(texte) as texte is not null and nombre_enquete(texte) is null;

-- What precedes everything said of an invented survey.
create or replace macro marque_fictive(fictif) as case when fictif then 'DONNÉES FICTIVES — ' else '' end;

-- What a survey figure does not say, by plan; `motif` says why it has no interval or no value.
create or replace macro mention_enquete(plan, absence, motif) as
    case plan
        when 'probabilite' then 'Estimation sur un échantillon tiré au sort : à lire avec son intervalle de confiance.'
        when 'recensement' then 'Enquête auprès de toutes les autorités du champ.'
        else 'Réponses volontaires : ce chiffre décrit les répondants, n''a pas de marge d''erreur et ne se généralise pas.'
    end
    || case when absence = 'secret' then ' Chiffre masqué par la règle de confidentialité.' else '' end
    || case when blanc(motif) then '' else ' ' || upper(left(motif, 1)) || substr(motif, 2) || '.' end;
