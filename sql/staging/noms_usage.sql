-- Names, acronyms and former names under which an authority goes, besides its official name.
with source as (
    select * from raw.noms_usage
),

typed as (
    select
        s.siren,
        s.nom,
        s.genre,
        s.forme,
        s._livraison,
        s._ligne,
        row_number() over (partition by s.siren, s.nom, s.forme order by s._ligne) as rang
    from source as s
),

final as (
    select
        *,
        motifs([
            motif(
                not coalesce(regexp_full_match(siren, '\d{9}'), false),
                'siren', coalesce(cite(siren) || ' n''est pas un SIREN', 'vide')
            ),
            motif(nom is null, 'nom', 'vide'),
            motif(
                genre is null or genre not in ('usage', 'sigle', 'ancien nom'),
                'genre', coalesce(cite(genre) || ' inconnu (usage, sigle ou ancien nom)', 'vide')
            ),
            motif(
                forme not in ('commune', 'epci', 'ept', 'departement', 'region', 'collectivite'),
                'forme', cite(forme) || ' inconnue'
            ),
            motif(rang > 1, 'nom', coalesce(cite(nom), 'vide') || ' déjà présent pour ce SIREN')
        ]) as _motifs
    from typed
)

select
    siren,
    nom,
    genre,
    forme,
    _livraison,
    _ligne,
    _motifs
from final
