-- Takes the place of the Python model observatoire.territories.passages.lineages where that one is not registered: no
-- lignée, hence no passage.
select
    cast(null as varchar) as lignee,
    cast(null as varchar) as code,
    cast(null as varchar) as nom,
    cast(null as date) as valide_du,
    cast(null as date) as valide_au,
    cast(null as varchar) as modification
where false
