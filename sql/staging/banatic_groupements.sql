-- One member of one groupement according to BANATIC; a groupement repeats on as many rows as it has members.
with source as (
    select * from raw.banatic_groupements
),

typed as (
    select
        sans_decimale("N° SIREN") as siren,
        sans_decimale("Siren membre") as membre_siren,
        renseigne("Nom du groupement") as nom,
        renseigne("Nature juridique") as nature_juridique,
        code_court(split_part("Département siège", ' - ', 1)) as departement,
        "N° SIREN" as siren_recu,
        "Département siège" as departement_recu,
        _livraison,
        _ligne
    from source
),

final as (
    select
        *,
        motifs([
            motif(not est_siren(siren), 'N° SIREN', coalesce(cite(siren_recu) || ' n''est pas un SIREN', 'vide')),
            motif(nom is null, 'Nom du groupement', 'vide'),
            motif(nature_juridique is null, 'Nature juridique', 'vide'),
            motif(
                not blanc(departement_recu) and not est_departement(departement),
                'Département siège', cite(departement_recu) || ' n''est pas un département'
            )
        ]) as _motifs
    from typed
)

select
    siren,
    membre_siren,
    nom,
    nature_juridique,
    case when est_departement(departement) then departement end as departement,
    _livraison,
    _ligne,
    _motifs
from final
