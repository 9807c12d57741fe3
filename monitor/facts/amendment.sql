-- amendment: one row a change of a contract, as it stands on the day. A change of a later day is not seen.
select
    a.id as id,  -- Key of the amendment.
    a.contract_id as contract_id,  -- Key of its contract.
    coalesce(a.clause, a.kind, a.id) as title,  -- Clause that changed, else the sort of change.
    a.kind as kind,  -- change, suspension, termination, supplement, extension, site, scale, content or renegotiation. Empty: not recorded.
    past(a.changed_on) as changed_on,  -- Day of the change. Empty: a draft, or not recorded.
    a.reason as reason,  -- Why. Empty: not recorded.
    a.currency as currency,  -- ISO 4217 code of the amount. Empty: no amount.
    money(a.amount_change_minor, a.scale) as amount,  -- Added to the amount (or taken off it), whole units. Empty: not recorded.
    case when n.sums = n.amounts and n.currencies <= 1 then n.added end::decimal(28, 4)
        as amount_so_far,  -- Supplements up to and including this one, whole units. Empty: one of them has no amount, or another currency.
    a.days_extended as days_extended,  -- Calendar days added. Empty: not recorded.
    past(a.published_on) as published_on,  -- Day it was published. Empty: not recorded, or not yet.
    a.initiator as initiator,  -- government, counterparty or both. Empty: not recorded.
    a.is_agreed as is_agreed,  -- Both agreed. Empty: not recorded.
    a.has_public_interest as has_public_interest,  -- Public interest is shown. Empty: not recorded.
    a.has_statutory_basis as has_statutory_basis,  -- A statute or standard demands it. Empty: not recorded.
    a.has_approval as has_approval,  -- Approved by the body that must. Empty: not recorded.
    a.has_hearing as has_hearing,  -- The other side was heard. Empty: not recorded.
    a.has_compensation as has_compensation,  -- Compensation is planned. Empty: not recorded.
    past(a.reviewed_on) as reviewed_on,  -- Day of the legal review. Empty: not reviewed, or not recorded.
    past(a.approved_on) as approved_on,  -- Day of the approval. Empty: not approved, or not recorded.
    past(a.executed_on) as executed_on,  -- Day it was carried out. Empty: not yet, or not recorded.
    a.changes_other_terms as changes_other_terms,  -- It changes other terms as well. Empty: not recorded.
    a.is_other_subject as is_other_subject,  -- What is added is another subject-matter. Empty: not recorded.
    a.ground as ground,  -- Ground under art. 72(1) of Directive 2014/24/EU. Empty: not recorded.
    case when d.changes = d.grounds and d.changes = d.amounts and d.currencies <= 1 then d.added end::decimal(28, 4)
        as minor_so_far,  -- Net sum of the changes under no other ground, up to and including this one, whole units. Empty: it has another ground; or one of them no ground or no amount, or another currency.
    a.alters_nature as alters_nature,  -- It alters the overall nature of the contract. Empty: not recorded.
    past(a.requested_on) as requested_on,  -- Day renegotiation was asked for in writing. Empty: it was not.
    past(a.answered_on) as answered_on,  -- Day the request was answered. Empty: not yet.
    a.price_move_percent as price_move_percent,  -- Move of the price index since the bid, per cent. Empty: not recorded.
    a.policy_changed as policy_changed,  -- Policy has changed since. Empty: not recorded.
    a.is_excluded as is_excluded,  -- A price risk that the law leaves to the parties. Empty: not recorded.
    past(a.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    a.source as source,  -- Source that told us.
    a.source_row as source_row  -- Row of the payload it was read from.
from amendment a
left join (
    select
        id, count(*) over running as sums, count(amount_change_minor) over running as amounts,
        sum(money(amount_change_minor, scale)) over running as added,
        count(distinct currency) over (partition by contract_id) as currencies
    from amendment where kind = 'supplement' and coalesce(changed_on <= as_of(), true)
    window running as (partition by contract_id order by changed_on nulls last, id)
) n on n.id = a.id
left join (
    -- An extension or a suspension without an amount adds none.
    select
        id, count(*) over running as changes, count(ground) over running as grounds,
        count(case when kind in ('extension', 'suspension') then 0 else amount_change_minor end) over running as amounts,
        coalesce(sum(money(amount_change_minor, scale)) over running, 0) as added,
        count(distinct currency) over (partition by contract_id) as currencies
    from amendment
    where coalesce(ground, 'none') in ('none', 'minor') and coalesce(kind <> 'renegotiation', true)
        and coalesce(changed_on <= as_of(), true)
    window running as (partition by contract_id order by changed_on nulls last, id)
) d on d.id = a.id
where coalesce(a.changed_on <= as_of(), true)
