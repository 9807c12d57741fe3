-- party: one row a counterparty.
select
    p.id as id,  -- Key of the party.
    p.name as name,  -- Name, 合同相对人.
    p.uscc as uscc,  -- Unified social credit code or register number. Empty: not recorded.
    p.size_at_signing as size,  -- large, medium, small or micro, when the contract was signed. Empty: not recorded.
    p.sme_declared as sme_declared,  -- It told the buyer at signing that it is an SME. Empty: not recorded.
    p.ownership as ownership,  -- private, state or foreign. Empty: not recorded.
    p.status as status,  -- Word of the company register. Empty: never looked up.
    p.licence_until as licence_until,  -- Last day of its licence. Empty: not recorded.
    case when p.distress_on <= as_of() or p.distress_on is null then p.distress end
        as distress,  -- Sign that it may be unable to perform. Empty: none recorded.
    past(p.distress_on) as distress_on,  -- Day of that sign. Empty: none recorded.
    past(p.security_on) as security_on,  -- Day it gave security after that sign. Empty: none given.
    coalesce(n.open_contracts, 0) as open_contracts,  -- Contracts with it that are not over, on the day.
    coalesce(n.duties, 0)::bigint as duties_open,  -- Its promises and debts not done on the day.
    n.advance_share as advance_share,  -- Largest share of a contract's amount that is advance not yet recouped. Empty: none recorded.
    j.jurisdiction as jurisdiction,  -- Whose law applies to its newest contract. Empty: not recorded.
    p.source as source  -- Source that told us.
from party p
left join (
    select
        party_id, count(*) filter (where is_open) as open_contracts, sum(party_open) as duties,
        max(advance_share) as advance_share
    from reach group by party_id
) n on n.party_id = p.id
left join around_party j on j.id = p.id
