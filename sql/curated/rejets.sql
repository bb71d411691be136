-- One reason why a received record is not used. The record itself stays in the archive.
select
    source,
    livraison,
    ligne,
    cle,
    colonne,
    motif
from core.rejets
