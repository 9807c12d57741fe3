-- unit: one row a government body.
select
    u.id as id,  -- Key of the unit.
    u.name as name,  -- Name of the unit, 承办单位. Empty: never.
    u.parent as parent,  -- Body above it. Empty: not recorded.
    u.kind as kind,  -- authority, institution, soe or township. Empty: not recorded.
    u.size as size,  -- Enterprise size of a state-owned company. Empty: not recorded, or none.
    u.leader as leader,  -- Head of the unit. Empty: not recorded.
    past(u.leader_since) as leader_since,  -- Day the head took office. Empty: not recorded, or not yet.
    case when u.event_on <= as_of() or u.event_on is null then u.event end as event,  -- Last change of head or of the body. Empty: none recorded.
    past(u.event_on) as event_on,  -- Day of that change. Empty: none recorded.
    past(u.handover_on) as handover_on,  -- Day the hand-over list was signed. Empty: not signed, or not recorded.
    case when s.disclosures then true end as records_disclosures,  -- Its source reports yearly disclosures at all. Empty: it never did.
    d.disclosed_on as disclosed_on,  -- Day it published last year's overdue sums. Empty: not published, if disclosures are reported.
    coalesce(n.contracts, 0) as contracts,  -- Contracts of the unit.
    coalesce(n.duties, 0)::bigint as duties_open,  -- Its own promises and payments not done on the day.
    n.overdue_latest as overdue_latest,  -- Latest due day among those that are past it. Empty: none is overdue.
    j.jurisdiction as jurisdiction,  -- Whose law applies to its newest contract. Empty: not recorded.
    u.email as email,  -- Where its letters go. Empty: config.toml decides.
    u.is_central as is_central,  -- A central government authority (Directive 2014/24/EU). Empty: not recorded.
    u.source as source  -- Source that told us.
from unit u
left join (
    select
        unit_id, count(*) as contracts, sum(government_open) as duties, max(government_overdue_latest) as overdue_latest
    from reach group by unit_id
) n on n.unit_id = u.id
left join (
    select unit_id, min(disclosed_on) as disclosed_on from disclosure
    where year = year(as_of()) - 1 and disclosed_on <= as_of() group by unit_id
) d on d.unit_id = u.id
left join (select distinct source, true as disclosures from disclosure) s on s.source = u.source
left join around_unit j on j.id = u.id
