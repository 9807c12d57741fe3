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
    money(o.amount_minor, o.scale) as amount,  -- Value that hangs on it, whole units. Empty: not recorded.
    past(o.start_on) as start_on,  -- Day work began. Empty: not recorded, or not yet.
    o.due_on as due_on,  -- Day by which it is due as planned now. Empty: no day was given.
    h.first_day as due_first,  -- Day by which it was due when first recorded. Empty: no day was given.
    h.moves as due_moves,  -- Times the day was moved, seen by us.
    o.due_on - h.first_day as days_slipped,  -- Days between the first and the present due day. Empty: no day was given.
    o.due_on - h.year_ago as days_slipped_12m,  -- Days its due day was moved in the last 12 months. Empty: nothing was recorded of it a year ago.
    past(o.done_on) as done_on,  -- Day it was done. Empty: not recorded, or not yet.
    case
        when o.done_on <= as_of() then coalesce(nullif(o.status, 'scheduled'), 'met')
        when o.done_on > as_of() and o.status = 'met' then 'scheduled'
        when o.marked_on > as_of() and o.status in ('met', 'notMet', 'waived') then 'scheduled'
        else o.status
    end as status,  -- scheduled, partiallyMet, met, notMet or waived, on the day. Empty: not recorded.
    past(o.marked_on) as marked_on,  -- Day the status was entered. Empty: not recorded.
    o.evidence_count as evidence_count,  -- Documents that prove it. Empty: the source does not say.
    o.cause as cause,  -- Who caused the delay, 原因归属: government, counterparty, both, force_majeure. Empty: not recorded.
    o.conditions_met as conditions_met,  -- What it depends on has happened. Empty: not recorded.
    o.planned_percent as planned_percent,  -- Progress planned by now, per cent. Empty: not recorded.
    o.actual_percent as actual_percent,  -- Progress found, per cent. Empty: not recorded.
    past(o.requested_on) as requested_on,  -- Day it was applied for: acceptance, claim, receipt of goods. Empty: not recorded, or not yet.
    past(o.answered_on) as answered_on,  -- Day the application was answered. Empty: not recorded, or not yet.
    o.users_consulted as users_consulted,  -- The users of the service were heard. Empty: not recorded.
    past(o.demanded_on) as demanded_on,  -- Day the last written demand was served. Empty: none recorded.
    past(o.decision_on) as decision_on,  -- Day the written decision to perform was served. Empty: none recorded.
    past(o.contested_on) as contested_on,  -- Day it was taken to review or court. Empty: it was not.
    past(o.enforced_on) as enforced_on,  -- Day the court was asked to enforce. Empty: it was not.
    past(o.refused_on) as refused_on,  -- Day performance was refused in writing. Empty: it was not.
    past(o.abandoned_on) as abandoned_on,  -- Day since which the site is deserted or key staff gone. Empty: it is not.
    past(o.checked_on) as checked_on,  -- Day quality was checked or defects notified. Empty: not recorded.
    o.inspect_until as inspect_until,  -- Agreed last day to notify defects. Empty: none agreed, or not recorded.
    o.warranty_until as warranty_until,  -- Last day of warranty. Empty: none agreed, or not recorded.
    o.developed_percent as developed_percent,  -- Share of the land under development, per cent. Empty: not recorded.
    o.invested_percent as invested_percent,  -- Share of the investment made, per cent. Empty: not recorded.
    past(o.stopped_on) as stopped_on,  -- Day development stopped. Empty: it did not.
    past(o.cure_notice_on) as cure_notice_on,  -- Day of the cure notice. Empty: none was given.
    past(o.rights_reserved_on) as rights_reserved_on,  -- Day a notice reserving rights was sent. Empty: none was.
    past(o.surety_notified_on) as surety_notified_on,  -- Day the surety was notified. Empty: it was not.
    o.termination_likely as termination_likely,  -- Termination for default is likely. Empty: not recorded.
    past(o.heard_on) as heard_on,  -- Day its source last said something of it. Empty: before our records.
    past(o.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    o.source as source,  -- Source that told us.
    o.source_row as source_row  -- Row of the payload it was read from.
from obligation o
left join (
    select id, arg_min(day, seq) filter (where day is not null) as first_day, count(*) filter (where moved) as moves,
        arg_max(day, seq) filter (where recorded_on <= cast(as_of() - interval 12 months as date)) as year_ago
    from (
        select *, day is distinct from lag(day) over w and lag(day) over w is not null as moved
        from history where noun = 'obligation' and recorded_on <= as_of()
        window w as (partition by id order by seq)
    )
    group by id
) h on h.id = o.id
