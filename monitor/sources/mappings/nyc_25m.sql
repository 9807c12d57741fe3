-- New York City: Capital Projects over 25 million dollars (NYC Open Data), dated reports.
-- publisher: City of New York. grain: one row a project and report; a row is what was known on "Date Reported As Of",
-- so every view says its edition and one payload becomes as many editions as it holds reports (15 of 2013 to 2019).
-- settings: jurisdiction = "US-NY".
--
-- A contract is a project (PID). Its one obligation is the completion, promised by the city, due on the forecast
-- completion: the forecast that moves from report to report is the slip. A unit is the managing agency.
--
-- Traps, and how they are met:
-- "Total Budget Changes" and "Total Schedule Changes" are totals over the project's whole life, repeated on every row:
--   a report of 2013 would tell what happened by 2019. They are never read. Nor are the two "Latest ..." columns: the
--   store finds changes by itself.
-- Early reports hold only projects that were still alive later (45 in 2013, 378 in 2019): rates over time are biased.
-- A budget of 0 (8 rows, all without a plan yet) means that none is given: empty, not zero. A budget below zero
--   (1 row) and a completion more than 50 years ahead (1 row: 2108) are no such thing: the row goes to quarantine.
-- 105 rows have neither phase nor dates: they are kept, with nothing known but the project.
-- A project that is finished leaves the reports without a word: nothing here is ever met.
-- A row whose report date cannot be read would pass as known today: it is left without an id and so refused.

create view report as
select
    day(date_reported_as_of, '%m/%d/%Y %I:%M:%S %p') as edition_on,
    case when try_cast(edition_on as date) is not null then trim(pid) end as id,
    trim(project_name) as title,
    nullif(trim(managing_agency), '') as agency,
    nullif(trim(current_phase), '') as phase,
    day(design_start, '%m/%d/%Y') as start_on,
    case
        when year(try_cast(day(forecast_completion, '%m/%d/%Y') as date)) > year(try_cast(edition_on as date)) + 50
            then forecast_completion || ' (more than 50 years ahead)'
        else day(forecast_completion, '%m/%d/%Y')
    end as end_on,
    case
        when try_cast(budget_forecast as decimal(30, 4)) = 0 then null
        when try_cast(budget_forecast as decimal(30, 4)) < 0 then budget_forecast || ' (below zero)'
        else budget_forecast
    end as amount,
    source_row
from raw;

create view unit as
select agency as id, agency as name, edition_on, min(source_row) as source_row
from report
where agency is not null and id is not null
group by agency, edition_on
order by source_row;

create view contract as
select
    id,
    id as number,
    title,
    'GCJS' as kind,
    agency as unit_id,
    'USD' as currency,
    amount,
    case when phase is not null then 'active' end as status,
    start_on,
    end_on,
    edition_on,
    source_row
from report;

create view obligation as
select
    id || '/completion' as id,
    id as contract_id,
    'government' as side,
    'delivery' as kind,
    'Completion of the project' as title,
    start_on,
    end_on as due_on,
    'scheduled' as status,
    edition_on,
    source_row
from report;
