-- What analysts are asked to decide: each doubt with its evidence, the candidates and what the machine would do. An object
-- on which a decision applies is no longer asked; one whose decision does not apply is, and is told why; a conflict of two
-- analysts is, for an « arbitrage ».
with tranches as (
    select
        objet_type,
        objet
    from core.decisions
    where etat in ('appliquée', 'obsolète')
),

inappliquees as (
    select
        objet_type,
        objet,
        min(decision_id || ' ne s''applique pas : ' || explication) as raison
    from core.decisions
    where etat = 'non appliquée'
    group by objet_type, objet
),

libelles as (
    select
        siren,
        nom || ' (' || type || coalesce(', ' || departements[1], '') || ')' as libelle
    from core.territoires
    where siren is not null
    qualify row_number() over (partition by siren order by millesime desc, type, code) = 1
),

-- Whose names are asked about: cases of the register, and confirmed candidates that wait for their body to become uses.
nommes as (
    select
        p.preuve_id as nom_id,
        p.url,
        c.titre,
        false as en_attente
    from core.preuves as p
    left join staging.cas_usage as c on p.source = 'cas_usage' and c.id = p.cle_source
    union all
    select
        k.candidat_id as nom_id,
        k.url,
        k.objet as titre,
        true as en_attente
    from core.candidats as k
    inner join core.decisions_usages as d on d.cle = k.source || '|' || k.cle and d.detection = 'oui'
    anti join core.traces as t on t.trace_id = k.candidat_id
    where k.decision = 'oui' and k.republiee
),

noms as (
    select
        'nom' as objet_type,
        n.nom || '|' || coalesce(n.type_indice, '') || '|' || coalesce(n.territoire_indice, '') as cle,
        min(n.nom) as collectivite,
        min(p.titre) as texte,
        min(p.url) as preuve_url,
        min(r.siren_automatique) as valeur_attendue,
        'aucun SIREN : rien n''est deviné' as proposition,
        min(list_slice(r.candidats, 1, 5)) as sirens,
        min(
            if(p.en_attente, 'un candidat confirmé attend son organisme pour devenir un usage : ', '')
            || case r.statut_automatique
                when 'ambigu' then 'plusieurs collectivités portent ce nom'
                else 'nom non reconnu (' || r.regle || ')'
            end
        ) as raison
    from core.noms_a_resoudre as n
    inner join core.noms_resolus as r on r.nom_id = n.nom_id
    inner join nommes as p on p.nom_id = n.nom_id
    where (r.statut_automatique in ('ambigu', 'non résolu') or p.en_attente) and r.decision_id is null and n.nom is not null
    group by n.nom, n.type_indice, n.territoire_indice
),

choix as (
    select
        s.cle,
        string_agg(s.siren || coalesce(' ' || l.libelle, ''), ' ; ' order by s.rang) as candidats
    from (
        select
            cle,
            unnest(sirens) as siren,
            generate_subscripts(sirens, 1) as rang
        from noms
    ) as s
    left join libelles as l on l.siren = s.siren
    group by s.cle
),

codes as (
    select
        cle as id,
        variable,
        count(*) as passes,
        count(distinct coalesce(valeur, '')) as valeurs,
        string_agg(
            passe || ' : ' || case valeur when 'true' then 'oui' when 'false' then 'non' else coalesce(valeur, 'rien') end,
            ' ; ' order by guide, passe
        ) as candidats,
        max(guide) as guide,
        max(coalesce(valeur, '')) as une_valeur
    from staging.codages
    group by cle, variable
),

registre as (
    select
        id,
        collectivite,
        titre || coalesce(' — ' || description, '') as texte,
        source_url,
        unnest([
            {'variable': 'theme', 'objet_type': 'theme', 'brute': theme, 'valeur': theme},
            {'variable': 'statut', 'objet_type': 'statut', 'brute': statut, 'valeur': statut},
            {'variable': 'ia_explicite', 'objet_type': 'detection', 'brute': cast(ia_explicite as varchar),
             'valeur': if(ia_explicite, 'oui', 'non')},
            {'variable': 'finalite_environnementale', 'objet_type': 'finalite',
             'brute': cast(finalite_environnementale as varchar),
             'valeur': case when finalite_environnementale then 'oui' when not finalite_environnementale then 'non' end}
        ], recursive := true)
    from staging.cas_usage
),

regles as (
    select
        cle,
        unnest([
            {'objet_type': 'theme', 'dit': theme},
            {'objet_type': 'detection', 'dit': detection},
            {'objet_type': 'finalite', 'dit': finalite}
        ], recursive := true)
    from core.registre_juge
),

