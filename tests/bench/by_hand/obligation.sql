-- Fourteen rules about what was promised, 履约. One row a rule that fires: rule, subject_id, level, due.
with acceptance_publications as (
    select distinct source from read_parquet('{folder}/publication.parquet') where kind = 'acceptance' and published_on <= as_of()
),
acceptance_published as (
    select contract_id, min(published_on) as published_on from read_parquet('{folder}/publication.parquet')
    where kind = 'acceptance' and published_on <= as_of() group by contract_id
),
acceptances as (select distinct source from read_parquet('{folder}/contract.parquet') where accepted_on <= as_of()),
premiums as (
    select
        contract_id,
        case
            when bool_or(owed > 0 and due_on < as_of()) then false
            when count(owed > 0 and due_on < as_of()) = count(*) then true
        end as premium_paid
    from (
        select *, amount_minor - case when paid_on > as_of() then 0 else paid_minor end as owed
        from read_parquet('{folder}/payment.parquet') where side = 'counterparty' and kind = 'land_premium'
    )
    group by contract_id
),
promise as (
    select
        o.id, o.side, o.kind, o.due_on, o.cause, o.conditions_met, o.evidence_count, o.users_consulted, o.inspect_until,
        o.warranty_until, o.developed_percent, o.invested_percent, o.planned_percent - o.actual_percent as gap,
        told(o.start_on) as start_on, told(o.done_on) as done_on, told(o.marked_on) as marked_on, told(o.requested_on) as requested_on,
        told(o.answered_on) as answered_on, told(o.demanded_on) as demanded_on, told(o.decision_on) as decision_on,
        told(o.contested_on) as contested_on, told(o.enforced_on) as enforced_on, told(o.refused_on) as refused_on,
        told(o.abandoned_on) as abandoned_on, told(o.checked_on) as checked_on, told(o.stopped_on) as stopped_on,
        case
            when o.done_on <= as_of() then coalesce(nullif(o.status, 'scheduled'), 'met')
            when o.done_on > as_of() and o.status = 'met' then 'scheduled'
            when o.marked_on > as_of() and o.status in ('met', 'notMet', 'waived') then 'scheduled'
            else o.status
        end as status,
        c.kind as contract_kind, c.category, c.is_public_service, c.is_admin_agreement, c.is_gov_procurement, c.start_on as contract_start_on,
        c.end_on as contract_end_on, c.accept_period_days, c.accept_in_working_days, told(c.signed_on) as signed_on,
        told(c.accepted_on) as accepted_on, told(c.relocation_demanded_on) as relocation_demanded_on, left(c.jurisdiction, 2) = 'CN' as in_china,
        case when s.source is not null then true end as records_acceptance_publications,
        case when t.source is not null then true end as records_acceptances, n.published_on as acceptance_published_on, y.premium_paid
    from read_parquet('{folder}/obligation.parquet') o
    left join read_parquet('{folder}/contract.parquet') c on c.id = o.contract_id
    left join acceptance_publications s on s.source = c.source
    left join acceptances t on t.source = c.source
    left join acceptance_published n on n.contract_id = o.contract_id
    left join premiums y on y.contract_id = o.contract_id
),
standing as (
    select
        *, status not in ('met', 'waived') as is_open, coalesce(category = 'works', contract_kind = 'GCJS') as is_works,
        coalesce(is_gov_procurement, case when contract_kind = 'ZFCG' then true
            when contract_kind in ('ZSYZ', 'ZYCR', 'ZSBC', 'GYZC', 'CNS') then false end) as is_procurement
    from promise
),
special as (
    select
        *,
        in_china and side = 'counterparty' and is_open as perf_01,
        in_china and side = 'government' and is_open
            and (kind in ('site', 'drawings', 'documents', 'approval', 'utilities')
                or kind = 'facilities' and coalesce(contract_kind, '') not in ('ZSYZ', 'KJXY', 'CNS')) as perf_02,
        in_china and side = 'government' and is_open and kind = 'acceptance' and requested_on is not null and done_on is null
            and (is_procurement or is_works) as perf_03,
        in_china and side = 'government' and is_open and conditions_met is not null
            and (kind in ('subsidy', 'reward', 'rent_relief', 'approval_help', 'land_supply')
                or kind = 'facilities' and coalesce(contract_kind, '') in ('ZSYZ', 'KJXY', 'CNS')) as pro_01,
        in_china and side = 'government' and is_open and kind = 'judgment' as pro_06,
        in_china and side = 'government' and is_open and kind = 'land_handover' and contract_kind = 'ZYCR'
            and coalesce(conditions_met and premium_paid, conditions_met, premium_paid) is not null as pro_07,
        in_china and side = 'government' and is_open and kind in ('compensation', 'resettlement', 'payment', 'money')
            and contract_kind = 'ZSBC' and done_on is null and (signed_on is null or signed_on >= date '2011-01-21') as pro_08
    from standing
),
steps as (
    select
        s.*, calendar.*,
        case when perf_03 then case
            when accept_period_days is null then plus_working_days(requested_on, 5)
            when coalesce(accept_in_working_days, false) then plus_working_days(requested_on, accept_period_days)
            else roll(requested_on + accept_period_days) end end as answer_by,
        case when perf_03 then coalesce(answered_on, case when start_on >= requested_on then start_on end) end as begun_on,
        case when kind = 'acceptance' and done_on >= date '2015-03-01' then plus_working_days(done_on, 7) end as publish_by,
        coalesce(checked_on, case when accepted_on >= done_on then accepted_on end) as inspected_on,
        plus_months(decision_on, 6) as suit_ends, plus_months(plus_months(decision_on, 6), 3) as closes,
        coalesce(stopped_on >= date '2012-07-01' and (developed_percent * 3 < 100 or invested_percent < 25), false) as is_halted
    from special s, calendar
),
days as (
    select
        *,
        case when as_of() > due_on then due_on when begun_on is null then answer_by
            else coalesce(least(due_on, greatest(answer_by, requested_on + 30)), greatest(answer_by, requested_on + 30)) end as accept_by,
        case when is_halted then plus_months(stopped_on, 12) else plus_months(due_on, 12) end as idle_on,
        warranty_until is not null and (inspect_until is null or inspected_on is not null) as in_warranty,
        case when decision_on is null then demanded_on + 10 when as_of() <= decision_on + 60 then decision_on + 60
            when as_of() <= suit_ends then suit_ends else closes end as step
    from steps
),
later as (
    select *, case when in_warranty then warranty_until else coalesce(inspect_until, plus_months(done_on, 24)) end as inspect_by from days
),
levels as (
    select
        *,
        case when perf_01 and done_on is null then case
            when as_of() >= due_on + 30
                or as_of() > due_on and contract_end_on - coalesce(contract_start_on, signed_on) > 0
                    and as_of() - due_on >= 0.2 * (contract_end_on - coalesce(contract_start_on, signed_on)) then 'red'
            when as_of() >= due_on + 1 then 'orange' when as_of() >= due_on - 15 then 'yellow' when as_of() >= due_on - 30 then 'blue'
        end end as cn_perf_01,
        case when perf_02 and coalesce(cause, '') <> 'counterparty' and done_on is null then case
            when as_of() >= due_on + 30 then 'red' when as_of() >= due_on + 1 then 'orange'
            when as_of() >= due_on - 15 then 'yellow' when as_of() >= due_on - 30 then 'blue'
        end end as cn_perf_02,
        case when perf_03 then case
            when as_of() >= due_on + 30 then 'red' when as_of() > greatest(answer_by, requested_on + 30) or as_of() > due_on then 'orange'
            when begun_on is null and as_of() > answer_by or as_of() >= due_on - 15 then 'yellow' when as_of() >= due_on - 30 then 'blue'
        end end as cn_perf_03,
        case when in_china and side = 'government' and publish_by is not null
            and coalesce(is_public_service,
                case when coalesce(category, case when contract_kind = 'GCJS' then 'works' end) in ('goods', 'works') then false end)
            and (not users_consulted or as_of() > publish_by and records_acceptance_publications
                and (acceptance_published_on is null or acceptance_published_on >= done_on)) then 'yellow' end as cn_perf_04,
        case when in_china and is_open and done_on is null and as_of() <= due_on
            and (refused_on is not null or abandoned_on is not null or gap is not null) then case
            when refused_on is not null or as_of() - abandoned_on >= 7 or gap >= 30 then 'orange'
            when gap >= 15 or abandoned_on is not null then 'yellow'
        end end as cn_perf_08,
        case when in_china and side = 'counterparty' and coalesce(status, '') <> 'waived'
            and (inspect_until is not null or warranty_until is not null
                or kind = 'delivery' and done_on is not null and category = 'goods' and records_acceptances)
            and coalesce(category, 'goods') in ('goods', 'works')
            and case when not in_warranty then inspected_on
                when inspect_until is null or checked_on > inspect_until then checked_on end is null then case
            when as_of() >= inspect_by - 7 then 'orange' when as_of() >= inspect_by - 30 then 'yellow' when as_of() >= inspect_by - 60 then 'blue'
        end end as cn_perf_11,
        case when in_china and side = 'counterparty' and kind = 'start_of_works' and contract_kind = 'ZYCR'
            and coalesce(cause, '') not in ('government', 'force_majeure') then case
            when is_open and done_on is null and start_on is null and stopped_on is null then case
                when as_of() >= plus_months(due_on, 24) - 90 then 'red' when as_of() >= idle_on then 'orange' when as_of() >= idle_on - 90 then 'yellow' end
            when is_halted then case when as_of() >= idle_on then 'orange' when as_of() >= idle_on - 90 then 'yellow' end
        end end as cn_perf_13,
        case when in_china and side = 'counterparty' and is_admin_agreement and is_open and done_on is null and contested_on is null
            and enforced_on is null and coalesce(decision_on, demanded_on) >= date '2020-01-01' and coalesce(as_of() > due_on, true) then case
            when as_of() >= closes then 'red' when as_of() >= step - 15 then 'yellow'
        end end as cn_perf_16,
        case when pro_01 and conditions_met and done_on is null then case
            when as_of() >= due_on + 30 then 'red' when as_of() >= due_on + 1 then 'orange'
            when as_of() >= due_on - 30 then 'yellow' when as_of() >= due_on - 60 then 'blue'
        end end as cn_pro_01,
        case when pro_06 and coalesce(conditions_met, true) and done_on is null then case
            when as_of() >= due_on + 1 then 'red' when as_of() >= due_on - 5 then 'orange'
            when as_of() >= due_on - 15 then 'yellow' when as_of() >= due_on - 30 then 'blue'
        end end as cn_pro_06,
        case when pro_07 and coalesce(conditions_met and premium_paid, conditions_met, premium_paid) and done_on is null then case
            when as_of() >= due_on + 30 then 'red' when as_of() >= due_on + 1 then 'orange'
            when as_of() >= due_on - 30 then 'yellow' when as_of() >= due_on - 60 then 'blue'
        end end as cn_pro_07,
        case when pro_08 then case
            when due_on < as_of() or kind <> 'resettlement' and relocation_demanded_on is not null then 'red'
            when due_on - as_of() <= 15 then 'yellow' when due_on - as_of() <= 30 then 'blue'
        end end as cn_pro_08,
        case when is_open and done_on is null
            and not coalesce(perf_01 or perf_02 or perf_03 or pro_01 or pro_06 or pro_07 or pro_08, false) then case
            when as_of() >= due_on + 30 then 'red' when as_of() >= due_on + 1 then 'orange'
            when as_of() >= due_on - 15 then 'yellow' when as_of() >= due_on - 30 then 'blue'
        end end as gen_dl_01,
        case when status = 'met' and (done_on is null or evidence_count = 0)
            and working_days_to(as_of()) - working_days_to(coalesce(marked_on, done_on)) > 5 then 'yellow' end as gen_dl_02
    from later
)
select hit.rule as rule, id as subject_id, hit.level as level, hit.due as due
from (
    select id, unnest([
        row('CN-PERF-01', cn_perf_01, due_on), row('CN-PERF-02', cn_perf_02, due_on), row('CN-PERF-03', cn_perf_03, accept_by),
        row('CN-PERF-04', cn_perf_04, publish_by), row('CN-PERF-08', cn_perf_08, due_on), row('CN-PERF-11', cn_perf_11, inspect_by),
        row('CN-PERF-13', cn_perf_13, idle_on), row('CN-PERF-16', cn_perf_16, step), row('CN-PRO-01', cn_pro_01, due_on),
        row('CN-PRO-06', cn_pro_06, due_on), row('CN-PRO-07', cn_pro_07, due_on), row('CN-PRO-08', cn_pro_08, due_on),
        row('GEN-DL-01', gen_dl_01, due_on), row('GEN-DL-02', gen_dl_02, null)
    ]::struct(rule text, level text, due date)[]) as hit
    from levels
    where coalesce(cn_perf_01, cn_perf_02, cn_perf_03, cn_perf_04, cn_perf_08, cn_perf_11, cn_perf_13, cn_perf_16, cn_pro_01, cn_pro_06,
        cn_pro_07, cn_pro_08, gen_dl_01, gen_dl_02) is not null
)
where hit.level is not null
