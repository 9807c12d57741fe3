-- What a person would put before three queries: the day, its working days, and the newest rate. `calendar` is one row of two
-- lists: for each day from 1990 on the working days up to it, and the working days themselves.
create macro as_of() as date '{as_of}';
create macro told(d) as case when d <= as_of() then d end;
create macro working_days_to(d) as ordinal[case when d >= date '1990-01-01' then d - date '1990-01-01' + 1 end];
create macro working_day(n) as workday[case when n > 0 then n end];
create macro is_working(d) as working_day(working_days_to(d)) = d;
create macro roll(d) as case when is_working(d) then d else working_day(working_days_to(d) + 1) end;
create macro plus_working_days(d, n) as working_day(working_days_to(d) + n);
create macro plus_months(d, n) as (d + to_months(n))::date;
create macro lpr(d) as case
    when d >= date '2025-05-20' then 0.0300 when d >= date '2024-10-21' then 0.0310 when d >= date '2024-07-22' then 0.0335
    when d >= date '2023-08-21' then 0.0345 when d >= date '2023-06-20' then 0.0355 when d >= date '2022-08-22' then 0.0365
    when d >= date '2022-01-20' then 0.0370 when d >= date '2021-12-20' then 0.0380 when d >= date '2020-04-20' then 0.0385 end;
create macro sme_law(d) as d >= date '2020-09-01';
