-- One dataset of data.gouv.fr whose record speaks of AI. `licence_du_jeu` is the dataset's own, not that of its record.
with source as (
    select
        texte_net(id) as id,
        sans_contact(texte_net(title)) as titre,
        sans_contact(sans_balises(description)) as description,
        texte_net("organization.id") as organisation_id,
        texte_net("organization.name") as organisation,
        texte_net(license) as licence_du_jeu,
        jour(last_update) as date_maj,
        jour(created_at) as date_creation,
        texte_net(page) as url,
        jour(archived) is not null or jour(deleted) is not null as retire,
        _livraison,
        _ligne
    from raw.datagouv_catalogue
),

ranked as (
    select
        *,
        row_number() over (partition by id order by _ligne) as rang
    from source
),

final as (
    select
        *,
        motifs([
            motif(id is null, 'id', 'vide'),
            motif(id is not null and rang > 1, 'id', cite(id) || ' répété'),
            motif(titre is null, 'title', 'vide')
        ]) as _motifs
    from ranked
)

select
    id,
    titre,
    description,
    organisation_id,
    organisation,
    licence_du_jeu,
    url,
    retire,
    date_maj,
    date_creation,
    _livraison,
    _ligne,
    _motifs
from final
