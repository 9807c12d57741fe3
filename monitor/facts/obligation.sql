-- obligation: one row a promise with a day, as it stands on the day. What happened after the day is not seen.
select
    o.id as id,  -- Key of the obligation.
    o.contract_id as contract_id,  -- Key of its contract.
    o.side as side,  -- government or counterparty: who owes it. Empty: not recorded.
    o.kind as kind,  -- What is owed. Empty: not recorded.
    o.title as title,  -- What must be done.
    o.clause as clause,  -- Clause of the contract. Empty: not recorded.
    o.is_key as is_key,  -- A key milestone. Empty: not recorded.
    o.currency as currency,  -- ISO 4217 code of the amount. Empty: no amount.
    money(o.amount_minor, o.currency) as amount,  -- Value that hangs on it, whole units. Empty: not recorded.
    past(o.start_on) as start_on,  -- Day work began. Empty: not recorded, or not yet.
    o.due_on as due_on,  -- Day by which it is due as planned now. Empty: no day was given.
    h.first_day as due_first,  -- Day by which it was due when first recorded. Empty: no day was given.
    h.moves as due_moves,  -- Times the day was moved, seen by us.
    o.due_on - h.first_day as days_slipped,  -- Days between the first and the present due day. Empty: no day was given.
    past(o.done_on) as done_on,  -- Day it was done. Empty: not recorded, or not yet.
    case
        when o.done_on <= as_of() then coalesce(nullif(o.status, 'scheduled'), 'met')
        when o.done_on > as_of() and o.status = 'met' then 'scheduled'
        when o.marked_on > as_of() and o.status in ('met', 'notMet', 'waived') then 'scheduled'
        else o.status
    end as status,  -- scheduled, partiallyMet, met, notMet or waived, on the day. Empty: not recorded.
    past(o.marked_on) as marked_on,  -- Day the status was entered. Empty: not recorded.
    o.evidence_count as evidence_count,  -- Documents that prove it. Empty: the source does not say.
    past(o.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    o.source as source,  -- Source that told us.
    o.source_row as source_row  -- Row of the payload it was read from.
from obligation o
left join (
    select id, arg_min(day, seq) filter (where day is not null) as first_day, count(*) filter (where moved) as moves
    from (
        select *, day is distinct from lag(day) over w and lag(day) over w is not null as moved
        from history where noun = 'obligation' and recorded_on <= as_of()
        window w as (partition by id order by seq)
    )
    group by id
) h on h.id = o.id
