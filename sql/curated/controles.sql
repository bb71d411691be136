-- One declared check, run on this release, and its result.
select
    code,
    "table",
    colonne,
    severite,
    portee,
    statut,
    violations,
    inconnus,
    lignes,
    motif,
    suite
from core.controles
