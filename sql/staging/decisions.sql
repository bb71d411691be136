-- What an analyst decided of one object, and what the machine said of it then; « aucune »: a name that is no authority's;
-- « aucun »: no role. Several roles of one actor are joined by « + », read in any order and kept in that of the alphabet.
with source as (
    select * from raw.decisions
),

listes as (
    select
        liste,
        valeur,
        code
    from core.vocabulaires
),

typed as (
    select
        s.*,
        try_cast(s.date as date) as date_typee,
        row_number() over (partition by s.decision_id order by s._ligne) as rang
    from source as s
),

mots as (
    select
        _ligne,
        unnest(string_split(valeur, '+')) as mot,
        'valeur' as colonne
    from typed
    where objet_type = 'role'
    union all
    select
        _ligne,
        unnest(string_split(valeur_attendue, '+')),
        'valeur_attendue'
    from typed
    where objet_type = 'role'
),

roles as (
    select
        m._ligne,
        m.colonne,
        case when bool_and(l.code is not null) then string_agg(distinct l.code, ' + ' order by l.code) end as lus
    from mots as m
    left join listes as l on l.liste = 'role' and l.valeur = trim(m.mot)
    group by m._ligne, m.colonne
),

lues as (
    select
        t.* replace (
            case t.objet_type
                when 'nom' then t.valeur
                when 'role' then if(t.valeur = 'aucun', t.valeur, rv.lus)
                else va.code
            end as valeur,
            case t.objet_type when 'nom' then t.valeur_attendue when 'role' then ra.lus else at_.code end as valeur_attendue
        ),
        t.valeur as valeur_ecrite,
        t.valeur_attendue as attendue_ecrite
    from typed as t
    left join listes as va on va.liste = decision_liste(t.objet_type) and va.valeur = t.valeur
    left join listes as at_ on at_.liste = decision_liste(t.objet_type) and at_.valeur = t.valeur_attendue
    left join roles as rv on t.objet_type = 'role' and rv._ligne = t._ligne and rv.colonne = 'valeur'
    left join roles as ra on t.objet_type = 'role' and ra._ligne = t._ligne and ra.colonne = 'valeur_attendue'
),

final as (
    select
        t.decision_id,
        t.objet_type,
        trim(t.cle) as cle,
        coalesce(t.valeur_attendue, t.attendue_ecrite) as valeur_attendue,
        t.valeur,
        coalesce(t.nature, 'decision') as nature,
        t.motif,
        t.auteur,
        t.guide,
        t.preuve_url,
        t.date_typee as date,
        t._livraison,
        t._ligne,
        motifs([
            motif(blanc(t.decision_id), 'decision_id', 'vide'),
            motif(t.rang > 1, 'decision_id', cite(t.decision_id) || ' déjà présent'),
            motif(ob.code is null, 'objet_type', coalesce(cite(t.objet_type) || ' inconnu', 'vide')),
            motif(
                ob.code is not null and not decision_cle_valide(t.objet_type, trim(t.cle)),
                'cle', coalesce(cite(t.cle) || ' ne désigne pas un objet de ce type', 'vide')
            ),
            motif(
                t.objet_type = 'role' and decision_cle_valide('role', trim(t.cle))
                and decision_acteur_siren(t.cle) is null and ty.code is null,
                'cle', cite(decision_acteur_type(t.cle)) || ' n''est pas un type de collectivité'
            ),
            motif(
                ob.code is not null and t.objet_type <> 'nom' and t.valeur is null,
                'valeur', coalesce(cite(t.valeur_ecrite) || ' inconnue', 'vide')
            ),
            motif(
                t.objet_type = 'nom' and not regexp_full_match(coalesce(t.valeur, ''), '\d{9}|aucune'),
                'valeur', coalesce(cite(t.valeur) || ' n''est ni un SIREN ni « aucune »', 'vide')
            ),
            motif(
                t.objet_type = 'nom' and not regexp_full_match(coalesce(t.valeur_attendue, ''), '(\d{9})?'),
                'valeur_attendue', cite(t.valeur_attendue) || ' n''est pas un SIREN'
            ),
            motif(
                ob.code is not null and t.attendue_ecrite is not null and t.valeur_attendue is null,
                'valeur_attendue', cite(t.attendue_ecrite) || ' inconnue'
            ),
            motif(
                coalesce(t.nature, 'decision') not in ('decision', 'arbitrage'),
                'nature', cite(t.nature) || ' inconnue (decision ou arbitrage)'
            ),
            motif(blanc(t.motif), 'motif', 'vide : une décision s''explique'),
            motif(blanc(t.auteur), 'auteur', 'vide : une décision se signe'),
            motif_contact(t.motif, 'motif'),
            motif_contact(t.auteur, 'auteur'),
            motif(
                t.date_typee is null, 'date', coalesce(cite(t.date) || ' n''est pas une date (AAAA-MM-JJ)', 'vide')
            ),
            motif(
                t.preuve_url is not null and not url_valide(t.preuve_url),
                'preuve_url', cite(t.preuve_url) || ' n''est pas une adresse web'
            )
        ]) as _motifs
    from lues as t
    left join listes as ob on ob.liste = 'decision_objet' and ob.valeur = t.objet_type
    left join listes as ty on ty.liste = 'type_collectivite' and ty.valeur = decision_acteur_type(t.cle)
)

select
    decision_id,
    objet_type,
    cle,
    valeur_attendue,
    valeur,
    nature,
    motif,
    auteur,
    guide,
    preuve_url,
    date,
    _livraison,
    _ligne,
    _motifs
from final
