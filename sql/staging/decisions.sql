-- What an analyst decided of one object, and what the machine said of it then; « aucune »: a name that is no authority's.
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

final as (
    select
        t.decision_id,
        t.objet_type,
        trim(t.cle) as cle,
        if(t.objet_type = 'nom', t.valeur_attendue, coalesce(at_.code, t.valeur_attendue)) as valeur_attendue,
        if(t.objet_type = 'nom', t.valeur, va.code) as valeur,
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
                ob.code is not null and t.objet_type <> 'nom' and va.code is null,
                'valeur', coalesce(cite(t.valeur) || ' inconnue', 'vide')
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
                ob.code is not null and t.objet_type <> 'nom' and t.valeur_attendue is not null and at_.code is null,
                'valeur_attendue', cite(t.valeur_attendue) || ' inconnue'
            ),
            motif(
                coalesce(t.nature, 'decision') not in ('decision', 'arbitrage'),
                'nature', cite(t.nature) || ' inconnue (decision ou arbitrage)'
            ),
            motif(blanc(t.motif), 'motif', 'vide : une décision s''explique'),
            motif(blanc(t.auteur), 'auteur', 'vide : une décision se signe'),
            motif(
                contact_retire(sans_contact(t.motif)),
                'motif', 'contient une adresse électronique ou un téléphone, et il est publié : l''ôter'
            ),
            motif(
                contact_retire(sans_contact(t.auteur)),
                'auteur', 'contient une adresse électronique ou un téléphone, et il est publié : l''ôter'
            ),
            motif(
                t.date_typee is null, 'date', coalesce(cite(t.date) || ' n''est pas une date (AAAA-MM-JJ)', 'vide')
            ),
            motif(
                t.preuve_url is not null and not url_valide(t.preuve_url),
                'preuve_url', cite(t.preuve_url) || ' n''est pas une adresse web'
            )
        ]) as _motifs
    from typed as t
    left join listes as ob on ob.liste = 'decision_objet' and ob.valeur = t.objet_type
    left join listes as va on va.liste = decision_liste(t.objet_type) and va.valeur = t.valeur
    left join listes as at_ on at_.liste = decision_liste(t.objet_type) and at_.valeur = t.valeur_attendue
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
