-- The SIREN that only the register holds, against the directory of companies when it has been asked: true when the
-- directory has it, false when it has not. EPT have no category of their own there and are not judged.
with annuaire as (
    select count(*) as connus
    from staging.recherche_entreprises
)

select
    c.siren,
    max(e.siren) is not null as verifie
from staging.territoires_cites as c
inner join annuaire as a on a.connus > 0
left join staging.recherche_entreprises as e on e.siren = c.siren
where c.type in ('departement', 'collectivite_statut_particulier', 'region')
group by c.siren
