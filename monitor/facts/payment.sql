-- payment: one row a sum owed, as it stands on the day. A payment made after the day is not seen.
select
    y.id as id,  -- Key of the payment.
    y.contract_id as contract_id,  -- Key of its contract.
    y.side as side,  -- government or counterparty: who owes it. Empty: not recorded.
    y.title as title,  -- Name of the sum. Empty: not recorded.
    y.currency as currency,  -- ISO 4217 code of the amounts. Empty: no amount.
    money(y.amount_minor, y.currency) as amount,  -- Sum owed, whole units. Empty: not recorded.
    coalesce(money(y.disputed_minor, y.currency), 0) as disputed,  -- Part in dispute; nothing recorded is nothing in dispute.
    paid_by_then(y.paid_minor, y.paid_on, y.currency) as paid,  -- Paid on the day, whole units. Empty: not recorded.
    money(y.amount_minor, y.currency) - coalesce(money(y.disputed_minor, y.currency), 0)
        - paid_by_then(y.paid_minor, y.paid_on, y.currency) as unpaid,  -- Owed, undisputed and not paid. Empty: amount or payment not recorded.
    case when money(y.amount_minor, y.currency) - coalesce(money(y.disputed_minor, y.currency), 0)
        <= paid_by_then(y.paid_minor, y.paid_on, y.currency) then past(y.paid_on) end
        as settled_on,  -- Day nothing undisputed was left to pay. Empty: something is left, or not recorded.
    y.due_on as due_on,  -- Agreed day of payment. Empty: none agreed, or not recorded.
    y.base_kind as base_kind,  -- delivery, acceptance, settlement or invoice: what starts the term. Empty: not recorded.
    past(y.base_on) as base_on,  -- Day the term starts. Empty: not recorded, or not yet.
    past(y.invoice_on) as invoice_on,  -- Day of the invoice. Empty: not recorded.
    c.pay_term_days as term_days,  -- Agreed days to pay. Empty: none agreed, or not recorded.
    y.hold_reason as hold_reason,  -- Defence with evidence on file. Empty: none on file.
    coalesce(money(y.interest_planned_minor, y.currency), 0) as interest_planned,  -- Late interest in the payment plan; nothing recorded is none planned.
    past(y.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    y.source as source,  -- Source that told us.
    y.source_row as source_row  -- Row of the payload it was read from.
from payment y
left join contract c on c.id = y.contract_id
