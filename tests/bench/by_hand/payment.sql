-- Eighteen rules about what is owed, 付款. One row a rule that fires: rule, subject_id, level, due. Sums are in fen.
with instalments as (
    select contract_id, max(due_on) as last_due from read_parquet('{folder}/payment.parquet')
    where side = 'counterparty' and is_instalment group by contract_id
),
sum_owed as (
    select
        y.id, y.side, y.kind, coalesce(y.currency, c.currency, 'CNY') as any_currency, coalesce(y.currency, 'CNY') as currency, y.amount_minor,
        coalesce(y.disputed_minor, 0) as disputed, case when y.paid_on > as_of() then 0 else y.paid_minor end as paid,
        y.due_on, y.hold_reason, coalesce(y.interest_planned_minor, 0) as interest_planned, y.condition_met, y.delay_reason, y.method,
        y.method_agreed, y.instrument_due_on, y.is_instalment, y.financing, y.confirmed_minor, y.settlement_minor, y.base_kind,
        told(y.invoice_on) as invoice_on, told(y.period_end_on) as period_end_on, told(y.delivered_on) as delivered_on,
        told(y.accepted_on) as accepted_on, told(y.accept_refused_on) as accept_refused_on,
        told(y.settlement_submitted_on) as submitted_on, told(y.settlement_confirmed_on) as confirmed_on,
        told(y.settlement_objected_on) as objected_on, told(y.applied_on) as applied_on, told(y.deferred_on) as deferred_on,
        told(y.confirmation_requested_on) as asked_to_confirm_on, told(y.confirmation_answered_on) as confirmation_answered_on,
        told(y.invoice_returned_on) as invoice_returned_on, told(y.demanded_on) as demanded_on,
        coalesce(told(y.base_on), told(case coalesce(y.base_kind, case when c.accept_is_condition then 'acceptance' else 'delivery' end)
            when 'delivery' then y.delivered_on
            when 'acceptance' then least(told(y.accepted_on),
                case when not coalesce(c.accept_in_working_days, false)
                    and coalesce(y.accept_refused_on > y.delivered_on + c.accept_period_days or y.accept_refused_on > as_of(), true)
                    then y.delivered_on + c.accept_period_days end)
            when 'settlement' then y.settlement_confirmed_on when 'invoice' then y.invoice_on end)) as base_on,
        c.pay_term_days as term_days, c.accept_is_condition, c.accept_period_days, c.accept_in_working_days, c.settle_confirm_days,
        c.is_gov_procurement, c.late_rate_ppm, c.amount_minor as contract_amount, c.audit_clause_agreed, c.start_on as contract_start_on,
        c.jurisdiction, left(c.jurisdiction, 2) = 'CN' as in_china, coalesce(c.category = 'works', c.kind = 'GCJS') as is_works,
        told(c.signed_on) as signed_on, p.size_at_signing as party_size, p.size_at_signing in ('medium', 'small', 'micro') and coalesce(c.kind, '') <> 'ZSBC' as is_sme, c.kind as contract_kind,
        p.ownership, coalesce(u.kind, 'authority') in ('authority', 'institution', 'township') as is_organ,
        u.kind = 'soe' and u.size = 'large' as is_large_company, i.last_due as last_instalment_due
    from read_parquet('{folder}/payment.parquet') y
    left join read_parquet('{folder}/contract.parquet') c on c.id = y.contract_id
    left join read_parquet('{folder}/party.parquet') p on p.id = c.party_id
    left join read_parquet('{folder}/unit.parquet') u on u.id = c.unit_id
    left join instalments i on i.contract_id = y.contract_id
),
standing as (
    select
        *, amount_minor - disputed - paid as unpaid, amount_minor - paid as owed,
        in_china and side = 'government' and amount_minor - disputed - paid > 0 as is_due_from_us,
        in_china and side = 'government' and is_works as is_ours_for_works
    from sum_owed
),
terms as (
    select
        s.*, calendar.*,
        case when is_due_from_us or method is not null or instrument_due_on is not null
            then coalesce(due_on, roll(base_on + term_days)) end as agreed,
        case when (is_due_from_us or method is not null or instrument_due_on is not null) and sme_law(signed_on)
            then roll(base_on + 60) end as latest,
        case when (is_due_from_us or method is not null or instrument_due_on is not null) and sme_law(signed_on)
            and due_on is null and term_days is null then roll(base_on + 30) end as statutory
    from standing s, calendar
),
limits as (
    select
        *,
        -- `least` leaves out what is not known; the law does not.
        coalesce(case when agreed is not null and latest is not null then least(agreed, latest) end, agreed, statutory) as by_law,
        is_sme and sme_law(signed_on) and (is_organ or is_large_company) as is_protected,
        case when in_china and side = 'government' and accept_period_days is not null and coalesce(owed > 0, true) then case
            when coalesce(accept_in_working_days, false) then plus_working_days(delivered_on, accept_period_days)
            else delivered_on + accept_period_days end end as accept_by,
        case when is_due_from_us and is_gov_procurement then case
            when invoice_on >= date '2023-12-15' then working_days_to(as_of()) - working_days_to(invoice_on)
            when invoice_on >= date '2019-09-01' then as_of() - invoice_on end end as invoice_age,
        case when is_due_from_us and is_gov_procurement and invoice_on < date '2023-12-15' then roll(invoice_on + 30) end as invoice_last_day,
        case when is_ours_for_works and unpaid > 0 and kind in ('settlement', 'final')
            then coalesce(due_on, roll(base_on + term_days), delivered_on, submitted_on,
                case when signed_on >= date '2004-10-20' and applied_on is not null and confirmed_on is not null
                    then greatest(applied_on, confirmed_on) + 15 end) end as price_due,
        case when signed_on >= date '2004-10-20' then case
            when any_currency <> 'CNY' then 60 when coalesce(settlement_minor, contract_amount) <= 500000000 then 20
            when coalesce(settlement_minor, contract_amount) <= 2000000000 then 30
            when coalesce(settlement_minor, contract_amount) <= 5000000000 then 45
            when coalesce(settlement_minor, contract_amount) > 5000000000 then 60 end end as settle_days,
        coalesce(case when coalesce(is_instalment, false) then last_instalment_due else due_on end, demanded_on, due_on) as debt_due
    from terms
),
days as (
    select
        *,
        case when is_protected and is_organ then coalesce(by_law, due_on) when is_protected then coalesce(agreed, latest) else agreed end as pay_by,
        case when is_protected and is_organ then by_law when is_protected then coalesce(agreed, latest) else agreed end as plain_by,
        greatest(as_of() - coalesce(by_law, due_on), 0) as days_late,
        case when invoice_on >= date '2023-12-15' then plus_working_days(invoice_on, 10) else invoice_last_day end as invoice_due,
        case when signed_on >= date '2004-10-20' and applied_on is not null and confirmed_on is not null
            then greatest(applied_on, confirmed_on) + 15 end as price_by,
        plus_months(greatest(debt_due, coalesce(demanded_on, debt_due)), 36) as debt_lapses,
        coalesce(least(plus_months(signed_on, 1), contract_start_on - 7), contract_start_on - 7, plus_months(signed_on, 1)) as advance_by,
        coalesce(paid > confirmed_minor, false) as is_overpaid
    from limits
),
interest as (
    select
        *,
        case when is_due_from_us and is_sme and is_organ and hold_reason is null and sme_law(signed_on) then case
            when late_rate_ppm is null then round(unpaid::decimal(20, 0) * 0.01 * 0.0005 * days_late, 2)
            else round((unpaid * 0.01 * greatest(late_rate_ppm * 0.000001, lpr(signed_on)) * days_late / 365)::decimal(28, 8), 2)
        end end as interest_due
    from days
),
levels as (
    select
        *,
        case when is_due_from_us and is_sme and is_organ and term_days is null and due_on is null then case
            when as_of() >= statutory + 8 then 'red' when as_of() >= statutory + 1 then 'orange'
            when as_of() >= statutory - 5 then 'yellow' when as_of() >= statutory - 10 then 'blue' end end as pay_01,
        case when is_due_from_us and coalesce(hold_reason, '') not in ('prior_performance', 'simultaneous_performance', 'insecurity')
            and (due_on is not null or term_days is not null or not coalesce(is_sme, false) or not is_organ) then case
            when as_of() >= agreed + 31 or as_of() > agreed and currency = 'CNY' and unpaid >= 100000000 then 'red'
            when as_of() >= agreed + 1 then 'orange' when as_of() >= agreed - 7 then 'yellow' when as_of() >= agreed - 15 then 'blue'
        end end as pay_03,
        case when accept_by is not null and sme_law(signed_on) and is_sme and is_organ
            and coalesce(base_kind, case when accept_is_condition then 'acceptance' else 'delivery' end) = 'acceptance'
            and accepted_on is null and coalesce(accept_refused_on > accept_by, true) then case
            when as_of() >= accept_by + 1 then 'orange' when as_of() >= accept_by - 3 then 'yellow' end end as pay_04,
        case when in_china and side = 'government' and submitted_on is not null and confirmed_on is null
            and coalesce(objected_on < submitted_on, true) and not coalesce(is_works and kind in ('settlement', 'final'), false) then case
            when as_of() >= submitted_on + coalesce(settle_confirm_days, 28) + 45 then 'red'
            when as_of() >= submitted_on + coalesce(settle_confirm_days, 28) + 15 then 'orange'
            when as_of() >= submitted_on + coalesce(settle_confirm_days, 28) then 'yellow' end end as pay_05,
        case when interest_due > 0 then case when interest_due >= 0.01 * unpaid * 0.01 then 'red' when interest_planned = 0 then 'orange' end
            end as pay_06,
        case when is_due_from_us and (delay_reason in ('leader_change', 'internal_process') or delay_reason in
                ('completion_filing', 'completion_approval', 'final_audit') and not audit_clause_agreed)
            and (delay_reason = 'leader_change' or is_protected or ownership = 'private' and signed_on >= date '2025-05-20')
            and as_of() > plain_by then 'red' end as pay_07,
        case when in_china and side = 'government' and (is_protected or jurisdiction = 'CN-CQ' and signed_on >= date '2021-07-01')
            and (method in ('commercial_bill', 'receivable_voucher', 'property') or instrument_due_on is not null)
            and (method in ('commercial_bill', 'receivable_voucher', 'property') and not method_agreed
                or coalesce(method, '') <> 'property' and instrument_due_on > pay_by) then 'orange' end as pay_09,
        case when is_due_from_us and disputed > 0 and is_sme and signed_on >= date '2025-06-01' and (is_organ or is_large_company) then case
            when as_of() >= pay_by + 15 then 'red' when as_of() >= pay_by + 1 then 'orange' end end as pay_10,
        case when in_china and side = 'government' and asked_to_confirm_on is not null and is_protected and confirmation_answered_on is null
            and (signed_on >= date '2025-06-01' or financing = 'pledge') then case
            when as_of() >= asked_to_confirm_on + 31 then 'orange' when as_of() >= asked_to_confirm_on + 25 then 'yellow'
            when as_of() >= asked_to_confirm_on + 15 then 'blue' end end as pay_11,
        case when invoice_age is not null and coalesce(condition_met, base_on is not null or null)
            and not coalesce(invoice_returned_on >= invoice_on, false) then case
            when invoice_on >= date '2023-12-15' then case
                when invoice_age > 20 or invoice_age > 10 and is_sme and is_organ and term_days is null and due_on is null
                    and signed_on >= date '2020-09-01' and as_of() > roll(base_on + 30) then 'red'
                when invoice_age > 10 then 'orange' when invoice_age >= 8 then 'yellow' when invoice_age >= 5 then 'blue' end
            when as_of() > invoice_last_day + 10 or as_of() > invoice_last_day and is_sme and is_organ and term_days is null and due_on is null
                and signed_on >= date '2020-09-01' and as_of() > roll(base_on + 30) then 'red'
            when as_of() > invoice_last_day then 'orange' when invoice_age >= 28 then 'yellow' when invoice_age >= 25 then 'blue'
        end end as pay_16,
        case when is_ours_for_works and kind = 'advance' and unpaid > 0 and coalesce(condition_met, true) and signed_on >= date '2004-10-20' then case
            when as_of() >= advance_by + 24 then 'red' when as_of() >= advance_by + 1 then 'orange' when as_of() >= advance_by - 7 then 'yellow'
        end end as pay_17,
        case when is_ours_for_works and kind = 'progress' and signed_on >= date '2022-08-01' then case
            when is_overpaid and as_of() > confirmed_on + 30 or as_of() > period_end_on and paid * 100 < 75 * confirmed_minor then 'orange'
            when is_overpaid or as_of() > period_end_on and paid * 100 < 80 * confirmed_minor then 'yellow' end end as pay_18,
        case when is_ours_for_works and submitted_on is not null and kind in ('settlement', 'final') and confirmed_on is null
            and coalesce(objected_on < submitted_on, true) then case
            when as_of() >= submitted_on + settle_days + 30 then 'red' when as_of() >= submitted_on + settle_days + 1 then 'orange'
            when as_of() >= submitted_on + settle_days - 5 then 'yellow' end end as pay_19,
        case when price_due is not null and deferred_on is null then case
            when as_of() >= price_by + 30 or as_of() >= plus_months(price_due, 15) then 'red' when as_of() > price_by then 'orange'
        end end as pay_20,
        case when is_ours_for_works and kind = 'labour' and owed > 0 and due_on >= date '2020-05-01' then case
            when as_of() >= due_on + 1 then 'red' when as_of() >= due_on - 3 then 'yellow' end end as pay_21,
        case when is_due_from_us and coalesce(contract_kind, '') <> 'ZSBC' and party_size is null and is_organ and sme_law(signed_on) and as_of() >= coalesce(by_law, due_on) - 10
            then 'blue' end as pay_22,
        case when in_china and side = 'counterparty' and owed > 0 then case
            when as_of() >= debt_lapses then 'red' when as_of() >= debt_lapses - 30 then 'orange'
            when as_of() >= debt_lapses - 90 then 'yellow' when as_of() >= debt_lapses - 180 then 'blue' end end as perf_10,
        case when in_china and side = 'counterparty' and kind = 'land_premium' and unpaid > 0 then case
            when as_of() >= coalesce(due_on, roll(signed_on + 60)) + 60 then 'red' when as_of() >= coalesce(due_on, roll(signed_on + 60)) + 1 then 'orange'
            when as_of() >= coalesce(due_on, roll(signed_on + 60)) - 3 then 'yellow'
            when as_of() >= coalesce(due_on, roll(signed_on + 60)) - 15 then 'blue' end end as perf_14
    from interest
)
select hit.rule as rule, id as subject_id, hit.level as level, hit.due as due
from (
    select id, unnest([
        row('CN-PAY-01', pay_01, statutory), row('CN-PAY-03', pay_03, agreed), row('CN-PAY-04', pay_04, accept_by),
        row('CN-PAY-05', pay_05, submitted_on + coalesce(settle_confirm_days, 28)), row('CN-PAY-06', pay_06, null), row('CN-PAY-07', pay_07, plain_by),
        row('CN-PAY-09', pay_09, pay_by), row('CN-PAY-10', pay_10, case when is_organ then coalesce(by_law, due_on) else pay_by end),
        row('CN-PAY-11', pay_11, asked_to_confirm_on + 30), row('CN-PAY-16', pay_16, invoice_due), row('CN-PAY-17', pay_17, advance_by),
        row('CN-PAY-18', pay_18, case when is_overpaid then confirmed_on + 30 else period_end_on end),
        row('CN-PAY-19', pay_19, submitted_on + settle_days), row('CN-PAY-20', pay_20, coalesce(price_by, price_due)), row('CN-PAY-21', pay_21, due_on),
        row('CN-PAY-22', pay_22, coalesce(by_law, due_on)), row('CN-PERF-10', perf_10, debt_lapses),
        row('CN-PERF-14', perf_14, coalesce(due_on, roll(signed_on + 60)))
    ]::struct(rule text, level text, due date)[]) as hit
    from levels
    where coalesce(pay_01, pay_03, pay_04, pay_05, pay_06, pay_07, pay_09, pay_10, pay_11, pay_16, pay_17, pay_18, pay_19, pay_20, pay_21,
        pay_22, perf_10, perf_14) is not null
)
where hit.level is not null
