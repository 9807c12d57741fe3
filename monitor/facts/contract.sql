-- contract: one row a contract, as it stands on the day. What happened after the day is not seen.
select
    c.id as id,  -- Key of the contract.
    c.number as number,  -- Unified number, 合同统一编号. Empty: not recorded.
    c.title as title,  -- Title, 合同名称.
    c.kind as kind,  -- Kind of contract, a code of the domain model. Empty: not recorded.
    c.jurisdiction as jurisdiction,  -- Whose law applies, as CN-CQ. Empty: not recorded.
    c.unit_id as unit_id,  -- Key of the contract-owning unit. Empty: not recorded.
    c.party_id as party_id,  -- Key of the counterparty. Empty: not recorded.
    c.currency as currency,  -- ISO 4217 code of the amounts. Empty: no amount.
    money(c.amount_minor, c.currency) as amount,  -- Amount in force, whole units. Empty: not recorded.
    past(c.award_notice_on) as award_notice_on,  -- Day of the award notice. Empty: not recorded, or not yet.
    past(c.signed_on) as signed_on,  -- Day of signing. Empty: not recorded, or not yet signed.
    c.start_on as start_on,  -- First day of performance as agreed. Empty: not recorded.
    c.end_on as end_on,  -- Last day of performance as agreed now. Empty: not recorded.
    h.first_day as end_first,  -- Last day of performance as first recorded. Empty: not recorded.
    h.moves as end_moves,  -- Times the last day was moved, seen by us.
    past(c.completed_on) as completed_on,  -- Day performance was complete. Empty: not recorded, or not yet.
    case
        when c.completed_on <= as_of() and coalesce(c.status not in ('terminated', 'cancelled', 'archived'), true)
            then 'completed'
        when c.completed_on > as_of() and c.status in ('completed', 'archived') then 'active'
        else c.status
    end as status,  -- Where it stands on the day. Empty: not recorded.
    c.progress_percent as progress_percent,  -- Physical progress, per cent. Empty: not recorded.
    c.is_gov_procurement as is_gov_procurement,  -- Under the Government Procurement Law. Empty: not recorded.
    c.is_secret as is_secret,  -- Not to be published. Empty: not recorded.
    coalesce(c.is_recurring, case when c.kind in ('GCJS', 'ZYCR', 'ZSBC') then false end)
        as is_recurring,  -- A standing service that another must follow; works, land and compensation are not. Empty: not recorded.
    c.pay_term_days as pay_term_days,  -- Agreed days to pay. Empty: none agreed, or not recorded.
    c.accept_period_days as accept_period_days,  -- Agreed days for acceptance. Empty: not recorded.
    c.late_rate_ppm::decimal(12, 0) * 0.000001::decimal(7, 6) as late_rate,  -- Agreed interest for late payment, share a year. Empty: none agreed.
    c.advance_percent as advance_percent,  -- Agreed advance, per cent of the amount. Empty: not recorded.
    past(c.exit_plan_on) as exit_plan_on,  -- Day renewal, new procurement or exit was decided. Empty: nothing decided.
    greatest(past(c.updated_on), past(c.heard_on), o.heard_on, p.heard_on, a.heard_on) as heard_on,  -- Day of the last news: a reported update, or a change in the source of the contract, a milestone, a payment, an amendment.
    case when s.filings then true end as records_filings,  -- Its source reports filings at all. Empty: it never did.
    f.legal_filed_on as legal_filed_on,  -- Day of filing with the legal office. Empty: not filed, if filings are reported.
    case when s.publications then true end as records_publications,  -- Its source reports publications at all. Empty: it never did.
    n.published_on as published_on,  -- Day the contract was published. Empty: not published, if publications are reported.
    case when s.payments and coalesce(p.currency = c.currency, p.contract_id is null) then true end
        as records_payments,  -- Its source reports payments, and those of this contract in its own currency. Empty: not so.
    case when p.currency = c.currency then p.paid end as paid,  -- Paid by the government so far, whole units, at least. Empty: no payment recorded, or in another currency than the contract's.
    try_cast(100 * case when p.currency = c.currency then p.paid end / nullif(money(c.amount_minor, c.currency), 0) as decimal(18, 4)) as paid_percent,  -- Paid so far, per cent of the amount. Empty: amount or payments not recorded.
    p.repeated_invoices as repeated_invoices,  -- Invoice numbers that stand on more than one payment. Empty: no payment recorded.
    case when o.currency = c.currency then o.value end as milestone_value,  -- Sum of the milestones' values, whole units. Empty: a milestone has no value, or another currency.
    o.total as obligations,  -- Promises recorded.
    o.open as obligations_open,  -- Promises not done on the day.
    case when s.amendments then coalesce(a.total, 0) end as amendments,  -- Amendments so far. Empty: its source never reports any.
    case when s.amendments then coalesce(a.year, 0) end as amendments_12m,  -- Amendments in the last 12 months. Empty: as above.
    case when s.amendments then coalesce(a.days, 0)::bigint end as days_extended,  -- Days added by amendments. Empty: as above.
    case when s.amendments then case when a.total is null then 0 when a.currency = c.currency or a.added is null then coalesce(a.added, 0) end end as amount_added,  -- Amount added by amendments, whole units. Empty: as above.
    money(c.amount_original_minor, c.currency) as amount_original,  -- Amount when it was signed. Empty: not recorded.
    w.blue_since as alert_blue_since,  -- Oldest blue warning nobody acted on. Empty: there is none.
    w.yellow_since as alert_yellow_since,  -- Oldest yellow warning nobody acted on. Empty: there is none.
    w.orange_since as alert_orange_since,  -- Oldest orange warning nobody acted on. Empty: there is none.
    w.red_since as alert_red_since,  -- Oldest red warning nobody acted on. Empty: there is none.
    past(c.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    c.source as source,  -- Source that told us.
    c.source_row as source_row  -- Row of the payload it was read from.
from contract c
left join (
    select id, arg_min(day, seq) filter (where day is not null) as first_day, count(*) filter (where moved) as moves
    from (
        select *, day is distinct from lag(day) over w and lag(day) over w is not null as moved
        from history where noun = 'contract' and recorded_on <= as_of()
        window w as (partition by id order by seq)
    )
    group by id
) h on h.id = c.id
left join (
    select
        f.contract_id,
        case when count(*) = count(f.amount) then sum(f.amount) end as value,
        case when count(distinct f.currency) = 1 then any_value(f.currency) end as currency,
        max(past(o.heard_on)) as heard_on,
        count(*) as total,
        count(*) filter (where f.done_on is null and coalesce(f.status not in ('met', 'waived'), true)) as open
    from fact_obligation f
    join obligation o on o.id = f.id
    group by f.contract_id
) o on o.contract_id = c.id
left join (
    select
        f.contract_id,
        sum(f.paid) as paid,
        case when count(distinct f.currency) = 1 then any_value(f.currency) end as currency,
        max(past(y.heard_on)) as heard_on,
        count(y.invoice_number) filter (where coalesce(y.invoice_on <= as_of(), true))
            - count(distinct y.invoice_number) filter (where coalesce(y.invoice_on <= as_of(), true)) as repeated_invoices
    from fact_payment f
    join payment y on y.id = f.id
    where coalesce(f.side, 'government') = 'government'
    group by f.contract_id
) p on p.contract_id = c.id
left join (
    select contract_id, min(filed_on) as legal_filed_on from filing
    where filed_with = 'legal' and filed_on <= as_of() group by contract_id
) f on f.contract_id = c.id
left join (
    select contract_id, min(published_on) as published_on from publication
    where kind = 'contract' and published_on <= as_of() group by contract_id
) n on n.contract_id = c.id
left join (
    select
        contract_id, count(*) as total, count(*) filter (where changed_on > as_of() - interval 12 month) as year,
        sum(days_extended) as days, sum(money(amount_change_minor, currency)) as added,
        case when count(distinct currency) = 1 then any_value(currency) end as currency, max(past(heard_on)) as heard_on
    from amendment where changed_on <= as_of() group by contract_id
) a on a.contract_id = c.id
left join (
    select
        source, bool_or(noun = 'filing') as filings, bool_or(noun = 'publication') as publications,
        bool_or(noun = 'amendment') as amendments, bool_or(noun = 'payment') as payments
    from (
        select distinct source, 'filing' as noun from filing
        union all select distinct source, 'publication' from publication
        union all select distinct source, 'amendment' from amendment
        union all select distinct source, 'payment' from payment
    )
    group by source
) s on s.source = c.source
left join (
    select
        contract_id,
        min(level_since) filter (where level = 'blue') as blue_since,
        min(level_since) filter (where level = 'yellow') as yellow_since,
        min(level_since) filter (where level = 'orange') as orange_since,
        min(level_since) filter (where level = 'red') as red_since
    from alert
    where state in ('open', 'acknowledged') and cleared_on is null and rule <> 'GEN-ALT-01' and opened_on <= as_of()
    group by contract_id
) w on w.contract_id = c.id
