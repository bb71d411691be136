-- One funded project, one row: a file paid on several lines (by commune, by year) is one project, and its grant is the
-- sum of its lines, which all measure the same thing. A line repeated word for word counts once. `programme` is named as in
-- data/register/programmes.csv, which says who funds it.
with lignes as (
    select
        'fonds_vert' as source,
        'Fonds vert' as programme,
        annee,
        dossier,
        projet,
        beneficiaire_public,
        siren,
        departement,
        commune,
        dispositif,
        axe,
        montant,
        montant_motif,
        _livraison,
        _ligne,
        row_number() over (partition by annee, dossier, commune, montant, projet order by _ligne) as repetition,
        row_number() over (partition by annee, dossier order by _ligne) as rang
    from staging.fonds_vert
),

montants as (
    select
        annee,
        dossier,
        count(*) as nb_lignes,
        count(*) filter (where repetition > 1) as nb_repetees,
        count(distinct commune) as nb_communes,
        count(distinct siren) as nb_beneficiaires,
        sum(montant) filter (where repetition = 1 and montant_motif is null) as montant,
        max(montant_motif) as montant_motif
    from lignes
    group by annee, dossier
)

select
    l.source,
    l.programme,
    l.dossier || '|' || l.annee as aide_cle,
    l.dossier,
    l.siren,
    l.departement,
    case when m.nb_communes = 1 then l.commune end as commune,
    l.projet,
    l.beneficiaire_public,
    l.dispositif,
    l.axe,
    m.montant_motif,
    m.nb_lignes,
    m.nb_repetees,
    m.nb_communes,
    m.nb_beneficiaires,
    case when m.montant_motif is null then m.montant end as montant,
    l.annee,
    l._livraison,
    l._ligne
from lignes as l
inner join montants as m on m.annee = l.annee and m.dossier = l.dossier
where l.rang = 1
