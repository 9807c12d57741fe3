-- USAID / PEPFAR Supply Chain Management System (SCMS): delivery history. Stands among the tests: the file is not ours to ship.
-- grain: one row an order line. settings: jurisdiction = "US".
--
-- A contract is an order (PO or SO); an obligation is one of its lines, owed by the vendor, due on the scheduled delivery.
-- A unit is the country that ordered, a party the vendor. It begins when the order was sent, or else the price quoted; of
-- 19 % of the lines neither day was captured: they have no beginning, and nobody is asked about them.
--
-- Traps, and how they are met: words stand in date cells ("N/A - From RDC", "Pre-PQ Process", "Date Not Captured"); weight,
-- freight, insurance, recorded day and ASN/DN number came to be known with the delivery and are never read.

create macro us_day(t) as day(
    case when t not in ('N/A - From RDC', 'Pre-PQ Process', 'Date Not Captured') then t end, '%m/%d/%y');

create view unit as select country as id, country as name, min(source_row) as source_row from raw group by all order by source_row;
create view party as select vendor as id, vendor as name, min(source_row) as source_row from raw group by all order by source_row;

create view contract as
select
    po_so as id,
    'Order ' || po_so as title,
    'ZFCG' as kind,
    'goods' as category,
    any_value(country order by source_row) as unit_id,
    any_value(vendor order by source_row) as party_id,
    'USD' as currency,
    cast(sum(cast(line_item_value as decimal(18, 2))) as varchar) as amount,
    'active' as status,
    min(source_row) as source_row
from raw
group by po_so
order by source_row;

create view obligation as
select
    id,
    po_so as contract_id,
    'counterparty' as side,
    sub_classification as kind,
    item_description as title,
    coalesce(us_day(po_sent_to_vendor_date), us_day(pq_first_sent_to_client_date)) as start_on,
    day(scheduled_delivery_date, '%d-%b-%y') as due_on,
    day(delivered_to_client_date, '%d-%b-%y') as done_on,
    line_item_value as amount,
    'USD' as currency,
    'met' as status,
    source_row
from raw
order by source_row;
