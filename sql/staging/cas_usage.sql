-- One documented case of the register, typed and judged against the vocabularies.
with source as (
    select * from raw.cas_usage
),

listes as (
    select
        liste,
        valeur,
        code
    from core.vocabulaires
),

-- What a status says of time: nothing has begun (a state not known neither begins nor ends), or all is over.
statuts as (
    select
        valeur,
        code,
        code in ('idee', 'prevu', 'inconnu', 'sans_objet') as a_venir,
        code in ('termine', 'abandonne') as fini
    from listes
    where liste = 'statut'
),

-- No evidence is dated after the register's newest change.
dates as (
    select max(date) as derniere_modification
    from staging.historique
    where fichier = 'cas_usage.csv'
),

typed as (
    select
        s.*,
        d.derniere_modification,
        entier(s.annee) as annee_typee,
        montant(s.montant_eur) as montant_type,
        booleen(s.finalite_environnementale) as finalite_typee,
        booleen(s.ia_explicite) as ia_typee,
        date_partielle(s.source_date) as source_date_typee,
        date_partielle(s.date_debut) as debut_type,
        date_partielle(s.date_fin) as fin_type,
        row_number() over (partition by s.id order by s._ligne) as rang,
        min(s._ligne) over (partition by s.id) as premiere_ligne
    from source as s
    cross join dates as d
),

