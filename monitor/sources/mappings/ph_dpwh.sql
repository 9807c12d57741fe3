-- Philippines, Department of Public Works and Highways (DPWH): the transparency portal's answers, one a contract.
-- publisher: DPWH. grain: one JSON object a contract. format: JSON lines, or `records = "data"` of a page.
-- settings: jurisdiction = "PH".
--
-- A contract is a civil works contract. Its one obligation is the completion of the works, owed by the contractor,
-- due on `expiryDate` (which includes the extensions granted so far: an extension shows as a due date that moves).
-- A unit is the implementing office: it stands in `location.province`, a district engineering office or, for 196
-- contracts of 1,036, the regional office itself, which repeats the region. A party is the firm, by its licence
-- number; a joint venture is a party of its own, known by the numbers of its members in order, for the portal turns
-- their order round from field to field and numbers the same venture anew for each bid. What the register says of a
-- member counts for the venture.
--
-- Traps, and how they are met:
-- amountPaid is 0 in every row: payments are not recorded there. No payment is made of a zero, so that no rule takes
--   it for "unpaid"; one is made of every other sum, should the publisher ever begin.
-- awardAmount is text, in a tenth of the rows with commas between thousands. `budget` moves away from it without
--   saying why (0 for terminated contracts, a thousandth in one row): it is left out.
-- completionDate is also filled for terminated contracts: the day the contract ended, not the works. They are not
--   complete, and nobody owes the works any more: the obligation is waived.
-- progress has decimals; it is cut off, never rounded up: 99.6 is not done. One terminated contract has -100.
-- startDate is later than the end in two rows: the contract starts on contractEffectivityDate, the works on startDate.
-- dateOfAward is filled in three rows of ten; empty stays empty. Descriptions are cut off by the publisher (100, 255).
-- "[REVOKED]" stands before the licence number in the contractor's name, "(FORMERLY ...)" stays part of the name.
-- Foreign firms have no licence number: their name is the key.

create macro member_number(t) as nullif(regexp_extract(t, '\((?:\[REVOKED\]\s*)?(\d+)\)\s*$', 1), '');
create macro member_name(t) as
    regexp_replace(trim(regexp_replace(t, '\((?:\[REVOKED\]\s*)?\d+\)\s*$', '')), '\s+', ' ', 'g');

create view works as
select
    trim(doc->>'$.contractId') as id,
    coalesce(nullif(trim(doc->>'$.description'), ''), doc->>'$.procurement.contractName') as title,
    coalesce(nullif(trim(doc->>'$.location.province'), ''), trim(doc->>'$.location.region')) as office,
    trim(doc->>'$.location.region') as region,
    nullif(trim(doc->>'$.contractor'), '') as contractor,
    string_split(trim(doc->>'$.contractor'), ' / ') as members,
    replace(doc->>'$.procurement.awardAmount', ',', '') as amount,
    doc->>'$.amountPaid' as paid,
    day(left(doc->>'$.procurement.dateOfAward', 10), '%Y-%m-%d') as award_notice_on,
    day(doc->>'$.contractEffectivityDate', '%Y-%m-%d') as effective_on,
    day(doc->>'$.startDate', '%Y-%m-%d') as works_start_on,
    day(doc->>'$.expiryDate', '%Y-%m-%d') as end_on,
    day(doc->>'$.completionDate', '%Y-%m-%d') as ended_on,
    doc->>'$.status' as stage,
    doc->>'$.progress' as progress,
    source_row
from raw;

create view firm as
select
    *,
    case when contractor is not null then array_to_string(
        list_sort(list_transform(members, lambda m: coalesce(member_number(m), skeleton(m)))), '+') end as party
from works;

create view unit as
select office as id, office as name, min(nullif(region, office)) as parent, min(source_row) as source_row
from works
where office is not null
group by office
order by source_row;

create view party as
select
    party as id,
    min(array_to_string(list_transform(members, lambda m: member_name(m)), ' / ')) as name,
    min(case when len(members) = 1 then member_number(contractor) end) as uscc,
    case when bool_or(contains(contractor, '[REVOKED]')) then 'revoked' end as status,
    min(source_row) as source_row
from firm
where party is not null
group by party
order by source_row;

create view contract as
select
    id,
    id as number,
    title,
    'GCJS' as kind,
    office as unit_id,
    party as party_id,
    'PHP' as currency,
    amount,
    award_notice_on,
    effective_on as start_on,
    end_on,
    case when stage is distinct from 'Terminated' then ended_on end as completed_on,
    case stage
        when 'Completed' then 'completed'
        when 'On-Going' then 'active'
        when 'Terminated' then 'terminated'
        when 'Not Yet Started' then 'pending'
        else stage
    end as status,
    case
        when stage = 'Terminated' and progress = '-100' then null
        when try_cast(progress as decimal(12, 4)) between 0 and 100 then floor(progress::decimal(12, 4))::integer::varchar
        else progress || ' per cent'
    end as progress_percent,
    source_row
from firm;

create view obligation as
select
    id || '/completion' as id,
    id as contract_id,
    'counterparty' as side,
    'delivery' as kind,
    'Completion of the works' as title,
    works_start_on as start_on,
    end_on as due_on,
    case when stage is distinct from 'Terminated' then ended_on end as done_on,
    case stage
        when 'Completed' then 'met'
        when 'On-Going' then 'scheduled'
        when 'Terminated' then 'waived'
        when 'Not Yet Started' then 'scheduled'
        else stage
    end as status,
    source_row
from works;

create view payment as
select
    id || '/paid' as id,
    id as contract_id,
    'government' as side,
    'Paid so far' as title,
    'PHP' as currency,
    paid,
    source_row
from works
where try_cast(paid as decimal(30, 4)) is distinct from 0 and paid is not null;
