-- guarantee: one row a bond, retention or insurance, as it stands on the day.
select
    g.id as id,  -- Key of the guarantee.
    g.contract_id as contract_id,  -- Key of its contract.
    coalesce(g.name, g.kind, g.id) as title,  -- What the contract calls it, else its kind.
    g.kind as kind,  -- bid, performance, retention, wage, advance, payment, quality_insurance, suretyship or other. Empty: not recorded.
    g.form as form,  -- cash, letter, insurance, suretyship or other. Empty: not recorded.
    g.issuer as issuer,  -- Who stands behind it. Empty: not recorded.
    g.currency as currency,  -- ISO 4217 code of the amount. Empty: no amount.
    money(g.amount_minor, g.scale) as amount,  -- Amount, whole units. Empty: not recorded.
    g.start_on as start_on,  -- First day. Empty: not recorded.
    g.end_on as end_on,  -- Last day: of a letter its expiry, of a retention the end of the defects period. Empty: not recorded.
    past(g.returned_on) as returned_on,  -- Day it was returned. Empty: not returned, or not recorded.
    g.of_winner as of_winner,  -- Given by the winning bidder. Empty: not recorded.
    g.cash_required as cash_required,  -- Only cash was let in. Empty: not recorded.
    g.letter_refused as letter_refused,  -- A bank letter was refused. Empty: not recorded.
    past(g.return_requested_on) as return_requested_on,  -- Day its return was asked for. Empty: not asked, or not recorded.
    past(g.verified_on) as verified_on,  -- Day the end of the defects period was verified. Empty: not yet.
    g.return_agreed_on as return_agreed_on,  -- Day agreed for the return. Empty: none agreed.
    past(g.reminded_on) as reminded_on,  -- Day of the contractor's reminder. Empty: none.
    past(g.defects_listed_on) as defects_listed_on,  -- Day a list of defects was sent. Empty: none.
    case when s.returns then true end as records_returns,  -- Its source reports returned guarantees at all. Empty: it never did.
    past(g.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    g.source as source,  -- Source that told us.
    g.source_row as source_row  -- Row of the payload it was read from.
from guarantee g
left join (select distinct source, true as returns from guarantee where returned_on is not null) s on s.source = g.source
