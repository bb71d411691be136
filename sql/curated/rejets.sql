-- One reason why a received record is not used. The record itself stays in the archive; what a source that may not be
-- republished says is not quoted: its record is told by its rank.
select distinct
    r.source,
    r.livraison,
    r.ligne,
    case when s.republiee then r.cle end as cle,
    r.colonne,
    case when s.republiee then r.motif else 'non reproduit : la source ne peut pas être republiée' end as motif
from core.rejets as r
inner join core.sources as s on s.source = r.source
