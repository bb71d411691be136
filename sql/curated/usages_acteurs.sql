-- Who does what in a project: the authority of each use uses it, that of a programme, plan or charter carries it.
select
    u.projet_id,
    u.usage_id,
    u.siren,
    u.collectivite,
    u.type_collectivite,
    case when u.nature = 'usage' then 'utilisateur' else 'porteur' end as role
from core.usages as u
