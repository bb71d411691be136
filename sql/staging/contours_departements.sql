-- A département as a GeoJSON geometry (WGS 84), kept as text: a polygon may be invalid, it is drawn and never
-- measured.
with source as (
    select * from raw.contours_departements
),

typed as (
    select
        trim("properties.code") as code,
        trim("properties.nom") as nom,
        "geometry" as geometrie,
        case when json_valid("geometry") then json_extract_string("geometry", '$.type') end as forme,
        case when json_valid("geometry") then json_array_length("geometry", '$.coordinates') end as parties,
        premier_janvier(_millesime) as millesime,
        _livraison,
        _ligne
    from source
),

ranked as (
    select
        *,
        row_number() over (partition by code, millesime order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([
            motif(
                not est_departement(code),
                'properties.code', coalesce(cite(code) || ' n''est pas un département', 'vide')
            ),
            motif(rang > 1, 'properties.code', cite(code) || ' déjà présent dans ce millésime')
        ] || contour_motifs(forme, parties)) as _motifs
    from ranked
)

select
    code,
    nom,
    forme,
    geometrie,
    millesime,
    _livraison,
    _ligne,
    _motifs
from final
