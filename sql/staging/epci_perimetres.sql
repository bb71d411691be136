-- One member commune of an EPCI with own taxation, in one vintage.
with source as (
    select * from raw.epci_perimetres
),

typed as (
    select
        code_court(dept) as departement_siege,
        sans_decimale(siren) as siren,
        trim(raison_sociale) as raison_sociale,
        upper(trim(nature_juridique)) as nature_juridique,
        entier_francais(nb_membres) as nb_membres,
        entier_francais(total_pop_mun) as population_epci,
        code_court(dep_com) as departement,
        code_commune(insee) as insee,
        sans_decimale(siren_membre) as siren_membre,
        trim(nom_membre) as nom_membre,
        entier_francais(pmun) as population,
        siren as siren_recu,
        insee as insee_recu,
        siren_membre as siren_membre_recu,
        total_pop_mun as population_epci_recue,
        pmun as population_recue,
        premier_janvier(_millesime) as millesime,
        _livraison,
        _ligne
    from source
),

ranked as (
    select
        *,
        row_number() over (partition by insee, millesime order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([reparation('insee', insee_recu, insee)]) as reparations,
        motifs([
            motif(not est_siren(siren), 'siren', coalesce(cite(siren_recu) || ' n''est pas un SIREN', 'vide')),
            motif(blanc(raison_sociale), 'raison_sociale', 'vide'),
            motif(
                coalesce(nature_juridique, '') not in ('CC', 'CA', 'CU', 'METRO', 'MET69'),
                'nature_juridique', coalesce(cite(nature_juridique) || ' inconnue', 'vide')
            ),
            motif(
                not est_code_commune(insee),
                'insee', coalesce(cite(insee_recu) || ' n''est pas un code commune', 'vide')
            ),
            motif(
                not est_siren(siren_membre),
                'siren_membre', coalesce(cite(siren_membre_recu) || ' n''est pas un SIREN', 'vide')
            ),
            motif(
                population_recue is not null and coalesce(population < 0, true),
                'pmun', cite(population_recue) || ' n''est pas une population'
            ),
            motif(
                population_epci_recue is not null and coalesce(population_epci < 0, true),
                'total_pop_mun', cite(population_epci_recue) || ' n''est pas une population'
            ),
            motif(rang > 1, 'insee', cite(insee) || ' déjà membre d''un EPCI dans ce millésime')
        ]) as _motifs
    from ranked
)

select
    siren,
    nature_juridique,
    departement_siege,
    insee,
    siren_membre,
    departement,
    raison_sociale,
    nom_membre,
    reparations,
    nb_membres,
    population_epci,
    population,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
