-- What may follow what in the life of a use.

-- The statuses that may follow one, in their order. None goes back: what is in service does not become a trial again, and a
-- text that tells an earlier stage tells of an extension, of another tool or of the past. Only its end may follow what is in
-- service; a trial that ended may be generalised. What is not known may be in service already: a promise says nothing of it.
create or replace macro statut_suites(statut) as
    case statut
        when 'idee' then ['prevu', 'experimentation', 'deploye', 'termine', 'abandonne']
        when 'prevu' then ['experimentation', 'deploye', 'termine', 'abandonne']
        when 'inconnu' then ['experimentation', 'deploye', 'termine', 'abandonne']
        when 'experimentation' then ['deploye', 'termine', 'abandonne']
        when 'deploye' then ['termine', 'abandonne']
        when 'termine' then ['deploye']
        else []::varchar[]
    end;

-- The last day that a date known to the year, the month or the day may be.
create or replace macro fin_de_periode(jour, precision_connue) as
    case precision_connue
        when 'annee' then make_date(year(jour), 12, 31)
        when 'mois' then last_day(jour)
        else jour
    end;
