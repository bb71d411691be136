-- One notice of the BOAMP. It names its buyer and gives no SIRET.
with source as (
    select
        renseigne(idweb) as avis,
        sans_contact(renseigne(objet)) as objet,
        date_marche(trim(dateparution)) as date_lue,
        dateparution as date_recue,
        sans_contact(renseigne(nomacheteur)) as acheteur_nom,
        liste_lue(code_departement) as departements,
        liste_lue(descripteur_code) as descripteurs,
        liste_lue(descripteur_libelle) as descripteurs_libelles,
        renseigne(nature) as nature,
        renseigne(url_avis) as url,
        _livraison,
        _ligne
    from raw.boamp
),

ranked as (
    select
        *,
        sans_date_sentinelle(date_lue) as date_parution,
        row_number() over (partition by avis order by _ligne) as rang
    from source
),

final as (
    select
        *,
        motifs([
            motif(avis is null, 'idweb', 'vide'),
            motif(objet is null, 'objet', 'vide'),
            motif(avis is not null and rang > 1, 'idweb', cite(avis) || ' répété')
        ]) as _motifs
    from ranked
)

select
    avis,
    acheteur_nom,
    objet,
    nature,
    url,
    departements,
    descripteurs,
    descripteurs_libelles,
    date_parution,
    _livraison,
    _ligne,
    _motifs
from final
