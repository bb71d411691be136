-- One public algorithmic system of the ODAP inventory, as its authors describe it.
with source as (
    select
        texte_net("Nom") as nom,
        sans_contact(texte_net("Administration")) as organisme,
        sans_contact(texte_net("Description")) as description,
        texte_net("Niveau") as niveau_source,
        texte_net("Technique") as technique_source,
        texte_net("Statut") as statut_source,
        try_cast(regexp_extract("Année", '(19|20)[0-9]{2}') as integer) as annee,
        premiere_url("Lien") as url,
        _livraison,
        _ligne
    from raw.odap
),

ranked as (
    select
        *,
        row_number() over (partition by nom, organisme order by _ligne) as rang,
        min(_ligne) over (partition by nom, organisme) as premiere_ligne
    from source
),

final as (
    select
        *,
        motifs([
            motif(nom is null, 'Nom', 'vide'),
            motif(organisme is null, 'Administration', 'vide'),
            motif(nom is not null and rang > 1, 'Nom', cite(nom) || ' déjà à l''enregistrement ' || premiere_ligne)
        ]) as _motifs
    from ranked
)

select
    nom,
    organisme,
    description,
    niveau_source,
    technique_source,
    statut_source,
    annee,
    url,
    _livraison,
    _ligne,
    _motifs
from final
