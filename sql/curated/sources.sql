-- One source, as its specification describes it.
select
    source,
    titre,
    description,
    producteur,
    licence,
    attribution,
    page,
    protocole,
    "format",
    "mode",
    cadence,
    requise,
    verifiee,
    republiee
from core.sources
