-- Which rows enter which figure: what « trace » and a reader need to go from a figure to its sources.
select
    code || case when ventilation = '' then '' else '/' || ventilation || '=' || modalite end as indicateur_id,
    origine,
    cle,
    retenu
from core.indicateurs_lignes
