-- Twenty-nine rules about the contract itself, 合同. One row a rule that fires: rule, subject_id, level, due. Sums are in fen.
with promises as (
    select
        contract_id, case when count(*) = count(amount_minor) and count(distinct currency) = 1 then sum(amount_minor) end as worth,
        max(told(heard_on)) as heard_on, count(*) filter (where is_open and side = 'government') as government_open
    from (
        select
            *,
            coalesce(done_on > as_of(), true) and coalesce(case
                when done_on > as_of() and status = 'met' then 'scheduled'
                when marked_on > as_of() and status in ('met', 'notMet', 'waived') then 'scheduled'
                else status end not in ('met', 'waived'), true) as is_open
        from read_parquet('{folder}/obligation.parquet')
    )
    group by contract_id
),
payments as (
    select
        contract_id, sum(paid) as paid, max(told(heard_on)) as heard_on, count(*) filter (where unpaid > 0) as open,
        min(base_on) filter (where unpaid > 0) as unpaid_since,
        min(told(delivered_on)) filter (where coalesce(amount_minor - paid > 0, true) and coalesce(accepted_on > as_of(), true)
            and coalesce(accept_refused_on > as_of(), true)) as accept_waiting_since,
        case when count(*) filter (where kind = 'advance') = count(amount_minor) filter (where kind = 'advance')
            then sum(amount_minor) filter (where kind = 'advance') end as advance,
        count(invoice_number) - count(distinct invoice_number) as repeated_invoices
    from (
        select
            y.* exclude (base_on), case when y.paid_on > as_of() then 0 else y.paid_minor end as paid,
            y.amount_minor - coalesce(y.disputed_minor, 0) - case when y.paid_on > as_of() then 0 else y.paid_minor end as unpaid,
            coalesce(told(y.base_on), told(case coalesce(y.base_kind, case when c.accept_is_condition then 'acceptance' else 'delivery' end)
                when 'delivery' then y.delivered_on
                when 'acceptance' then least(told(y.accepted_on),
                    case when not coalesce(c.accept_in_working_days, false)
                        and coalesce(y.accept_refused_on > y.delivered_on + c.accept_period_days or y.accept_refused_on > as_of(), true)
                        then y.delivered_on + c.accept_period_days end)
                when 'settlement' then y.settlement_confirmed_on when 'invoice' then y.invoice_on end)) as base_on
        from read_parquet('{folder}/payment.parquet') y
        left join read_parquet('{folder}/contract.parquet') c on c.id = y.contract_id
        where coalesce(y.side, 'government') = 'government'
    )
    group by contract_id
),
filings as (
    select
        contract_id, min(filed_on) filter (where filed_with = 'legal') as legal_on,
        min(filed_on) filter (where filed_with in ('finance', 'supervisor')) as finance_on,
        min(filed_on) filter (where filed_with = 'construction') as completion_on
    from read_parquet('{folder}/filing.parquet') where filed_on <= as_of() group by contract_id
),
publications as (
    select contract_id, min(published_on) as published_on from read_parquet('{folder}/publication.parquet')
    where kind = 'contract' and published_on <= as_of() group by contract_id
),
reviews as (
    select
        contract_id, min(told(submitted_on)) as submitted_on, min(told(finished_on)) as finished_on,
        arg_max(result, finished_on) filter (where finished_on <= least(as_of(), last_day)) as result,
        arg_max(text_hash, finished_on) filter (where finished_on <= least(as_of(), last_day)) as text_hash
    from (
        select v.*, coalesce(c.signed_on, as_of()) as last_day
        from read_parquet('{folder}/review.parquet') v left join read_parquet('{folder}/contract.parquet') c on c.id = v.contract_id
    )
    group by contract_id
),
amendments as (
    select
        contract_id, count(*) filter (where changed_on > as_of() - interval 12 month) as this_year, sum(days_extended) as days,
        sum(amount_change_minor) as added, max(told(heard_on)) as heard_on, count(*) as total
    from read_parquet('{folder}/amendment.parquet') where changed_on <= as_of() group by contract_id
),
first_ends as (
    select id, arg_min(day, seq) filter (where day is not null) as end_first from read_parquet('{folder}/history.parquet')
    where noun = 'contract' and recorded_on <= as_of() group by id
),
reported as (
    select source, max(what = 'legal') as legal, max(what = 'finance') as finance, max(what = 'construction') as completion,
        max(what = 'contract') as publication, max(what = 'review') as review, max(what = 'payment') as payment,
        max(what = 'amendment') as amendment, max(what = 'accepted') as accepted, max(what = 'tender') as tender,
        max(what = 'competition') as competition, max(what = 'evaluated') as evaluated
    from (
        select distinct source, case when filed_with = 'supervisor' then 'finance' else filed_with end as what
        from read_parquet('{folder}/filing.parquet') where filed_on <= as_of()
        union all select distinct source, kind from read_parquet('{folder}/publication.parquet') where kind = 'contract' and published_on <= as_of()
        union all select distinct source, 'review' from read_parquet('{folder}/review.parquet') where coalesce(submitted_on, finished_on) <= as_of()
        union all select distinct source, 'payment' from read_parquet('{folder}/payment.parquet')
        union all select distinct source, 'amendment' from read_parquet('{folder}/amendment.parquet')
        union all select distinct source, 'accepted' from read_parquet('{folder}/contract.parquet') where accepted_on <= as_of()
        union all select distinct source, 'tender' from read_parquet('{folder}/contract.parquet') where tender_report_on <= as_of()
        union all select distinct source, 'competition' from read_parquet('{folder}/contract.parquet') where competition_reviewed_on <= as_of()
        union all select distinct source, 'evaluated' from read_parquet('{folder}/contract.parquet') where evaluated_on <= as_of()
    )
    group by source
),
agreed as (
    select
        c.* replace (
            told(c.signed_on) as signed_on, told(c.award_notice_on) as award_notice_on, told(c.completed_on) as completed_on,
            told(c.exit_plan_on) as exit_plan_on, told(c.winner_on) as winner_on, told(c.tender_report_on) as tender_report_on,
            told(c.competition_reviewed_on) as competition_reviewed_on, told(c.completion_reported_on) as completion_reported_on,
            told(c.accepted_on) as accepted_on, told(c.in_use_on) as in_use_on, told(c.rescission_known_on) as rescission_known_on,
            told(c.rescission_decided_on) as rescission_decided_on, told(c.subcontract_found_on) as subcontract_found_on,
            told(c.evaluated_on) as evaluated_on,
            case when c.completed_on <= as_of() and coalesce(c.status not in ('terminated', 'cancelled', 'archived'), true) then 'completed'
                when c.completed_on > as_of() and c.status in ('completed', 'archived') then 'active' else c.status end as status
        ),
        greatest(told(c.updated_on), told(c.heard_on), o.heard_on, p.heard_on, a.heard_on) as last_heard_on,
        o.worth, p.paid, p.unpaid_since, p.accept_waiting_since, p.advance, p.repeated_invoices, p.contract_id is not null as has_payments,
        coalesce(o.government_open, 0) + coalesce(p.open, 0) as government_open, f.legal_on, f.finance_on, f.completion_on, n.published_on,
        r.submitted_on, r.finished_on, r.result, r.text_hash as reviewed_hash, h.end_first, a.this_year, a.days as days_extended, a.added,
        a.total as changes, s.* exclude source, left(c.jurisdiction, 2) = 'CN' as in_china,
        b.size_at_signing in ('medium', 'small', 'micro') and coalesce(c.kind, '') <> 'ZSBC' as is_sme, u.kind as unit_kind, u.size as unit_size,
        coalesce(u.kind, 'authority') in ('authority', 'institution', 'township') as is_organ
    from read_parquet('{folder}/contract.parquet') c
    left join promises o on o.contract_id = c.id
    left join payments p on p.contract_id = c.id
    left join filings f on f.contract_id = c.id
    left join publications n on n.contract_id = c.id
    left join reviews r on r.contract_id = c.id
    left join amendments a on a.contract_id = c.id
    left join first_ends h on h.id = c.id
    left join reported s on s.source = c.source
    left join read_parquet('{folder}/party.parquet') b on b.id = c.party_id
    left join read_parquet('{folder}/unit.parquet') u on u.id = c.unit_id
),
standing as (
    select
        *, coalesce(status, '') in ('draft', 'in_review', 'pending') as is_before, coalesce(category = 'works', kind = 'GCJS') as is_works,
        coalesce(status, '') not in ('completed', 'terminated', 'cancelled', 'archived') or government_open > 0 as is_open,
        coalesce(signed_on, case when status in ('draft', 'in_review', 'pending') then as_of() end) as law_on,
        coalesce(is_gov_procurement, case when kind = 'ZFCG' then true when kind in ('ZSYZ', 'ZYCR', 'ZSBC', 'GYZC', 'CNS') then false end)
            as is_procurement,
        coalesce(start_on, signed_on, planned_sign_on) as starts_on
    from agreed
),
days as (
    select
        s.*, calendar.*,
        case when in_china and pay_term_days is not null and sme_law(law_on) then roll(unpaid_since + 60) end as latest_payment,
        case when in_china and pays_when_paid and law_on >= date '2020-09-01' then
            roll(unpaid_since + coalesce(pay_term_days, case when law_on >= date '2025-06-01' then 60 end)) end as own_term_ends,
        case when legal then plus_working_days(signed_on, 7) end as file_by,
        case when publication and signed_on >= date '2015-03-01' then plus_working_days(signed_on, 2) end as publish_by,
        case when finance then plus_working_days(signed_on, 7) end as finance_by,
        case when award_notice_on is not null then roll(award_notice_on + 30) end as sign_by,
        case when tender then roll(coalesce(winner_on, award_notice_on) + 15) end as report_by,
        case when accepted_on >= date '2000-01-30' then roll(accepted_on + 15) end as completion_by,
        coalesce(rescission_until, plus_months(rescission_known_on, 12)) as rescind_by,
        plus_months(coalesce(evaluated_on, case when evaluated then starts_on end), 12) as evaluate_by,
        greatest(coalesce(days_extended, 0), coalesce(end_on - end_first, 0)) as extended,
        greatest(coalesce(added, 0), coalesce(amount_minor - amount_original_minor, 0)) as dearer,
        case when advance_percent is not null then advance_percent else advance * 100.0 / amount_minor end as advance_share,
        as_of() - last_heard_on as silent, end_on - as_of() as days_left
    from standing s, calendar
),
levels as (
    select
        *,
        case when in_china and is_works and law_on >= date '2017-07-01' and defect_months > 24 then 'yellow' end as gua_03,
        case when in_china and is_works and completion_reported_on >= date '2021-01-01' and as_of() - completion_reported_on >= 60
            and accept_delay_cause = 'government' and accepted_on is null then case
            when as_of() >= completion_reported_on + 90 then 'orange' when as_of() >= completion_reported_on + 75 then 'yellow' else 'blue'
        end end as gua_05,
        case when in_china and pay_term_days > 60 and is_open and is_sme and is_organ and sme_law(law_on) then
            case when signed_on is not null and as_of() > latest_payment then 'red' else 'orange' end end as pay_02,
        case when in_china and settlement_basis = 'audit' and is_open and is_sme and sme_law(law_on) and settlement_law is null
            and (is_organ or unit_kind = 'soe' and unit_size = 'large')
            and (law_on >= date '2025-06-01' or not audit_clause_agreed) then 'orange' end as pay_08,
        case when in_china and is_open and (law_on >= date '2015-01-01' and fund_source = 'fiscal'
                and (not coalesce(has_budget, case when budget_available_minor is not null then true end)
                    or amount_minor > budget_available_minor and not coalesce(has_multiyear_plan, false))
            or law_on >= date '2019-07-01' and is_gov_invest and requires_prefinancing) then 'red' end as pay_14,
        case when in_china and unit_kind = 'soe' and unit_size = 'large' and pays_when_paid and is_sme and sme_law(law_on)
            and (is_open or coalesce(has_dispute, false))
            and (law_on >= date '2025-06-01' or coalesce(has_dispute, false) and as_of() >= date '2024-08-27') then 'orange' end as pay_15,
        case when in_china and accept_is_condition and accept_period_days is null and is_open and is_sme and is_organ and sme_law(law_on)
            then case when accept_waiting_since is not null then 'yellow' else 'blue' end end as pay_23,
        case when in_china and is_open and is_sme and is_organ and sme_law(law_on) and late_rate_ppm * 0.000001 * 100 < 100 * lpr(law_on)
            then 'orange' end as pay_24,
        case when in_china and is_works and is_open and law_on >= date '2004-10-20' and (advance_share < 10 or advance_share > 30)
            and advance_share <> 0 then 'orange' end as pay_25,
        case when in_china and is_works and is_open and law_on >= date '2020-05-01' and (labour_cycle_days > 31 or not has_payment_guarantee)
            then 'red' end as pay_26,
        case when in_china and accepted and accepted_on is null and coalesce(category in ('works', 'goods'), case when kind = 'GCJS' then true end)
            and (in_use_on is not null and not coalesce(emergency_use, false)
                or pre_acceptance_percent is not null and coalesce(100.0 * paid / amount_minor, case when payment and paid is null then 0 end)
                    > pre_acceptance_percent) then 'orange' end as perf_05,
        case when in_china and completion and is_works and completion_on is null then case
            when as_of() >= completion_by + 1 then 'yellow' when as_of() >= completion_by - 5 then 'blue' end end as perf_06,
        case when in_china and rescission_known_on >= date '2021-01-01' and coalesce(status, '') not in ('terminated', 'cancelled')
            and rescission_decided_on is null then case
            when as_of() >= rescind_by then 'red' when as_of() >= rescind_by - 15 then 'orange'
            when as_of() >= rescind_by - 60 then 'yellow' when as_of() >= rescind_by - 90 then 'blue' end end as perf_09,
        case when in_china and subcontract_found_on is not null and (is_procurement or is_works or is_mandatory_tender)
            and (not subcontract_consented or subcontract_key or subcontract_tier >= 2) then 'red' end as perf_12,
        case when in_china and kind = 'TXJY' and coalesce(status, '') not in ('completed', 'terminated', 'cancelled', 'archived')
            and law_on >= date '2023-11-03' then case
            when end_on >= plus_months(starts_on, 480) and not coalesce(term_approved, false) then 'orange'
            when not is_before and as_of() > evaluate_by or coalesce(government_pays, false) then 'yellow' end end as perf_15,
        case when in_china and review and (signed_on is null or signed_on >= date '2012-07-01') and (text_hash <> reviewed_hash
            or (signed_on is not null or status in ('active', 'suspended', 'amending', 'completed', 'terminated', 'archived'))
                and (finished_on is null or finished_on > signed_on or result = 'rejected')) then 'red' end as prc_01,
        case when in_china and review and submitted_on is not null
            and (planned_sign_on is not null or signed_on is null and coalesce(status, 'pending') in ('draft', 'in_review', 'pending'))
            and working_days_to(coalesce(signed_on, planned_sign_on)) - working_days_to(submitted_on)
                < case when coalesce(is_major_decision, false) and submitted_on >= date '2019-09-01' then 7 else 5 end then 'yellow' end as prc_02,
        case when in_china and signed_on is not null and legal_on is null then case
            when as_of() >= plus_working_days(file_by, 10) then 'orange' when as_of() >= plus_working_days(file_by, 1) then 'yellow'
            when as_of() >= working_day(working_days_to(file_by) - 2) then 'blue' end end as prc_03,
        case when in_china and award_notice_on is not null and signed_on is null and is_before then case
            when as_of() > sign_by then 'red' when as_of() - award_notice_on >= 27 then 'orange'
            when as_of() - award_notice_on >= 20 then 'yellow' when as_of() - award_notice_on >= 15 then 'blue' end end as prc_04,
        case when in_china and is_gov_procurement and not coalesce(is_secret, false) and published_on is null then case
            when as_of() >= plus_working_days(publish_by, 9) then 'orange' when as_of() >= plus_working_days(publish_by, 1) then 'yellow'
        end end as prc_05,
        case when in_china and finance_on is null and (is_gov_procurement and signed_on >= date '2003-01-01'
            or jurisdiction = 'CN-CQ' and is_mandatory_tender and (fund_source = 'fiscal' or is_gov_invest) and signed_on >= date '2018-07-26')
            then case when as_of() >= plus_working_days(finance_by, 14) then 'orange' when as_of() >= plus_working_days(finance_by, 1) then 'yellow'
        end end as prc_06,
        case when in_china and tender_report_on is null and is_mandatory_tender and as_of() >= report_by + 1 then 'yellow' end as prc_07,
        case when in_china and (coalesce(amount_original_minor, case when coalesce(changes, 0) = 0 then amount_minor end) <> bid_amount_minor
            or deviates_from_bid) then 'red' end as prc_08,
        case when in_china and coalesce(is_admin_agreement, kind in ('TXJY', 'ZSBC', 'ZYCR')) and dispute_clause = 'arbitration'
            and arbitration_basis is null and (signed_on is null and is_before or signed_on >= date '2015-05-01') then 'yellow' end as prc_09,
        case when in_china and kind = 'ZSYZ' and coalesce(status, '') <> 'cancelled' and law_on >= date '2024-08-01'
            and (coalesce(incentive in ('tax', 'award', 'factor'), false) and incentive_basis is null
                or competition_reviewed_on > signed_on
                or competition and competition_reviewed_on is null
                    and not (signed_on is null and coalesce(status, '') in ('draft', 'in_review'))) then 'red' end as pro_04,
        case when this_year >= 3 or extended > 0 and extended > 0.3 * (end_first - start_on)
            or dearer > 0 and dearer > 0.1 * coalesce(amount_original_minor, amount_minor - added) then 'yellow' end as gen_amd_01,
        case when status = 'active' then case when silent >= 90 then 'orange' when silent >= 60 then 'yellow'
            when silent >= 36 or silent >= 11 and is_major then 'blue' end end as gen_dl_03,
        case when coalesce(is_recurring, case when kind in ('GCJS', 'ZYCR', 'ZSBC') then false end) and exit_plan_on is null
            and status in ('active', 'amending', 'suspended') then case
            when days_left <= 30 then 'orange' when days_left <= 60 then 'yellow' when days_left <= 90 then 'blue' end end as gen_exp_01,
        case when paid > amount_minor then 'red'
            when 100.0 * paid / amount_minor - progress_percent - coalesce(advance_percent, 0) * (100 - progress_percent) / 100.0 > 15
                or abs(worth - amount_minor) > 100 or repeated_invoices > 0 then 'orange' end as gen_fin_01
    from days
)
select hit.rule as rule, id as subject_id, hit.level as level, hit.due as due
from (
    select id, unnest([
        row('CN-GUA-03', gua_03, null), row('CN-GUA-05', gua_05, completion_reported_on + 90), row('CN-PAY-02', pay_02, latest_payment),
        row('CN-PAY-08', pay_08, null), row('CN-PAY-14', pay_14, null), row('CN-PAY-15', pay_15, own_term_ends), row('CN-PAY-23', pay_23, null),
        row('CN-PAY-24', pay_24, null), row('CN-PAY-25', pay_25, null), row('CN-PAY-26', pay_26, null), row('CN-PERF-05', perf_05, null),
        row('CN-PERF-06', perf_06, completion_by), row('CN-PERF-09', perf_09, rescind_by), row('CN-PERF-12', perf_12, subcontract_found_on),
        row('CN-PERF-15', perf_15, evaluate_by), row('CN-PRC-01', prc_01, null), row('CN-PRC-02', prc_02, null), row('CN-PRC-03', prc_03, file_by),
        row('CN-PRC-04', prc_04, sign_by), row('CN-PRC-05', prc_05, publish_by), row('CN-PRC-06', prc_06, finance_by),
        row('CN-PRC-07', prc_07, report_by), row('CN-PRC-08', prc_08, null), row('CN-PRC-09', prc_09, null), row('CN-PRO-04', pro_04, null),
        row('GEN-AMD-01', gen_amd_01, null), row('GEN-DL-03', gen_dl_03, null), row('GEN-EXP-01', gen_exp_01, null), row('GEN-FIN-01', gen_fin_01, null)
    ]::struct(rule text, level text, due date)[]) as hit
    from levels
    where coalesce(gua_03, gua_05, pay_02, pay_08, pay_14, pay_15, pay_23, pay_24, pay_25, pay_26, perf_05, perf_06, perf_09, perf_12, perf_15,
        prc_01, prc_02, prc_03, prc_04, prc_05, prc_06, prc_07, prc_08, prc_09, pro_04, gen_amd_01, gen_dl_03, gen_exp_01, gen_fin_01) is not null
)
where hit.level is not null
