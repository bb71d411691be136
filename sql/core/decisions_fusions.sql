-- What the machine says today of the pairs that decisions name. Apart from core.decisions_objets, because traces depend on
-- the other decisions.
select distinct
    'fusion' as objet_type,
    least(a.cle, b.cle) || ' + ' || greatest(a.cle, b.cle) as objet,
    fusion_dite(p.proposition, p.reservee) as valeur
from staging.decisions as d
inner join core.traces as a on a.cle = split_part(d.cle, ' + ', 1)
inner join core.traces as b on b.cle = split_part(d.cle, ' + ', 2)
left join core.traces_paires as p
    on p.trace_a = least(a.trace_id, b.trace_id) and p.trace_b = greatest(a.trace_id, b.trace_id)
where d.objet_type = 'fusion'
