-- Which rows enter which figure: what « trace » and a reader need to go from a figure to its sources, and to compute it again.
select
    indicateur_id,
    origine,
    cle,
    unite_comptee,
    mesure_ligne,
    retenu
from core.indicateurs_bases
