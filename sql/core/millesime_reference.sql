-- The geography that figures are given in: the newest one whose intercommunalités are known, so that the number of
-- authorities of every type and stratum is that of one vintage.
select max(millesime) as millesime
from curated.univers
where type = 'epci'
