-- The names to resolve to a SIREN, with what hints at the authority: those of the evidence of the register, and those of
-- the candidates judged to be AI, or doubtful, whose source declares no SIREN.
with registre as (
    select
        preuve_id as nom_id,
        collectivite as nom,
        type_indice,
        territoire_indice,
        siret
    from core.preuves
),

candidats as (
    select
        candidat_id as nom_id,
        nom_francise(acheteur) as nom,
        cast(null as varchar) as type_indice,
        territoire_indice,
        cast(null as varchar) as siret
    from core.candidats_juges
    where decision <> 'non' and republiee and siren is null and acheteur is not null
),

parties as (
    select
        partie_id as nom_id,
        nom,
        cast(null as varchar) as type_indice,
        territoire_indice,
        cast(null as varchar) as siret
    from core.noms_reunis
),

reunis as (
    select * from registre
    union all
    select * from candidats
    union all
    select * from parties
)

select
    nom_id,
    nom,
    type_indice,
    territoire_indice,
    siret,
    cast(null as varchar) as code_postal
from reunis
