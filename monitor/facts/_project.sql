-- What a project has committed: its signed contracts, nothing while all of it is draft; and the changes of them that are drafted.
select
    c.project_code,
    case
        when count(*) filter (c.is_signed) = 0 then case when bool_and(c.is_draft) then 0 end
        when count(*) filter (c.is_signed) = count(c.amount_minor) filter (c.is_signed) and count(distinct c.currency) filter (c.is_signed) = 1
            then sum(money(c.amount_minor, c.scale)) filter (c.is_signed)
    end as committed,
    coalesce(sum(a.pending) filter (c.is_signed), 0) as pending
from (
    select
        *, coalesce(signed_on <= as_of(), false) as is_signed,
        signed_on is null and coalesce(status in ('draft', 'in_review', 'pending'), false) as is_draft
    from contract where project_code is not null
) c
left join (
    select contract_id, sum(money(amount_change_minor, scale)) as pending from amendment
    where changed_on is null and coalesce(kind <> 'renegotiation', true) group by contract_id
) a on a.contract_id = c.id
group by c.project_code
