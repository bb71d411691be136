-- One case of the Public Sector Tech Watch, spelling variants coded; the words of the source stay beside the codes.
with source as (
    select * from raw.pstw
),

renamed as (
    select
        texte_net("PSTW ID") as id,
        sans_contact(texte_net("Name")) as titre,
        premiere_url("Website") as url,
        premiere_url("Source") as url_source,
        sans_contact(texte_net("Description")) as description,
        texte_net("Geographical extent") as etendue,
        texte_net("Geographical coverage (country)") as pays,
        texte_net("NUTS 2021") as nuts,
        sans_contact(texte_net("Responsible organisation")) as organisme,
        terme("Responsible organisation category") as categorie,
        texte_net("Functions of Government (COFOG level I)") as fonction,
        texte_net("Functions of Government (COFOG level II)") as sous_fonction,
        texte_net("Status") as statut_source,
        texte_net("Start Year") as debut,
        texte_net("End Year") as fin,
        texte_net("Process type") as processus,
        texte_net("Application type") as application,
        terme("Primary Technology") as technologie_lue,
        terme("Secondary Technology") as technologie_seconde_lue,
        texte_net("AI Classification (I)") as ia_classe,
        texte_net("AI Classification Subdomain (II) (main)") as ia_domaine,
        texte_net("Date updated") as maj,
        _livraison,
        _ligne
    from source
),

typed as (
    select
        r.*,
        try_cast(r.debut as integer) as annee_debut,
        try_cast(r.fin as integer) as annee_fin,
        jour(r.maj) as date_maj,
        row_number() over (partition by r.id order by r._ligne) as rang,
        min(r._ligne) over (partition by r.id) as premiere_ligne
    from renamed as r
),

final as (
    select
        t.id,
        t.titre,
        t.description,
        coalesce(t.url, t.url_source) as url,
        t.pays,
        t.nuts,
        t.organisme,
        case
            when t.categorie = 'local government' then 'local'
            when t.categorie = 'regional government' then 'regional'
            when t.categorie in ('central government', 'national government') then 'national'
            when t.categorie = 'european institution/agency' then 'europeen'
            else 'autre'
        end as niveau,
        case terme(t.etendue)
            when 'local' then 'locale'
            when 'regional' then 'regionale'
            when 'national' then 'nationale'
            when 'across countries' then 'internationale'
        end as etendue,
        upper(left(t.fonction, 1)) || substr(lower(t.fonction), 2) as fonction,
        rtrim(t.sous_fonction, '.') as sous_fonction,
        t.statut_source,
        case
            when terme(t.statut_source) in ('planned', 'in development') then 'prevu'
            when terme(t.statut_source) in ('pilot', 'pilot phase') then 'experimentation'
            when terme(t.statut_source) = 'implemented' then 'deploye'
            when terme(t.statut_source) = 'not in use' then 'termine'
            else 'inconnu'
        end as statut,
        t.annee_debut,
        t.annee_fin,
        t.processus,
        t.application,
        case
            when t.technologie_lue = 'artificial intelligence' then 'ia'
            when t.technologie_lue = 'blockchain' then 'blockchain'
            when t.technologie_lue = 'digital twins' then 'jumeau_numerique'
            when t.technologie_lue = 'ar/vr' then 'realite_virtuelle'
            when t.technologie_lue = 'virtual worlds' then 'realite_virtuelle'
            when t.technologie_lue = 'quantum computing' then 'quantique'
            when t.technologie_lue = '5g (edge computing)' then 'reseau_5g'
            else 'autre'
        end as technologie,
        coalesce(t.technologie_lue = 'artificial intelligence', false)
        or coalesce(t.technologie_seconde_lue = 'artificial intelligence', false) as ia_declaree,
        t.ia_classe,
        t.ia_domaine,
        t.date_maj,
        t._livraison,
        t._ligne,
        motifs([
            motif(t.id is null, 'PSTW ID', 'vide'),
            motif(
                t.id is not null and t.rang > 1,
                'PSTW ID', cite(t.id) || ' déjà à l''enregistrement ' || t.premiere_ligne
            ),
            motif(t.titre is null, 'Name', 'vide'),
            motif(t.pays is null, 'Geographical coverage (country)', 'vide'),
            motif(
                t.debut is not null and coalesce(t.annee_debut not between 1950 and 2100, true),
                'Start Year', cite(t.debut) || ' n''est pas une année'
            ),
            motif(
                t.fin is not null and coalesce(t.annee_fin not between 1950 and 2100, true),
                'End Year', cite(t.fin) || ' n''est pas une année'
            ),
            motif(
                t.maj is not null and t.date_maj is null,
                'Date updated', cite(t.maj) || ' n''est pas une date (JJ/MM/AAAA, AAAA-MM-JJ ou numéro de jour de tableur)'
            )
        ]) as _motifs
    from typed as t
)

select
    id,
    titre,
    description,
    url,
    pays,
    nuts,
    organisme,
    niveau,
    etendue,
    fonction,
    sous_fonction,
    statut_source,
    statut,
    annee_debut,
    annee_fin,
    processus,
    application,
    technologie,
    ia_declaree,
    ia_classe,
    ia_domaine,
    date_maj,
    _livraison,
    _ligne,
    _motifs
from final