desaccords as (
    select
        r.objet_type,
        'cas_usage|' || r.id as cle,
        r.collectivite,
        r.texte,
        r.source_url as preuve_url,
        r.valeur as valeur_attendue,
        'garder « ' || coalesce(r.valeur, 'rien') || ' » (registre)' as proposition,
        concat_ws(' ; ', c.candidats, 'règles : ' || m.dit) as candidats,
        case
            when c.id is null or (c.valeurs = 1 and c.une_valeur = coalesce(r.brute, ''))
                then 'les règles ne disent pas ce que dit le registre'
            when c.valeurs > 1 then 'les codeurs ne sont pas d''accord'
            when c.passes > 1 then 'les codeurs s''accordent contre le registre'
            else 'un codeur ne dit pas ce que dit le registre'
        end as raison,
        c.guide
    from registre as r
    left join codes as c on c.id = r.id and c.variable = r.variable
    left join regles as m on m.cle = 'cas_usage|' || r.id and m.objet_type = r.objet_type
    where (c.id is not null and (c.valeurs > 1 or c.une_valeur is distinct from coalesce(r.brute, '')))
        or (m.dit not in ('autre', 'à examiner') and m.dit <> r.valeur and r.objet_type <> 'finalite')
),

statuts as (
    select
        'statut' as objet_type,
        s.objet as cle,
        t.nom as collectivite,
        t.titre || coalesce(' — ' || t.description, '') as texte,
        s.preuve_url,
        s.statut as valeur_attendue,
        'garder « ' || s.statut || ' »' as proposition,
        s.statut_propose || ' (' || s.preuve_nature || ' ' || s.origine_id || ', ' || s.preuve_date || ' : '
        || s.preuve_titre || ')' as candidats,
        'une preuve plus récente dit un autre statut' as raison
    from core.statuts_proposes as s
    inner join core.traces as t on t.cle = s.objet
),

fusions as (
    select
        'fusion' as objet_type,
        r.objet as cle,
        a.nom || if(b.nom = a.nom, '', ' / ' || b.nom) as collectivite,
        a.titre || ' // ' || b.titre as texte,
        nullif(concat_ws(' ', 'https://' || a.page, if(b.page = a.page, null, 'https://' || b.page)), '') as preuve_url,
        fusion_dite(r.proposition, r.reservee) as valeur_attendue,
        'deux usages distincts' as proposition,
        case r.proposition
            when 'meme_usage' then 'le même usage'
            when 'meme_projet' then 'deux usages du même projet'
            else 'à examiner'
        end || coalesce(' (textes ressemblants à ' || nombre_francais(r.similarite) || ')', '') as candidats,
        coalesce(r.motif, 'textes proches') as raison
    from core.rapprochements as r
    -- In the order of the key, so that each text is read against its own.
    inner join core.traces as a on a.cle = split_part(r.objet, ' + ', 1)
    inner join core.traces as b on b.cle = split_part(r.objet, ' + ', 2)
    where r.verdict = 'a_examiner'
),

-- Columns say that each authority of a shared project uses the AI; who carries it or operates it, only an analyst can say.
acteurs as (
    select
        u.projet_id,
        a.usage_id,
        a.acteur,
        min(a.siren) as siren,
        min(a.collectivite) as collectivite,
        min(a.type_collectivite) as type_collectivite,
        string_agg(a.role, ' + ' order by a.role) as roles
    from core.acteurs_deduits as a
    inner join core.usages as u on u.usage_id = a.usage_id
    group by u.projet_id, a.usage_id, a.acteur
    having bool_or(a.origine <> 'programme')
),

partages as (
    select
        projet_id,
        string_agg(collectivite || ' : ' || roles, ' ; ' order by collectivite, usage_id, acteur) as acteurs
    from acteurs
    group by projet_id
    having count(distinct acteur) > 1
),

roles as (
    select
        'role' as objet_type,
        u.source || '|' || u.cle_source || ' + ' || coalesce(a.siren, a.collectivite || '|' || a.type_collectivite) as cle,
        a.collectivite,
        u.titre || coalesce(' — ' || u.description, '') as texte,
        p.url as preuve_url,
        a.roles as valeur_attendue,
        'garder « ' || a.roles || ' »' as proposition,
        r.acteurs as candidats,
        'projet de plusieurs organismes : qui le porte, l''utilise, le finance, l''exploite ?' as raison
    from acteurs as a
    inner join partages as r on r.projet_id = a.projet_id
    inner join core.usages as u on u.usage_id = a.usage_id
    inner join core.preuves_usages as p on p.usage_id = u.usage_id and p.source = u.source and p.cle_source = u.cle_source
),

