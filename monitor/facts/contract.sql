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
    money(c.amount_minor, c.scale) as amount,  -- Amount in force, whole units. Empty: not recorded.
    past(c.award_notice_on) as award_notice_on,  -- Day of the award notice. Empty: not recorded, or not yet.
    past(c.signed_on) as signed_on,  -- Day of signing. Empty: not recorded, or not yet signed.
    c.effective_on as effective_on,  -- Day it takes effect. Empty: not recorded.
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
    case when s.filings then true end as records_filings,  -- Its source reports filings with the legal office at all. Empty: it never did.
    f.legal_filed_on as legal_filed_on,  -- Day of filing with the legal office. Empty: not filed, if filings are reported.
    case when s.publications then true end as records_publications,  -- Its source reports publications at all. Empty: it never did.
    n.published_on as published_on,  -- Day the contract was published. Empty: not published, if publications are reported.
    case when s.payments and coalesce(p.currency = c.currency, p.contract_id is null) then true end
        as records_payments,  -- Its source reports payments, and those of this contract in its own currency. Empty: not so.
    case when p.currency = c.currency then p.paid end::decimal(28, 4) as paid,  -- Paid by the government so far, whole units, at least. Empty: no payment recorded, or in another currency than the contract's.
    try_cast(100 * case when p.currency = c.currency then p.paid end / nullif(money(c.amount_minor, c.scale), 0) as decimal(18, 4)) as paid_percent,  -- Paid so far, per cent of the amount. Empty: amount or payments not recorded.
    p.repeated_invoices as repeated_invoices,  -- Invoice numbers that stand on more than one payment. Empty: no payment recorded.
    case when o.currency = c.currency then o.value end::decimal(28, 4) as milestone_value,  -- Sum of the milestones' values, whole units. Empty: a milestone has no value, or another currency.
    o.total as obligations,  -- Promises recorded.
    o.open as obligations_open,  -- Promises not done on the day.
    case when s.amendments then coalesce(a.total, 0) end as amendments,  -- Amendments so far. Empty: its source never reports any.
    case when s.amendments then coalesce(a.year, 0) end as amendments_12m,  -- Amendments in the last 12 months. Empty: as above.
    case when s.amendments then coalesce(a.days, 0)::bigint end as days_extended,  -- Days added by amendments. Empty: as above.
    case when s.amendments then case when a.total is null then 0 when a.currency = c.currency or a.added is null then coalesce(a.added, 0) end end::decimal(28, 4) as amount_added,  -- Amount added by amendments, whole units. Empty: as above.
    money(c.amount_original_minor, c.scale) as amount_original,  -- Amount when it was signed. Empty: not recorded.
    w.blue_since as alert_blue_since,  -- Oldest blue warning nobody acted on. Empty: there is none.
    w.yellow_since as alert_yellow_since,  -- Oldest yellow warning nobody acted on. Empty: there is none.
    w.orange_since as alert_orange_since,  -- Oldest orange warning nobody acted on. Empty: there is none.
    w.red_since as alert_red_since,  -- Oldest red warning nobody acted on. Empty: there is none.
    case when s.finance_filings then true end as records_finance_filings,  -- Its source reports filings with treasury or supervisor at all. Empty: it never did.
    f.finance_filed_on as finance_filed_on,  -- Day of filing with the treasury or the tender supervisor. Empty: not filed, if such filings are reported.
    case when s.completion_filings then true end as records_completion_filings,  -- Its source reports filings of completion at all. Empty: it never did.
    f.completion_filed_on as completion_filed_on,  -- Day of filing of completion with the construction authority. Empty: not filed, if such filings are reported.
    case when s.reviews then true end as records_reviews,  -- Its source reports legality reviews at all. Empty: it never did.
    r.submitted_on as review_submitted_on,  -- Day it was first sent for legality review. Empty: not sent, if reviews are reported.
    r.finished_on as reviewed_on,  -- Day of the first opinion. Empty: none, if reviews are reported.
    r.result as review_result,  -- Last opinion by the day of signing: approved, approved_after_changes or rejected. Empty: none by then, or not recorded.
    c.text_hash <> r.text_hash as text_differs,  -- The signed text is not the one reviewed last before signing. Empty: a hash is missing.
    case when s.acceptance_publications then true end as records_acceptance_publications,  -- Its source reports published acceptances at all. Empty: it never did.
    n.acceptance_published_on as acceptance_published_on,  -- Day the result of acceptance was published. Empty: not published, if such are reported.
    case when s.amendment_publications then true end as records_amendment_publications,  -- Its source reports published amendments at all. Empty: it never did.
    case when s.tender_reports then true end as records_tender_reports,  -- Its source reports tender reports at all. Empty: it never did.
    case when s.competition_reviews then true end as records_competition_reviews,  -- Its source reports fair-competition reviews at all. Empty: it never did.
    case when s.acceptances then true end as records_acceptances,  -- Its source reports days of acceptance at all. Empty: it never did.
    case when s.evaluations then true end as records_evaluations,  -- Its source reports days of evaluation at all. Empty: it never did.
    c.category as category,  -- goods, works or services. Empty: not recorded.
    c.is_public_service as is_public_service,  -- A service bought for the public. Empty: not recorded.
    c.is_admin_agreement as is_admin_agreement,  -- An administrative agreement. Empty: not recorded.
    c.is_major as is_major,  -- A major contract. Empty: not recorded.
    c.is_major_decision as is_major_decision,  -- Its matter is a major administrative decision. Empty: not recorded.
    c.is_mandatory_tender as is_mandatory_tender,  -- The law demands a tender. Empty: not recorded.
    c.is_gov_invest as is_gov_invest,  -- Government investment. Empty: not recorded.
    c.project_code as project_code,  -- Code of the project. Empty: not recorded.
    j.committed::decimal(28, 4) as project_committed,  -- Signed contracts of the project, whole units. Empty: no project, an amount missing, or two currencies.
    j.pending::decimal(28, 4) as project_pending,  -- Drafted changes of the project's contracts, whole units. Empty: no project.
    money(c.approved_estimate_minor, c.scale) as approved_estimate,  -- Approved estimate of the project as adjusted. Empty: not recorded.
    money(c.feasibility_minor, c.scale) as feasibility,  -- Investment in the approved feasibility study. Empty: not recorded.
    money(c.budget_available_minor, c.scale) as budget_available,  -- Budget there is for it. Empty: not recorded.
    money(c.bid_amount_minor, c.scale) as bid_amount,  -- Price of the winning bid. Empty: not recorded.
    money(c.settled_amount_minor, c.scale) as settled_amount,  -- Settled final price. Empty: not settled, or not recorded.
    money(c.advance_unrecouped_minor, c.scale) as advance_unrecouped,  -- Advance paid and not yet recouped. Empty: not recorded.
    c.fund_source as fund_source,  -- fiscal or other. Empty: not recorded.
    c.has_budget as has_budget,  -- A budget line stands behind it. Empty: not recorded.
    c.has_multiyear_plan as has_multiyear_plan,  -- An approved yearly plan covers each instalment. Empty: not recorded.
    c.requires_prefinancing as requires_prefinancing,  -- The contractor must pre-finance. Empty: not recorded.
    c.deviates_from_bid as deviates_from_bid,  -- Terms other than tender and bid, or a second contract. Empty: not recorded.
    c.dispute_clause as dispute_clause,  -- litigation or arbitration. Empty: not recorded.
    c.arbitration_basis as arbitration_basis,  -- Statute or treaty that allows arbitration. Empty: none.
    c.settlement_basis as settlement_basis,  -- agreed (documents) or audit (result of the audit office). Empty: not recorded.
    c.settlement_law as settlement_law,  -- Statute that demands the audit result. Empty: none.
    c.audit_clause_agreed as audit_clause_agreed,  -- Both agreed on audit or filing as a condition of payment. Empty: not recorded.
    c.accept_is_condition as accept_is_condition,  -- Acceptance is agreed as a condition of payment. Empty: not recorded.
    c.accept_in_working_days as accept_in_working_days,  -- The acceptance period counts working days. Empty: not recorded.
    c.settle_confirm_days as settle_confirm_days,  -- Agreed days to confirm a settlement. Empty: none agreed, or not recorded.
    c.pays_when_paid as pays_when_paid,  -- Pays only when a third party has paid. Empty: not recorded.
    c.term_expressly_agreed as term_expressly_agreed,  -- The longer term was expressly agreed. Empty: not recorded.
    c.term_justification as term_justification,  -- Objective reason for the longer term. Empty: none.
    c.is_healthcare_term as is_healthcare_term,  -- The option for health care or public undertakings applies. Empty: not recorded.
    c.pre_acceptance_percent as pre_acceptance_percent,  -- Share payable before acceptance as agreed, per cent. Empty: not recorded.
    c.labour_cycle_days as labour_cycle_days,  -- Agreed cycle of labour-cost transfers, days. Empty: not recorded.
    c.has_payment_guarantee as has_payment_guarantee,  -- The employer gave a payment guarantee. Empty: not recorded.
    coalesce(c.has_quality_insurance, case when g.insured > 0 then true end)
        as has_quality_insurance,  -- Quality insurance is in place: as recorded, else one is held on the day. Empty: not recorded.
    c.defect_months as defect_months,  -- Defects liability period, months. Empty: not recorded.
    c.planned_sign_on as planned_sign_on,  -- Day signing is planned for. Empty: not recorded.
    past(c.winner_on) as winner_on,  -- Day the winning bidder was determined. Empty: not recorded, or not yet.
    past(c.tender_report_on) as tender_report_on,  -- Day the tender was reported. Empty: not reported, if such are reported.
    c.incentive as incentive,  -- tax, award, factor or open. Empty: none, or not recorded.
    c.incentive_basis as incentive_basis,  -- Law that allows the incentive. Empty: none.
    past(c.competition_reviewed_on) as competition_reviewed_on,  -- Day of the fair-competition review. Empty: not reviewed, if such are reported.
    past(c.relocation_demanded_on) as relocation_demanded_on,  -- Day the resident was told to move. Empty: not told.
    past(c.completion_reported_on) as completion_reported_on,  -- Day the contractor reported completion. Empty: not yet.
    past(c.accepted_on) as accepted_on,  -- Day of (completion) acceptance. Empty: not yet.
    c.accept_delay_cause as accept_delay_cause,  -- Who caused acceptance to wait. Empty: not recorded.
    past(c.in_use_on) as in_use_on,  -- Day it was put to use. Empty: not yet.
    c.emergency_use as emergency_use,  -- Use before acceptance was approved. Empty: not recorded.
    past(c.rescission_known_on) as rescission_known_on,  -- Day a cause to rescind was known. Empty: there is none.
    c.rescission_until as rescission_until,  -- Agreed last day to rescind. Empty: none agreed.
    past(c.rescission_decided_on) as rescission_decided_on,  -- Day rescission was notified or waived. Empty: not yet.
    past(c.subcontract_found_on) as subcontract_found_on,  -- Day a subcontract or assignment was found. Empty: none was.
    c.subcontract_consented as subcontract_consented,  -- With the buyer's consent. Empty: not recorded.
    c.subcontract_key as subcontract_key,  -- It concerns the main or key part. Empty: not recorded.
    c.subcontract_tier as subcontract_tier,  -- Tier of the subcontract. Empty: not recorded.
    c.term_approved as term_approved,  -- A term beyond the limit was approved. Empty: not recorded.
    past(c.evaluated_on) as evaluated_on,  -- Day of the last evaluation. Empty: none, or not recorded.
    c.government_pays as government_pays,  -- The government promised payments in a concession. Empty: not recorded.
    c.pricing as pricing,  -- fixed, indirect_rates or other. Empty: not recorded.
    past(c.closed_on) as closed_on,  -- Day the contract file was closed. Empty: not yet.
    c.has_dispute as has_dispute,  -- Litigation, appeal or termination is open. Empty: not recorded.
    p.unpaid_since as unpaid_since,  -- Earliest start of a term of a government payment still unpaid. Empty: none is.
    p.accept_waiting_since as accept_waiting_since,  -- Earliest delivery, not known to be paid in full, that is neither accepted nor refused. Empty: none is recorded.
    case when p.advances = p.advance_amounts and p.currency = c.currency then p.advance end::decimal(28, 4)
        as advance,  -- Sum of the advances owed by the government, paid or not, whole units. Empty: none recorded, an amount missing, or another currency.
    q.overdue as party_payments_overdue,  -- Sums the counterparty owes, past their day and not paid in full. Empty: it owes none on record.
    q.premium_paid as premium_paid,  -- The land premium is paid as far as it is due. Empty: none on record, or one whose payment or day is not.
    q.last_instalment_due as last_instalment_due,  -- Last day of a debt of the counterparty paid by instalments. Empty: there is none.
    o.last_duty_due as last_duty_due,  -- Latest due day among the counterparty's open promises. Empty: none has a day.
    case when coalesce(o.contract_id, q.contract_id) is not null then coalesce(o.party_open, 0) + coalesce(q.open, 0) end
        as party_open,  -- Promises and debts of the counterparty not done on the day. Empty: none is recorded.
    case when coalesce(o.contract_id, p.contract_id) is not null then coalesce(o.government_open, 0) + coalesce(p.open, 0) end
        as government_open,  -- Promises and debts of the government not done on the day. Empty: none is recorded.
    nullif(greatest(coalesce(o.overdue_latest, date '0001-01-01'), coalesce(p.overdue_latest, date '0001-01-01')), date '0001-01-01')
        as government_overdue_latest,  -- Latest due day among them that is past. Empty: none is overdue.
    case when g.held > 0 then true end as performance_bond_held,  -- A performance bond is held on the day. Empty: none is recorded.
    c.retention_ppm::decimal(12, 0) * 0.000001::decimal(7, 6) as retention_share,  -- Agreed retention, share of the price. Empty: not recorded.
    g.retentions as retentions,  -- Retentions held on the day, letters included. Empty: none is recorded.
    case when g.retention_currency = c.currency then g.retention end::decimal(28, 4)
        as retention_held,  -- Their sum, whole units. Empty: none is recorded, an amount is missing, or another currency.
    case when g.deducted > 0 then true when g.retentions > 0 and g.formless = 0 then false end
        as retention_deducted,  -- Money is held as retention on the day, not a letter. Empty: none is recorded, or its form is not.
    c.is_architect_engineer as is_architect_engineer,  -- Architect-engineer services. Empty: not recorded.
    case when s.closings then true end as records_closings,  -- Its source reports closed contract files at all. Empty: it never did.
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
        contract_id,
        case when count(*) = count(amount) then sum(amount) end as value,
        case when count(distinct currency) = 1 then any_value(currency) end as currency,
        max(heard_on) as heard_on,
        count(*) as total,
        count(*) filter (where is_open) as open,
        count(*) filter (where is_open and side = 'counterparty') as party_open,
        count(*) filter (where is_open and side = 'government') as government_open,
        max(due_on) filter (where is_open and side = 'counterparty') as last_duty_due,
        max(due_on) filter (where is_open and side = 'government' and due_on < as_of()) as overdue_latest
    from (
        select *, done_on is null and coalesce(status not in ('met', 'waived'), true) as is_open from fact_obligation
    )
    group by contract_id
) o on o.contract_id = c.id
left join (
    select
        contract_id,
        sum(paid) as paid,
        case when count(distinct currency) = 1 then any_value(currency) end as currency,
        max(heard_on) as heard_on,
        count(*) filter (where unpaid > 0) as open,
        min(base_on) filter (where unpaid > 0) as unpaid_since,
        min(delivered_on) filter (where coalesce(owed > 0, true) and accepted_on is null and accept_refused_on is null)
            as accept_waiting_since,
        sum(amount) filter (where kind = 'advance') as advance,
        count(*) filter (where kind = 'advance') as advances,
        count(amount) filter (where kind = 'advance') as advance_amounts,
        max(due_on) filter (where unpaid > 0 and due_on < as_of()) as overdue_latest,
        count(invoice_number) - count(distinct invoice_number) as repeated_invoices
    from fact_payment
    where coalesce(side, 'government') = 'government'
    group by contract_id
) p on p.contract_id = c.id
left join (
    select
        contract_id,
        count(*) filter (where owed > 0) as open,
        count(*) filter (where owed > 0 and due_on < as_of()) as overdue,
        max(due_on) filter (where is_instalment) as last_instalment_due,
        case
            when bool_or(owed > 0 and due_on < as_of()) filter (where kind = 'land_premium') then false
            when count(owed > 0 and due_on < as_of()) filter (where kind = 'land_premium')
                = nullif(count(*) filter (where kind = 'land_premium'), 0) then true
        end as premium_paid
    from fact_payment where side = 'counterparty'
    group by contract_id
) q on q.contract_id = c.id
left join (
    select
        contract_id, min(filed_on) filter (where filed_with = 'legal') as legal_filed_on,
        min(filed_on) filter (where filed_with in ('finance', 'supervisor')) as finance_filed_on,
        min(filed_on) filter (where filed_with = 'construction') as completion_filed_on
    from filing where filed_on <= as_of() group by contract_id
) f on f.contract_id = c.id
left join (
    select
        contract_id, min(published_on) filter (where kind = 'contract') as published_on,
        min(published_on) filter (where kind = 'acceptance') as acceptance_published_on
    from publication where published_on <= as_of() group by contract_id
) n on n.contract_id = c.id
left join (
    select
        contract_id, min(submitted_on) filter (where submitted_on <= as_of()) as submitted_on,
        min(finished_on) filter (where finished_on <= as_of()) as finished_on,
        arg_max(result, finished_on) filter (where finished_on <= least(as_of(), last_day)) as result,
        arg_max(text_hash, finished_on) filter (where finished_on <= least(as_of(), last_day)) as text_hash
    from (select v.*, coalesce(k.signed_on, as_of()) as last_day from review v left join contract k on k.id = v.contract_id)
    group by contract_id
) r on r.contract_id = c.id
left join (
    select
        contract_id,
        count(*) filter (where kind = 'performance') as held,
        count(*) filter (where kind = 'quality_insurance') as insured,
        nullif(count(*) filter (where kind = 'retention'), 0) as retentions,
        count(*) filter (where kind = 'retention' and form = 'cash') as deducted,
        count(*) filter (where kind = 'retention' and form is null) as formless,
        case
            when count(*) filter (where kind = 'retention') = count(amount_minor) filter (where kind = 'retention')
                and count(distinct currency) filter (where kind = 'retention') = 1
                then sum(money(amount_minor, scale)) filter (where kind = 'retention')
        end as retention,
        any_value(currency) filter (where kind = 'retention') as retention_currency
    from guarantee
    where coalesce(start_on <= as_of(), true) and coalesce(returned_on > as_of(), true)
    group by contract_id
) g on g.contract_id = c.id
left join (
    select
        contract_id, count(*) as total, count(*) filter (where changed_on > as_of() - interval 12 month) as year,
        sum(days_extended) as days, sum(money(amount_change_minor, scale)) as added,
        case when count(distinct currency) = 1 then any_value(currency) end as currency, max(past(heard_on)) as heard_on
    from amendment where changed_on <= as_of() group by contract_id
) a on a.contract_id = c.id
left join around_source s on s.source = c.source
left join around_project j on j.project_code = c.project_code
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
