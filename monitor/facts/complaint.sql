-- complaint: one row a complaint against a unit, as it stands on the day. One received later is not seen.
select
    m.id as id,  -- Key of the complaint.
    coalesce(m.channel, m.kind, m.id) as title,  -- Where it came in, else its kind.
    m.unit_id as unit_id,  -- Key of the unit complained of. Empty: not recorded.
    m.contract_id as contract_id,  -- Key of the contract it is about. Empty: it names none.
    m.kind as kind,  -- sme_arrears or government_breach. Empty: not recorded.
    past(m.received_on) as received_on,  -- Day it came in. Empty: not recorded.
    past(m.accepted_on) as accepted_on,  -- Day it was accepted. Empty: not yet.
    past(m.transferred_on) as transferred_on,  -- Day it was passed to the body that handles it. Empty: not yet.
    past(m.handler_received_on) as handler_received_on,  -- Day that body received it. Empty: not yet.
    past(m.extended_on) as extended_on,  -- Day an extension was approved. Empty: none.
    past(m.result_on) as result_on,  -- Day of the written result. Empty: not yet.
    past(m.verified_on) as verified_on,  -- Day it was verified. Empty: not yet.
    case when m.verified_on <= as_of() then m.is_founded end as is_founded,  -- Verification found it true. Empty: not yet verified, or not recorded.
    past(m.rectified_on) as rectified_on,  -- Day the breach was put right. Empty: not yet.
    coalesce(c.jurisdiction, u.jurisdiction) as jurisdiction,  -- Whose law applies: the contract's, else the unit's. Empty: not recorded.
    past(m.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    m.source as source,  -- Source that told us.
    m.source_row as source_row  -- Row of the payload it was read from.
from complaint m
left join contract c on c.id = m.contract_id
left join fact_unit u on u.id = m.unit_id
where coalesce(m.received_on <= as_of(), true)
