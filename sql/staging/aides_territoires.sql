-- One grant or call offered to authorities. Lists come as JSON; texts as HTML, which may quote a contact.
with source as (
    select
        texte_net(id) as id,
        sans_contact(sans_balises(name)) as titre,
        sans_contact(sans_balises(description)) as description,
        sans_contact(sans_balises(eligibility)) as eligibilite,
        liste_lue(financers) as financeurs,
        liste_lue(targeted_audiences) as publics,
        liste_lue(categories) as themes_source,
        liste_lue(programs) as programmes,
        texte_net(perimeter) as perimetre_source,
        booleen(is_call_for_project) as appel_a_projets,
        jour(start_date) as date_ouverture,
        submission_deadline as cloture_recue,
        jour(submission_deadline) as date_cloture,
        jour(date_updated) as date_maj,
        case
            when starts_with(url, '/') then 'https://aides-territoires.beta.gouv.fr' || url
            else coalesce(premiere_url(url), premiere_url(origin_url))
        end as url,
        _livraison,
        _ligne
    from raw.aides_territoires
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
            motif(titre is null, 'name', 'vide'),
            motif(
                cloture_recue is not null and date_cloture is null,
                'submission_deadline', cite(cloture_recue) || ' n''est pas une date'
            )
        ]) as _motifs
    from ranked
)

select
    id,
    titre,
    description,
    eligibilite,
    financeurs,
    publics,
    themes_source,
    programmes,
    perimetre_source,
    appel_a_projets,
    url,
    date_ouverture,
    date_cloture,
    date_maj,
    _livraison,
    _ligne,
    _motifs
from final
