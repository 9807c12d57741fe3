-- party: one row a counterparty.
select
    p.id as id,  -- Key of the party.
    p.name as name,  -- Name, 合同相对人.
    p.uscc as uscc,  -- Unified social credit code or register number. Empty: not recorded.
    p.size_at_signing as size,  -- large, medium, small or micro, when the contract was signed. Empty: not recorded.
    p.sme_declared as sme_declared,  -- It told the buyer at signing that it is an SME. Empty: not recorded.
    p.status as status,  -- Word of the company register. Empty: never looked up.
    p.licence_until as licence_until,  -- Last day of its licence. Empty: not recorded.
    coalesce(n.open_contracts, 0) as open_contracts,  -- Contracts with it that are not over, on the day.
    n.jurisdiction as jurisdiction,  -- Whose law applies to its newest contract. Empty: not recorded.
    p.source as source  -- Source that told us.
from party p
left join (
    select
        f.party_id,
        count(*) filter (where coalesce(f.status not in ('completed', 'terminated', 'cancelled', 'archived'), true))
            as open_contracts,
        arg_max(f.jurisdiction, c.seq) as jurisdiction
    from fact_contract f
    join contract c on c.id = f.id
    group by f.party_id
) n on n.party_id = p.id
