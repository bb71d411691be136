-- The member communes of each EPCI, by vintage: the CSV file of the DGCL, or its workbook for a vintage without one.
with csv_vintages as (
    select distinct millesime
    from staging.epci_perimetres
),

membres as (
    select
        siren,
        nature_juridique,
        departement_siege,
        insee,
        siren_membre,
        departement,
        raison_sociale,
        population_epci,
        population,
        nb_membres,
        'epci_perimetres' as source,
        millesime
    from staging.epci_perimetres
    union all
    select
        x.siren,
        x.nature_juridique,
        x.departement_siege,
        x.insee,
        x.siren_membre,
        x.departement,
        x.raison_sociale,
        x.population_epci,
        x.population,
        x.nb_membres,
        'epcicom' as source,
        x.millesime
    from staging.epcicom as x
    anti join csv_vintages as c on c.millesime = x.millesime
)

select
    siren,
    nature_juridique,
    departement_siege,
    insee,
    siren_membre,
    departement,
    raison_sociale,
    population_epci,
    population,
    nb_membres,
    source,
    millesime
from membres
