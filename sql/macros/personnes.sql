-- What names a person in free text: it tells nothing of a purchase, a project or a case. The patterns are those of
-- observatoire/persons.py, word for word (tests/test_persons.py).

-- Free text without e-mail addresses nor telephone numbers; then nor the name that follows « contact : » or « auteur : ».
create or replace macro sans_adresse_ni_telephone(texte) as
    regexp_replace(
        case
            when contains(texte, '@') then regexp_replace(texte, '[0-9A-Za-zÀ-ÖØ-öø-ÿ._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+', '[adresse retirée]', 'g')
            else texte
        end,
        '(^|[^0-9.,/]|[^0-9][.,])(?:(?:\+33|0033)[ \xa0]?(?:\(0\))?|0)[ \xa0.]?[1-9](?:[ \xa0./-]?[0-9]{2}){4}([^0-9]|$)',
        '\1[téléphone retiré]\2',
        'g'
    );

-- A name follows a colon: without one, millions of titles are not read once more.
create or replace macro sans_contact(texte) as
    case
        when contains(texte, ':') then regexp_replace(
            sans_adresse_ni_telephone(texte),
            '\b((?i:contacts?(?: person)?|authors?|auteurs?|autrices?|interlocuteurs?|interlocutrices?|r[eé]f[eé]rente?s?|project (?:manager|leader)|chef(?:fe)? de projet) ?: ?)[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿ.''’-]*(?: [A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿ.''’-]*){1,3}',
            '\1[nom retiré]',
            'g'
        )
        else sans_adresse_ni_telephone(texte)
    end;

create or replace macro contact_retire(texte) as
    coalesce(regexp_matches(texte, '\[(?:adresse retirée|téléphone retiré|nom retiré)\]'), false);

-- The same for a record as received: an address, a code or a number alone, without a space, is no free text.
create or replace macro recu_sans_contact(texte) as
    case when regexp_matches(texte, '[ @]') then sans_contact(texte) else texte end;
