-- An authority of the register: every région and département, the EPT, and the authorities cited with their homonyms.
with source as (
    select * from raw.territoires_cites
),

typed as (
    select
        trim(s.siren) as siren,
        s.type as type_recu,
        v.code as type,
        trim(s.code) as code,
        trim(s.nom) as nom,
        s.nature_juridique,
        list_sort(list_distinct(string_split(s.departements, '|'))) as departements,
        s.region,
        entier_francais(s.population_municipale) as population,
        s.population_municipale as population_recue,
        s._livraison,
        s._ligne
    from source as s
    left join core.vocabulaires as v on v.liste = 'type_collectivite' and v.valeur = s.type
),

ranked as (
    select
        *,
        row_number() over (partition by type, code order by _ligne) as rang
    from typed
),

final as (
    select
        *,
        motifs([
            motif(not est_siren(siren), 'siren', coalesce(cite(siren) || ' n''est pas un SIREN', 'vide')),
            motif(type is null, 'type', coalesce(cite(type_recu) || ' inconnu', 'vide')),
            motif(blanc(code), 'code', 'vide'),
            motif(blanc(nom), 'nom', 'vide'),
            motif(
                departements is null or len(list_filter(departements, lambda d: not est_departement(d))) > 0,
                'departements', 'vide, ou un code qui n''est pas celui d''un département'
            ),
            motif(not coalesce(regexp_full_match(region, '[0-9]{2}'), false), 'region', 'vide, ou pas un code région'),
            motif(
                population_recue is not null and coalesce(population < 0, true),
                'population_municipale', cite(population_recue) || ' n''est pas une population'
            ),
            motif(rang > 1, 'code', cite(code) || ' déjà présent pour ce type')
        ]) as _motifs
    from ranked
)

select
    siren,
    type,
    type_recu as type_registre,
    code,
    nature_juridique,
    region,
    departements,
    nom,
    population,
    _livraison,
    _ligne,
    _motifs
from final
