-- What a figure does not say: sentences, each counted from what is there, in the order they are read.
with usages_lus as (
    select
        b.indicateur_id,
        count(*) filter (u.ia_lue) as lus,
        count(*) filter (not u.ia_lue) as non_lus,
        count(*) filter (u.ia_contredite) as contredits,
        count(*) filter (u.non_classe) as non_classes
    from core.indicateurs_bases as b
    inner join core.usages_figures as u on u.usage_id = b.cle
    where b.origine in ('usages_figures', 'projets_figures')
    group by b.indicateur_id
),

-- The confirmed uses of the same breakdown that a narrower base leaves out.
laisses as (
    select
        i.indicateur_id,
        c.n - i.n as nombre,
        case i.code
            when 'REG-SERV' then 'Usages confirmés laissés de côté, leur statut étant inconnu ou sans date'
            when 'QUA-AGE' then 'Usages confirmés laissés de côté, sans preuve datée'
            when 'REG-ENV' then 'Usages confirmés laissés de côté, sans finalité renseignée'
        end as texte
    from core.indicateurs as i
    inner join core.indicateurs as c
        on c.code = 'REG-USA' and c.ventilation = i.ventilation and c.modalite = i.modalite
),

-- Pairs of confirmed uses of two projects, which may be one: nobody has decided yet.
paires as (
    select
        r.trace_a,
        r.trace_b,
        a.usage_id as usage_a,
        b.usage_id as usage_b
    from core.rapprochements as r
    inner join core.usages_groupes as ga on ga.trace_id = r.trace_a
    inner join core.usages_groupes as gb on gb.trace_id = r.trace_b
    inner join core.usages_figures as a on a.usage_id = ga.usage_id and a.confirme
    inner join core.usages_figures as b on b.usage_id = gb.usage_id and b.confirme
    where r.verdict = 'a_examiner' and a.projet_id <> b.projet_id
),

projets as (
    select
        i.indicateur_id,
        count(distinct struct_pack(a := p.trace_a, b := p.trace_b)) as a_trancher
    from core.indicateurs as i
    left join core.indicateurs_bases as l on l.indicateur_id = i.indicateur_id
    left join paires as p on l.cle in (p.usage_a, p.usage_b)
    where i.code = 'REG-PRJ'
    group by i.indicateur_id
),

phrases as (
    select
        indicateur_id,
        1 as ordre,
        case plan
            when 'publication'
                then 'Ni recensement ni échantillon' || chr(160) || ': compte ce que les acheteurs et financeurs publient, jugé sur '
                    || 'le seul texte de l''objet' || chr(160) || '; ce qui ne dit pas l''IA n''y est pas.'
            else 'Inventaire non exhaustif' || chr(160) || ': ce chiffre porte sur ce que l''observatoire a documenté et ne mesure '
                || 'pas l''adoption de l''IA.'
        end as phrase
    from core.indicateurs
    union all
    select
        indicateur_id,
        2 as ordre,
        phrase_comptee('Noms d''autorités non reconnus, comptés à part', effectif_francais(n_non_resolus - n_non_situes))
            as phrase
    from core.indicateurs
    where n_non_resolus > n_non_situes
    union all
    select
        indicateur_id,
        3 as ordre,
        phrase_comptee(
            'Noms d''autorités non reconnus dont rien ne dit la ' || if(ventilation = 'region', 'région', 'strate')
            || ', et qui peuvent être de celle-ci',
            effectif_francais(n_non_situes)
        ) as phrase
    from core.indicateurs
    where n_non_situes > 0
    union all
    select
        indicateur_id,
        4 as ordre,
        phrase_comptee(
            'Usages lus par deux codeurs indépendants où aucun ne lit d''IA explicite (table codages)',
            effectif_francais(contredits) || ' sur ' || effectif_francais(lus)
        ) as phrase
    from usages_lus
    where contredits > 0
    union all
    select
        indicateur_id,
        5 as ordre,
        phrase_comptee('Usages que deux codeurs n''ont pas encore lus', effectif_francais(non_lus)) as phrase
    from usages_lus
    where non_lus > 0
    union all
    select
        indicateur_id,
        6 as ordre,
        phrase_comptee(texte, effectif_francais(nombre)) as phrase
    from laisses
    where texte is not null and nombre > 0
    union all
    select
        u.indicateur_id,
        7 as ordre,
        'Cette part est un plancher. '
        || phrase_comptee(
            'Usages dont le site n''est pas classé, comptés comme non attestés', effectif_francais(u.non_classes)
        ) as phrase
    from usages_lus as u
    inner join core.indicateurs as i on i.indicateur_id = u.indicateur_id
    where i.code = 'QUA-PRI' and u.non_classes > 0
    union all
    select
        indicateur_id,
        8 as ordre,
        'Ce nombre est un plafond' || chr(160) || ': un projet commun que personne n''a encore reconnu compte plusieurs fois.'
        || if(
            a_trancher > 0,
            ' ' || phrase_comptee('Paires d''usages proposées aux analystes et non tranchées', effectif_francais(a_trancher)),
            ''
        ) as phrase
    from projets
    union all
    select
        i.indicateur_id,
        9 as ordre,
        if(
            i.ventilation = '',
            effectif_francais(e.comptes) || ' marchés de ' || effectif_francais(e.acheteurs) || ' acheteurs sont comptés. ',
            ''
        )
        || 'Un achat groupé compte une fois, à l''acheteur qui le publie. '
        || phrase_comptee(
            'Marchés des collectivités laissés de côté, toutes années confondues',
            effectif_francais(e.sans_date) || ' sans date de notification et ' || effectif_francais(e.sans_objet)
            || ' sans objet, sur ' || effectif_francais(e.comptes + e.sans_date + e.sans_objet)
        )
        || ' '
        || phrase_comptee(
            'Marchés d''acheteurs qui ne sont pas des collectivités reconnues', effectif_francais(e.autres_acheteurs)
        )
        || if(
            e.non_republies > 0,
            ' ' || phrase_comptee(
                'Marchés de sources qui ne peuvent pas être republiées', effectif_francais(e.non_republies)
            ),
            ''
        ) as phrase
    from core.indicateurs as i
    cross join core.candidats_ecartes as e
    where i.code = 'MAR-NB' and i.absence is distinct from 'non_couvert' and e.comptes > 0
)

select
    indicateur_id,
    string_agg(phrase, ' ' order by ordre) as mention
from phrases
group by indicateur_id
