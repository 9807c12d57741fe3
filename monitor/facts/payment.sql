-- payment: one row a sum owed, as it stands on the day. A payment made after the day is not seen.
select
    y.id as id,  -- Key of the payment.
    y.contract_id as contract_id,  -- Key of its contract.
    y.side as side,  -- government or counterparty: who owes it. Empty: not recorded.
    y.title as title,  -- Name of the sum. Empty: not recorded.
    y.currency as currency,  -- ISO 4217 code of the amounts. Empty: no amount.
    money(y.amount_minor, y.scale) as amount,  -- Sum owed, whole units. Empty: not recorded.
    coalesce(money(y.disputed_minor, y.scale), 0) as disputed,  -- Part in dispute; nothing recorded is nothing in dispute.
    paid_by_then(y.paid_minor, y.paid_on, y.scale) as paid,  -- Paid on the day, whole units. Empty: not recorded.
    money(y.amount_minor, y.scale) - coalesce(money(y.disputed_minor, y.scale), 0)
        - paid_by_then(y.paid_minor, y.paid_on, y.scale) as unpaid,  -- Owed, undisputed and not paid. Empty: amount or payment not recorded.
    case when money(y.amount_minor, y.scale) - coalesce(money(y.disputed_minor, y.scale), 0)
        <= paid_by_then(y.paid_minor, y.paid_on, y.scale) then past(y.paid_on) end
        as settled_on,  -- Day nothing undisputed was left to pay. Empty: something is left, or not recorded.
    y.due_on as due_on,  -- Agreed day of payment. Empty: none agreed, or not recorded.
    y.base_kind as base_kind,  -- delivery, acceptance, settlement or invoice: what starts the term. Empty: not recorded.
    coalesce(past(y.base_on), past(case coalesce(y.base_kind, case when c.accept_is_condition then 'acceptance' else 'delivery' end)
        when 'delivery' then y.delivered_on
        when 'acceptance' then least(
            past(y.accepted_on),
            case when not coalesce(c.accept_in_working_days, false)
                and coalesce(y.accept_refused_on > y.delivered_on + c.accept_period_days or y.accept_refused_on > as_of(), true)
                then y.delivered_on + c.accept_period_days end)
        when 'settlement' then y.settlement_confirmed_on
        when 'invoice' then y.invoice_on end)) as base_on,  -- Day the term starts: as recorded, else delivery, acceptance (or the end of its agreed period when the buyer lets it pass), confirmed settlement, invoice. Empty: not recorded, or not yet.
    past(y.invoice_on) as invoice_on,  -- Day of the invoice. Empty: not recorded.
    c.pay_term_days as term_days,  -- Agreed days to pay. Empty: none agreed, or not recorded.
    y.hold_reason as hold_reason,  -- Defence with evidence on file. Empty: none on file.
    coalesce(money(y.interest_planned_minor, y.scale), 0) as interest_planned,  -- Late interest in the payment plan; nothing recorded is none planned.
    money(y.amount_minor, y.scale) - paid_by_then(y.paid_minor, y.paid_on, y.scale)
        as owed,  -- Owed and not paid, what is in dispute included. Empty: amount or payment not recorded.
    y.kind as kind,  -- Kind of sum: advance, progress, settlement, labour … Empty: not recorded.
    y.obligation_id as obligation_id,  -- Key of the promise that makes it due. Empty: not recorded.
    case when coalesce(y.invoice_on <= as_of(), true) then y.invoice_number end as invoice_number,  -- Invoice, 发票号. Empty: not recorded, or not yet.
    past(y.paid_on) as paid_on,  -- Day of the last payment. Empty: nothing paid, or not recorded.
    money(y.confirmed_minor, y.scale) as confirmed,  -- Work value confirmed for the period, whole units. Empty: not recorded.
    coalesce(case when coalesce(y.interest_paid_on <= as_of(), true) then money(y.interest_paid_minor, y.scale) end, 0)
        as interest_paid,  -- Late interest paid, whole units; nothing recorded is none paid.
    past(y.period_end_on) as period_end_on,  -- Last day of the payment period. Empty: not recorded, or not yet.
    y.condition_met as condition_met,  -- What the payment depends on has happened. Empty: not recorded.
    past(y.delivered_on) as delivered_on,  -- Day of delivery. Empty: not recorded, or not yet.
    past(y.accepted_on) as accepted_on,  -- Day of acceptance. Empty: not recorded, or not yet.
    past(y.accept_refused_on) as accept_refused_on,  -- Day acceptance was refused in writing with defects listed. Empty: it was not.
    past(y.settlement_submitted_on) as settlement_submitted_on,  -- Day the complete settlement was handed in. Empty: not recorded, or not yet.
    past(y.settlement_confirmed_on) as settlement_confirmed_on,  -- Day both confirmed the settlement. Empty: not yet.
    past(y.settlement_objected_on) as settlement_objected_on,  -- Day it was returned with itemised objections. Empty: it was not.
    past(y.applied_on) as applied_on,  -- Day payment was applied for. Empty: not recorded, or not yet.
    past(y.deferred_on) as deferred_on,  -- Day of an agreement to defer, with interest. Empty: there is none.
    y.delay_reason as delay_reason,  -- Reason given for not paying. Empty: none given.
    y.method as method,  -- Means of payment. Empty: not recorded.
    y.method_agreed as method_agreed,  -- That means was agreed in the contract. Empty: not recorded.
    y.instrument_due_on as instrument_due_on,  -- Day a bill or voucher falls due. Empty: not recorded.
    past(y.confirmation_requested_on) as confirmation_requested_on,  -- Day confirmation of the receivable was asked for. Empty: it was not.
    past(y.confirmation_answered_on) as confirmation_answered_on,  -- Day it was confirmed or refused with reasons. Empty: not yet.
    past(y.invoice_returned_on) as invoice_returned_on,  -- Day the invoice was returned as not proper. Empty: it was not.
    past(y.demanded_on) as demanded_on,  -- Day the last written demand was served. Empty: none recorded.
    y.is_instalment as is_instalment,  -- One instalment of one debt. Empty: not recorded.
    money(y.settlement_minor, y.scale) as settlement,  -- Amount of the final settlement report handed in, whole units. Empty: not recorded.
    y.financing as financing,  -- What the receivable is to be used for: pledge, factoring or other. Empty: not recorded.
    past(y.heard_on) as heard_on,  -- Day its source last said something of it. Empty: before our records.
    past(y.gone_on) as gone_on,  -- Day since which its source no longer lists it. Empty: it is listed.
    y.source as source,  -- Source that told us.
    y.source_row as source_row  -- Row of the payload it was read from.
from payment y
left join contract c on c.id = y.contract_id
