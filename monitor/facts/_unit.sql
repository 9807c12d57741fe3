-- Whose law applies to each unit: that of its newest contract.
select unit_id as id, arg_max(jurisdiction, seq) as jurisdiction from contract where unit_id is not null group by unit_id
