-- Buenos Aires city, Observatorio de obras urbanas (BA Data): public works.
-- publisher: Government of the City of Buenos Aires. grain: one row a work. format: CSV, each copy in its own way.
-- settings: jurisdiction = "AR-C".
--
-- A contract is a work. Its one obligation is the completion, owed by the contractor, due on `fecha_fin_inicial`. The
-- portal tells no actual end: a finished work is met, on a day that is not known. A unit is the responsible area; a
-- party is the first company named, by its tax number (CUIT) or else by its name; a joint venture (UTE) has a CUIT.
--
-- Traps, and how they are met:
-- `id` is a position, given anew with each copy, and gone since 2024: the key is the skeleton of name and address.
--   Namesakes get #2, #3 in the order of start, tender and amount; rows equal in every fact stay one.
-- Encodings (UTF-8, Mac Roman, Latin-1) were mixed before publication. Soft hyphens, control characters and a "?" in
--   the middle of a word are taken out of every text; letters that are lost stay lost, and a later repair by the
--   publisher is a new version of the text, never of a date.
-- Days are d/m/Y, d/m/y or Y-m-d. "A/D" and "a definir" say that there is none yet. "mar-23", "10/21" and "2021" are
--   no days, and "13/7/1905" is the year 2021 that a spreadsheet took for a day: the row goes to quarantine.
-- Amounts are 67065700, $ 67.065.700,00, 53,160,000.00 or 2820044.5. "." and "DONACION" give none. Two amounts in one
--   cell, and one that could be read in two ways (123.456), go to quarantine.
-- Progress is in per cent, cut off, not rounded. A bare number between 0 and 1 may be a share: not known.
-- Tender numbers were damaged by a spreadsheet too (3/2016 is "mar-16" a year later): undone.
-- Stages are spelled in many ways; an empty one is not known, and one that is not listed here ("Piloto 1",
--   "Finalizada/desestimada", which says both) goes to quarantine.

create macro tidy(t) as nullif(trim(regexp_replace(regexp_replace(
    regexp_replace(t, '[\x{AD}\x{80}-\x{9F}]', '', 'g'), '(\p{L})\?(\p{L})', '\1\2', 'g'), '[\s\x{A0}]+', ' ', 'g')), '');
create macro calendar_day(t) as try_strptime(trim(t), ['%d/%m/%y', '%d/%m/%Y', '%Y-%m-%d']);
create macro local_day(t) as case
    when lower(trim(t)) in ('a/d', 'a definir') then null
    when year(calendar_day(t)) = 1905 then trim(t) || ' (a year that a spreadsheet took for a day)'
    else coalesce(strftime(calendar_day(t), '%Y-%m-%d'), nullif(trim(t), ''))
end;
create macro figure(t) as regexp_replace(t, '[$\sÂ\x{A0}]', '', 'g');
create macro pesos(t) as case
    when upper(figure(t)) in ('', '.', '-', 'DONACION') then null
    when regexp_full_match(figure(t), '\d+([.,]\d{1,2})?') then replace(figure(t), ',', '.')
    when regexp_full_match(figure(t), '\d{1,3}(\.\d{3}){2,}(,\d{1,2})?|\d{1,3}\.\d{3},\d{1,2}')
        then replace(replace(figure(t), '.', ''), ',', '.')
    when regexp_full_match(figure(t), '\d{1,3}(,\d{3}){2,}(\.\d{1,2})?|\d{1,3},\d{3}\.\d{1,2}')
        then replace(figure(t), ',', '')
    else t
end;
create macro share(t) as try_cast(replace(replace(t, '%', ''), ',', '.') as decimal(12, 4));
create macro whole_percent(t) as case
    when share(t) > 0 and share(t) < 1 and not contains(t, '%') then null
    when share(t) between 0 and 100 then floor(share(t))::integer::varchar
    when share(t) is not null then trim(t) || ' per cent'
    else nullif(trim(t), '')
end;
create macro tender(t) as case
    when lower(trim(t)) in ('-', 'n/a', 'no aplica') then null
    when regexp_full_match(lower(trim(t)), '(ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic)-\d{2}') then
        list_position(['ene', 'feb', 'mar', 'abr', 'may', 'jun', 'jul', 'ago', 'sep', 'oct', 'nov', 'dic'],
            left(lower(trim(t)), 3)) || '/20' || right(trim(t), 2)
    else regexp_replace(tidy(t), '^0(\d/\d{4})$', '\1')