-- Candidates that the rules judge to be AI and that are no evidence of a use yet: only an analyst makes one a use.
a_confirmer as (
    select
        'detection' as objet_type,
        c.source || '|' || c.cle as cle,
        c.acheteur as collectivite,
        c.objet as texte,
        c.url as preuve_url,
        c.decision_automatique as valeur_attendue,
        'le laisser candidat' as proposition,
        array_to_string(c.motifs, ' ; ') as candidats,
        'jugé « oui » par les règles : à confirmer pour devenir un usage' as raison
    from core.candidats as c
    where c.decision_automatique = 'oui' and c.republiee
        and c.candidat_id not in (select p.preuve_id from core.preuves_usages as p)
),

conflits as (
    select
        objet_type,
        objet,
        if(objet_type = 'role', arg_min(cle, decision_id), objet) as cle,
        arg_min(valeur_attendue, decision_id) as valeur_attendue,
        string_agg(auteur || ' : ' || valeur || ' (' || motif || ')', ' ; ' order by decision_id) as candidats,
        max(guide) as guide
    from core.decisions_confrontees
    where verdict = 'en conflit'
    group by objet_type, objet
),

reunis as (
    select
        n.objet_type,
        n.cle,
        n.collectivite,
        n.texte,
        n.preuve_url,
        n.valeur_attendue,
        n.proposition,
        c.candidats,
        n.raison,
        cast(null as varchar) as guide
    from noms as n
    left join choix as c on c.cle = n.cle
    union all
    -- One doubt per object: coders who disagree do not hide newer evidence.
    select
        d.objet_type,
        d.cle,
        d.collectivite,
        d.texte,
        coalesce(s.preuve_url, d.preuve_url) as preuve_url,
        d.valeur_attendue,
        d.proposition,
        concat_ws(' ; ', s.candidats, d.candidats) as candidats,
        concat_ws(' ; ', s.raison, d.raison) as raison,
        d.guide
    from desaccords as d
    left join statuts as s on s.objet_type = d.objet_type and s.cle = d.cle
    union all
    select
        s.*,
        cast(null as varchar) as guide
    from statuts as s
    where (s.objet_type, s.cle) not in (select (d.objet_type, d.cle) from desaccords as d)
    union all
    select
        f.*,
        cast(null as varchar) as guide
    from fusions as f
    union all
    select
        r.*,
        cast(null as varchar) as guide
    from roles as r
    union all
    select
        c.*,
        cast(null as varchar) as guide
    from a_confirmer as c
),

ouverts as (
    select
        r.objet_type,
        r.cle,
        r.collectivite,
        r.texte,
        r.preuve_url,
        coalesce(k.valeur_attendue, r.valeur_attendue) as valeur_attendue,
        r.proposition,
        coalesce(k.candidats, r.candidats) as candidats,
        if(k.cle is null, r.raison, 'deux analystes ont décidé autrement : un arbitrage est attendu') as raison,
        if(k.cle is null, 'decision', 'arbitrage') as nature,
        coalesce(k.guide, r.guide) as guide
    from reunis as r
    left join conflits as k on k.objet_type = r.objet_type and k.objet = decision_objet(r.objet_type, r.cle)
    union all
    select
        k.objet_type,
        k.cle,
        c.collectivite,
        c.titre || coalesce(' — ' || c.description, '') as texte,
        c.source_url as preuve_url,
        k.valeur_attendue,
        'aucun des deux avis' as proposition,
        k.candidats,
        'deux analystes ont décidé autrement : un arbitrage est attendu' as raison,
        'arbitrage' as nature,
        k.guide
    from conflits as k
    left join staging.cas_usage as c
        on 'cas_usage|' || c.id = if(k.objet_type = 'role', decision_enregistrement(k.cle), k.cle)
    where (k.objet_type, k.objet) not in (select (r.objet_type, decision_objet(r.objet_type, r.cle)) from reunis as r)
)

select
    o.objet_type,
    o.cle,
    o.collectivite,
    o.texte,
    o.preuve_url,
    o.valeur_attendue,
    o.proposition,
    o.candidats,
    concat_ws(' ; ', o.raison, i.raison) as raison,
    o.nature,
    o.guide
from ouverts as o
left join inappliquees as i on i.objet_type = o.objet_type and i.objet = decision_objet(o.objet_type, o.cle)
where (o.objet_type, decision_objet(o.objet_type, o.cle)) not in (select (t.objet_type, t.objet) from tranches as t)
