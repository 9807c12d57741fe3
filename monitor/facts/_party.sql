-- Whose law applies to each party: that of its newest contract.
select party_id as id, arg_max(jurisdiction, seq) as jurisdiction from contract where party_id is not null group by party_id
