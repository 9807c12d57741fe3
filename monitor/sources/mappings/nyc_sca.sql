-- New York City School Construction Authority (SCA): Capital Project Schedules and Budgets (NYC Open Data).
-- publisher: City of New York. grain: one row a phase and funding line; a phase stands there once for each line.
-- settings: jurisdiction = "US-NY".
--
-- A contract is a project at a building; an obligation is one of its phases, owed by the authority, due on the
-- planned end. A unit is a geographic district.
--
-- Traps, and how they are met:
-- Words stand in date cells: PNS (not started), FTK, IEH, DOES, DOER, DOEL, DOEP, DIIR, DIIT, DIIX, F&E, EMER
--   (programmes run without dates), "/  /". They mean "no date given". Anything else that is no date is quarantined.
-- A phase repeated for several funding lines is done when every copy is done, on the last copy's day: a wing that is
--   still open keeps the phase open.
-- A phase that stands there several times is numbered by its funding line, which does not move when its days do.
-- A later edition leaves out phases that have not begun, so a project with nothing but finished phases need not be
--   finished: it stays active. Only one with nothing begun is pending.
-- What hangs on a phase is its budget, summed over its funding lines; a line without one (0, PNB or a programme's word)
--   leaves the sum unknown. Spending and final estimates are known only afterwards: left out.
-- Copies with a column `failure` got it from their author, not from the publisher: never read.

create macro given(t) as case
    when trim(t) in ('PNS', 'FTK', 'IEH', 'DOES', 'DOER', 'DOEL', 'DOEP', 'DIIR', 'DIIT', 'DIIX', 'F&E', 'EMER', '/  /')
        then null
    else nullif(trim(t), '')
end;
create macro us_day(t) as day(given(t), '%m/%d/%Y');

create macro given_budget(t) as nullif(nullif(given(t), 'PNB'), '0');

create view phase as
select
    concat_ws('/', trim(project_building_identifier), trim(project_description)) as project,
    trim(project_phase_name) as phase,
    us_day(project_phase_actual_start_date) as start_on,
    us_day(project_phase_planned_end_date) as due_on,
    case when bool_and(given(project_phase_actual_end_date) is not null)
        then max(us_day(project_phase_actual_end_date)) end as done_on,
    case when bool_and(given_budget(project_budget_amount) is not null) then cast(list_sum(list_transform(
        list_distinct(list({line: dsf_number_s, budget: cast(given_budget(project_budget_amount) as decimal(18, 2))})),
        lambda x: x.budget)) as varchar) end as amount,
    min(dsf_number_s) as line,
    min(source_row) as source_row
from raw
group by all;

create view unit as
select
    'D' || trim(project_geographic_district) as id,
    'District ' || trim(project_geographic_district) as name,
    min(source_row) as source_row
from raw
group by all
order by source_row;

create view contract as
select
    concat_ws('/', trim(project_building_identifier), trim(project_description)) as id,
    any_value(trim(project_school_name) || ' · ' || trim(project_description) order by source_row) as title,
    'D' || any_value(trim(project_geographic_district) order by source_row) as unit_id,
    'GCJS' as kind,
    'USD' as currency,
    case when bool_and(trim(project_status_name) = 'PNS') then 'pending' else 'active' end as status,
    min(us_day(project_phase_actual_start_date)) as start_on,
    max(us_day(project_phase_planned_end_date)) as end_on,
    min(source_row) as source_row
from raw
group by 1
order by source_row;

create view obligation as
select
    concat_ws('/', project, phase)
        || case when copy > 1 then '#' || copy else '' end as id,
    project as contract_id,
    'government' as side,
    'delivery' as kind,
    coalesce(nullif(phase, ''), 'Phase without a name') as title,
    start_on,
    due_on,
    done_on,
    amount,
    case when amount is not null then 'USD' end as currency,
    case when done_on is not null then 'met' else 'scheduled' end as status,
    source_row
from (
    select *, row_number() over (
        partition by project, phase order by line, start_on nulls last, due_on nulls last, source_row
    ) as copy
    from phase
)
order by source_row;