end;
create macro company_name(t) as case
    when lower(trim(t)) in ('-', 'n/a') or starts_with(lower(trim(t)), 'http') then null
    else nullif(rtrim(tidy(string_split(trim(t), chr(10))[1]), ' ,;'), '')
end;
create macro first_cuit(t) as
    nullif(regexp_replace(regexp_extract(t, '\d{2}\s*-?\s*\d{8}\s*-?\s*\d'), '\D', '', 'g'), '');
create macro stage(t) as case strip_accents(lower(tidy(t)))
    when 'finalizada' then 'completed'
    when 'finalizado' then 'completed'
    when 'en ejecucion' then 'active'
    when 'en obra' then 'active'
    when 'en curso' then 'active'
    when 'en construccion' then 'active'
    when 'iniciada' then 'active'
    when 'paralizada' then 'suspended'
    when 'neutralizada' then 'suspended'
    when 'pausada' then 'suspended'
    when 'rescision' then 'terminated'
    when 'rescindida' then 'terminated'
    when 'desestimada' then 'cancelled'
    when 'anteproyecto' then 'pending'
    when 'proyecto' then 'pending'
    when 'en proyecto' then 'pending'
    when 'proyecto comuna' then 'pending'
    when 'proyecto finalizado' then 'pending'
    when 'prox. proyecto' then 'pending'
    when 'proceso administrativo' then 'pending'
    when 'proc. adm' then 'pending'
    when 'en armado de pliegos' then 'pending'
    when 'por licitar' then 'pending'
    when 'prox. licitacion' then 'pending'
    when 'licitacion' then 'pending'
    when 'en licitacion' then 'pending'
    when 'en proceso de licitacion' then 'pending'
    when 'apertura de ofertas' then 'pending'
    when 'negociacion' then 'pending'
    when 'adjudicada' then 'pending'
    when 'adjudicada/firma contrata' then 'pending'
    when 'prox. a ejecutar' then 'pending'
    when 'sin iniciar' then 'pending'
    else tidy(t)
end;

create view work as
select
    skeleton(coalesce(nombre, '')) || '/' || skeleton(coalesce(direccion, '')) as place,
    tidy(nombre) as title,
    tender(nro_contratacion) as number,
    nullif(skeleton(area_responsable), '') as area,
    rtrim(tidy(area_responsable), '.') as area_name,
    company_name(licitacion_oferta_empresa) as company,
    first_cuit(cuit_contratista) as cuit,
    coalesce(cuit, nullif(skeleton(company), '')) as party,
    pesos(monto_contrato) as amount,
    local_day(fecha_inicio) as start_on,
    local_day(fecha_fin_inicial) as end_on,
    stage(etapa) as status,
    whole_percent(porcentaje_avance) as progress,
    source_row
from raw;

create view namesake as
select *, dense_rank() over (
    partition by place order by start_on, number, amount, end_on, status, progress, title, area, party
) as copy
from work;

create view numbered as
select *, place || case when copy > 1 then '#' || copy else '' end as id
from namesake;

create view unit as
select area as id, area_name as name, min(source_row) as source_row
from work
where area is not null
group by area, area_name
qualify row_number() over (partition by area order by count(*) desc, area_name) = 1
order by source_row;

create view party as
select party as id, coalesce(company, 'CUIT ' || any_value(cuit)) as name, any_value(cuit) as uscc,
    min(source_row) as source_row
from work
where party is not null
group by party, company
qualify row_number() over (partition by party order by company is null, count(*) desc, company) = 1
order by source_row;

create view contract as
select
    id,
    number,
    title,
    'GCJS' as kind,
    area as unit_id,
    party as party_id,
    'ARS' as currency,
    amount,
    start_on,
    end_on,
    status,
    progress as progress_percent,
    source_row
from numbered
order by source_row;

create view obligation as
select
    id || '/completion' as id,
    id as contract_id,
    'counterparty' as side,
    'delivery' as kind,
    'Completion of the work' as title,
    start_on,
    end_on as due_on,
    case
        when status = 'completed' then 'met'
        when status in ('pending', 'active', 'suspended') then 'scheduled'
        when status in ('terminated', 'cancelled') then 'waived'
        else status
    end as status,
    source_row
from numbered
order by source_row;
