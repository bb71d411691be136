-- The records judged for this release, as received: what remains readable even if bulk bytes are pruned one day.
select
    source,
    livraison,
    ligne,
    cle,
    contenu
from core.extraits
