-- Fourteen rules about what was promised, 履约: for each rule and row whether it applies, is clear, cannot be told, or which level.
-- Rows that say the same of every rule are counted; those of which something fires are told, each with its days.
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
        select *, amount_minor - case when paid_minor is not null and paid_on > as_of() then 0 else paid_minor end as owed
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
            when contract_kind in ('ZSYZ', 'ZYCR', 'ZSBC', 'GYZC', 'CNS') then false end) as is_procurement,
        coalesce(conditions_met and premium_paid, conditions_met, premium_paid) as may_take_over,
        coalesce(is_public_service, case when coalesce(category, case when contract_kind = 'GCJS' then 'works' end) in ('goods', 'works')
            then false end) as is_for_public
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
        in_china and side = 'government' and is_open and conditions_met in (true, false)
            and (kind in ('subsidy', 'reward', 'rent_relief', 'approval_help', 'land_supply')
                or kind = 'facilities' and coalesce(contract_kind, '') in ('ZSYZ', 'KJXY', 'CNS')) as pro_01,
        in_china and side = 'government' and is_open and kind = 'judgment' as pro_06,
        in_china and side = 'government' and is_open and kind = 'land_handover' and contract_kind = 'ZYCR'
            and may_take_over in (true, false) as pro_07,
        in_china and side = 'government' and is_open and kind in ('compensation', 'resettlement', 'payment', 'money')
            and contract_kind = 'ZSBC' and done_on is null and (signed_on is null or signed_on >= date '2011-01-21') as pro_08,
        in_china and side = 'government' and kind = 'acceptance' and done_on is not null
            and coalesce(done_on >= date '2015-03-01', false) and is_for_public as perf_04,
        in_china and is_open and done_on is null and as_of() <= due_on
            and (refused_on is not null or abandoned_on is not null or gap is not null) as perf_08,
        in_china and side = 'counterparty' and coalesce(status, '') <> 'waived'
            and (inspect_until is not null or warranty_until is not null
                or kind = 'delivery' and done_on is not null and category = 'goods' and records_acceptances)
            and coalesce(category, 'goods') in ('goods', 'works') as perf_11,
        is_open and done_on is null and start_on is null and stopped_on is null as not_started,
        stopped_on is not null and case when stopped_on >= date '2012-07-01'
            then developed_percent * 3 < 100 or invested_percent < 25 end as is_halted,
        in_china and side = 'counterparty' and is_admin_agreement and is_open and done_on is null and contested_on is null
            and enforced_on is null and coalesce(coalesce(decision_on, demanded_on) >= date '2020-01-01', false)
            and coalesce(as_of() > due_on, true) as perf_16
    from standing
),
general as (
    select
        *,
        in_china and side = 'counterparty' and kind = 'start_of_works' and contract_kind = 'ZYCR'
            and coalesce(cause, '') not in ('government', 'force_majeure') and (not_started or is_halted) as perf_13,
        is_open and not coalesce(perf_01 or perf_02 or perf_03 or pro_01 or pro_06 or pro_07 or pro_08, false) as dl_01
    from special
),
steps as (
    select
        s.*, calendar.*,
        case when perf_03 then case
            when accept_period_days is null then plus_working_days(requested_on, 5)
            when coalesce(accept_in_working_days, false) then plus_working_days(requested_on, accept_period_days)
            else roll(requested_on + accept_period_days) end end as answer_by,
        case when perf_03 then coalesce(answered_on, case when start_on >= requested_on then start_on end) end as begun_on,
        case when perf_04 then plus_working_days(done_on, 7) end as publish_by,
        coalesce(checked_on, case when accepted_on >= done_on then accepted_on end) as inspected_on,
        plus_months(decision_on, 6) as suit_ends, plus_months(plus_months(decision_on, 6), 3) as closes
    from general s, calendar
),
days as (
    select
        *,
        case when as_of() > due_on then due_on when begun_on is null then answer_by
            else coalesce(least(due_on, greatest(answer_by, requested_on + 30)), greatest(answer_by, requested_on + 30)) end as accept_by,
        case when perf_13 then case when is_halted then plus_months(stopped_on, 12) else plus_months(due_on, 12) end end as idle_on,
        warranty_until is not null and (inspect_until is null or inspected_on is not null) as in_warranty,
        case when decision_on is null then demanded_on + 10 when as_of() <= decision_on + 60 then decision_on + 60
            when as_of() <= suit_ends then suit_ends else closes end as step
    from steps
),
later as (
    select *, case when in_warranty then warranty_until else coalesce(inspect_until, plus_months(done_on, 24)) end as inspect_by from days
),
codes as (
    -- 0 does not apply, 1 clear, 2 cannot be told, 3 blue, 4 yellow, 5 orange, 6 red.
    select
        *,
        case when not perf_01 then 0 when done_on is not null then 1 when perf_01 is null or due_on is null then 2
            when as_of() >= due_on + 30
                or as_of() > due_on and contract_end_on - coalesce(contract_start_on, signed_on) > 0
                    and as_of() - due_on >= 0.2 * (contract_end_on - coalesce(contract_start_on, signed_on)) then 6
            when as_of() >= due_on + 1 then 5 when as_of() >= due_on - 15 then 4 when as_of() >= due_on - 30 then 3
            else 1 end::ubigint as c0,
        case when not perf_02 then 0 when cause = 'counterparty' or done_on is not null then 1 when perf_02 is null or due_on is null then 2
            when as_of() >= due_on + 30 then 6 when as_of() >= due_on + 1 then 5
            when as_of() >= due_on - 15 then 4 when as_of() >= due_on - 30 then 3 else 1 end::ubigint as c1,
        case when not perf_03 then 0 when perf_03 is null then 2
            when as_of() >= due_on + 30 then 6 when as_of() > greatest(answer_by, requested_on + 30) or as_of() > due_on then 5
            when begun_on is null and as_of() > answer_by or as_of() >= due_on - 15 then 4 when as_of() >= due_on - 30 then 3
            when answer_by is null then 2 else 1 end::ubigint as c2,
        case when not perf_04 then 0 when perf_04 is null then 2
            when not users_consulted or as_of() > publish_by and records_acceptance_publications and acceptance_published_on is null then 4
            when users_consulted and (as_of() <= publish_by or acceptance_published_on >= done_on) then 1 else 2 end::ubigint as c3,
        case when not perf_08 then 0 when perf_08 is null then 2
            when refused_on is not null or as_of() - abandoned_on >= 7 or gap >= 30 then 5
            when gap >= 15 or abandoned_on is not null then 4 else 1 end::ubigint as c4,
        case when not perf_11 then 0
            when case when not in_warranty then inspected_on
                when inspect_until is null or checked_on > inspect_until then checked_on end is not null then 1
            when perf_11 is null or inspect_by is null then 2
            when as_of() >= inspect_by - 7 then 5 when as_of() >= inspect_by - 30 then 4 when as_of() >= inspect_by - 60 then 3
            else 1 end::ubigint as c5,
        case when not perf_13 then 0 when perf_13 is null then 2
            when not_started and as_of() >= plus_months(due_on, 24) - 90 then 6 when as_of() >= idle_on then 5 when as_of() >= idle_on - 90 then 4
            when idle_on is null then 2 else 1 end::ubigint as c6,
        case when not perf_16 then 0 when perf_16 is null then 2
            when as_of() >= closes then 6 when as_of() >= step - 15 then 4 else 1 end::ubigint as c7,
        case when not pro_01 then 0 when done_on is not null or not conditions_met then 1 when pro_01 is null or due_on is null then 2
            when as_of() >= due_on + 30 then 6 when as_of() >= due_on + 1 then 5
            when as_of() >= due_on - 30 then 4 when as_of() >= due_on - 60 then 3 else 1 end::ubigint as c8,
        case when not pro_06 then 0 when done_on is not null or not conditions_met then 1 when pro_06 is null or due_on is null then 2
            when as_of() >= due_on + 1 then 6 when as_of() >= due_on - 5 then 5
            when as_of() >= due_on - 15 then 4 when as_of() >= due_on - 30 then 3 else 1 end::ubigint as c9,
        case when not pro_07 then 0 when done_on is not null or not may_take_over then 1 when pro_07 is null or due_on is null then 2
            when as_of() >= due_on + 30 then 6 when as_of() >= due_on + 1 then 5
            when as_of() >= due_on - 30 then 4 when as_of() >= due_on - 60 then 3 else 1 end::ubigint as c10,
        case when not pro_08 then 0 when pro_08 is null then 2
            when due_on < as_of() or kind <> 'resettlement' and relocation_demanded_on is not null then 6
            when due_on - as_of() <= 15 then 4 when due_on - as_of() <= 30 then 3 when due_on is null then 2 else 1 end::ubigint as c11,
        case when not dl_01 then 0 when done_on is not null then 1 when dl_01 is null or due_on is null then 2
            when as_of() >= due_on + 30 then 6 when as_of() >= due_on + 1 then 5
            when as_of() >= due_on - 15 then 4 when as_of() >= due_on - 30 then 3 else 1 end::ubigint as c12,
        case when status <> 'met' then 0 when status is null then 2 when done_on is not null and evidence_count <> 0 then 1
            when working_days_to(as_of()) - working_days_to(coalesce(marked_on, done_on)) <= 5 then 1
            when (done_on is null or evidence_count = 0) and coalesce(marked_on, done_on) is not null then 4 else 2 end::ubigint as c13
    from later
),
told as (
    select
        id, c0 + c1 * 8 + c2 * 64 + c3 * 512 + c4 * 4096 + c5 * 32768 + c6 * 262144 + c7 * 2097152 + c8 * 16777216 + c9 * 134217728 +
        c10 * 1073741824 + c11 * 8589934592 + c12 * 68719476736 + c13 * 549755813888 as codes,
        greatest(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13) > 2 as fires,
        case when fires then struct_pack("CN-PERF-01" := due_on, "CN-PERF-02" := due_on, "CN-PERF-03" := accept_by, "CN-PERF-04" := publish_by, "CN-PERF-08" :=
            due_on, "CN-PERF-11" := inspect_by, "CN-PERF-13" := idle_on, "CN-PERF-16" := step, "CN-PRO-01" := due_on, "CN-PRO-06" :=
            due_on, "CN-PRO-07" := due_on, "CN-PRO-08" := due_on, "GEN-DL-01" := due_on, "GEN-DL-02" := null::date) end as days
    from codes
)
-- Three bits a rule, the first lowest.
select codes, count(*) as number, list(row(id, days)) filter (where fires) as fired from told group by codes