final as (
    select
        t.id,
        t.source_url,
        t.collectivite,
        t.type_collectivite,
        ty.code as type_canonique,
        t.departement_ou_region,
        t.titre,
        t.description,
        t.theme,
        t.technique,
        t.statut,
        t.annee_type,
        t.montant_nature,
        t.programme,
        t.nature,
        t.source_titre,
        t.resume_preuve,
        t.confiance,
        t.fournisseur,
        t.solution,
        t.finalite_typee as finalite_environnementale,
        t.ia_typee as ia_explicite,
        t.annee_typee as annee,
        t.montant_type as montant_eur,
        t.source_date_typee as source_date,
        date_precision(t.source_date) as source_date_precision,
        t.debut_type as date_debut,
        date_precision(t.date_debut) as date_debut_precision,
        t.fin_type as date_fin,
        date_precision(t.date_fin) as date_fin_precision,
        t._livraison,
        t._ligne,
        motifs([
            motif(blanc(t.id), 'id', 'vide'),
            motif(
                t.id is not null and t.rang > 1,
                'id', cite(t.id) || ' déjà à l''enregistrement ' || t.premiere_ligne
            ),
            motif(blanc(t.collectivite), 'collectivite', 'vide'),
            motif(blanc(t.titre), 'titre', 'vide'),
            motif(ty.code is null, 'type_collectivite', coalesce(cite(t.type_collectivite) || ' inconnu', 'vide')),
            motif(th.code is null, 'theme', coalesce(cite(t.theme) || ' inconnu', 'vide')),
            motif(te.code is null, 'technique', coalesce(cite(t.technique) || ' inconnue', 'vide')),
            motif(st.code is null, 'statut', coalesce(cite(t.statut) || ' inconnu', 'vide')),
            motif(na.code is null, 'nature', coalesce(cite(t.nature) || ' inconnue', 'vide')),
            motif(
                t.annee_type is not null and at_.code is null, 'annee_type', cite(t.annee_type) || ' inconnu'
            ),
            motif(
                t.montant_nature is not null and mn.code is null, 'montant_nature', cite(t.montant_nature) || ' inconnue'
            ),
            motif(
                t.confiance is not null and co.code is null, 'confiance', cite(t.confiance) || ' inconnue'
            ),
            motif(
                t.finalite_environnementale is not null and t.finalite_typee is null,
                'finalite_environnementale', cite(t.finalite_environnementale) || ' n''est ni true (oui) ni false (non)'
            ),
            motif(
                t.ia_typee is null,
                'ia_explicite', coalesce(cite(t.ia_explicite) || ' n''est ni true (oui) ni false (non)', 'vide')
            ),
            motif(
                t.annee is not null and (t.annee_typee is null or t.annee_typee not between 1950 and 2100),
                'annee', cite(t.annee) || ' n''est pas une année'
            ),
            motif(
                t.montant_eur is not null and (t.montant_type is null or t.montant_type <= 0),
                'montant_eur', cite(t.montant_eur) || ' n''est pas un montant positif en chiffres (1000.50)'
            ),
            motif(
                t.source_date is not null and t.source_date_typee is null,
                'source_date', cite(t.source_date) || ' n''est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)'
            ),
            motif(
                coalesce(t.source_date_typee > t.derniere_modification, false),
                'source_date', cite(t.source_date) || ' est dans le futur (registre modifié le '
                || t.derniere_modification || ')'
            ),
            motif(
                t.date_debut is not null and t.debut_type is null,
                'date_debut', cite(t.date_debut) || ' n''est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)'
            ),
            motif(
                t.date_fin is not null and t.fin_type is null,
                'date_fin', cite(t.date_fin) || ' n''est pas une date (AAAA, AAAA-MM ou AAAA-MM-JJ)'
            ),
            motif(
                coalesce(fin_de_periode(t.fin_type, date_precision(t.date_fin)) < t.debut_type, false),
                'date_fin', cite(t.date_fin) || ' précède le début (' || t.date_debut || ')'
            ),
            motif(
                coalesce(not st.a_venir and t.debut_type > t.derniere_modification, false),
                'date_debut', cite(t.date_debut) || ' est dans le futur (registre modifié le ' || t.derniere_modification
                || ') et le statut dit que l''usage a commencé'
            ),
            motif(
                coalesce(st.fini and t.fin_type > t.derniere_modification, false),
                'date_fin', cite(t.date_fin) || ' est dans le futur (registre modifié le ' || t.derniere_modification
                || ') et le statut dit que l''usage a pris fin'
            ),
            motif(
                coalesce(not st.a_venir and t.annee_typee between year(t.derniere_modification) + 1 and 2100, false),
                'annee', cite(t.annee) || ' est dans le futur (registre modifié le ' || t.derniere_modification
                || ') et le statut dit que l''usage a commencé'
            ),
            motif_contact(t.collectivite, 'collectivite'),
            motif_contact(t.departement_ou_region, 'departement_ou_region'),
            motif_contact(t.titre, 'titre'),
            motif_contact(t.description, 'description'),
            motif_contact(t.resume_preuve, 'resume_preuve'),
            motif_contact(t.source_titre, 'source_titre'),
            motif_contact(t.programme, 'programme'),
            motif_contact(t.fournisseur, 'fournisseur'),
            motif_contact(t.solution, 'solution'),
            motif(
                not url_valide(t.source_url),
                'source_url', coalesce(cite(t.source_url) || ' n''est pas une adresse web', 'vide')
            )
        ]) as _motifs
    from typed as t
    left join listes as ty on ty.liste = 'type_collectivite' and ty.valeur = t.type_collectivite
    left join listes as th on th.liste = 'theme' and th.valeur = t.theme
    left join listes as te on te.liste = 'technique' and te.valeur = t.technique
    left join statuts as st on st.valeur = t.statut
    left join listes as na on na.liste = 'nature' and na.valeur = t.nature
    left join listes as at_ on at_.liste = 'annee_type' and at_.valeur = t.annee_type
    left join listes as mn on mn.liste = 'montant_nature' and mn.valeur = t.montant_nature
    left join listes as co on co.liste = 'confiance' and co.valeur = t.confiance
)

select
    id,
    source_url,
    collectivite,
    type_collectivite,
    type_canonique,
    departement_ou_region,
    titre,
    description,
    theme,
    technique,
    statut,
    annee_type,
    montant_nature,
    programme,
    nature,
    source_titre,
    resume_preuve,
    confiance,
    fournisseur,
    solution,
    finalite_environnementale,
    ia_explicite,
    annee,
    montant_eur,
    source_date,
    source_date_precision,
    date_debut,
    date_debut_precision,
    date_fin,
    date_fin_precision,
    _livraison,
    _ligne,
    _motifs
from final
