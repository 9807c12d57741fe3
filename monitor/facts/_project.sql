-- What a project has committed: the contracts of one code, and the changes of them that are drafted.
select
    c.project_code,
    case when count(*) = count(c.amount_minor) and count(distinct c.currency) = 1 then sum(money(c.amount_minor, c.scale)) end
        as committed,
    sum(coalesce(a.pending, 0)) as pending
from contract c
left join (
    select contract_id, sum(money(amount_change_minor, scale)) as pending from amendment
    where changed_on is null and coalesce(kind <> 'renegotiation', true) group by contract_id
) a on a.contract_id = c.id
where c.project_code is not null and c.signed_on <= as_of()
group by c.project_code
