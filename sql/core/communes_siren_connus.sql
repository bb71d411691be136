-- Every SIREN of a commune that a source tells, in the vintage of that source. Precedence, stated once: the EPCI file of
-- the vintage (1), then BANATIC (2), which alone has the four communes outside any EPCI.
select
    insee as code,
    siren_membre as siren,
    source,
    1 as priorite,
    millesime
from core.perimetre_epci
union all
select
    insee as code,
    siren,
    'banatic_siren' as source,
    2 as priorite,
    millesime
from staging.banatic_siren
