"""`lvyue explain CONTRACT`: everything known of one contract, every date computed, every rule's answer and its reason, and
what is estimated beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitor.domain.errors import UsageError
from monitor.engines.duckdb import Engine
from monitor.reports.learned import Voices, learned_rows
from monitor.reports.portfolio import Header
from monitor.rulebook import Finding, Rulebook
from monitor.rulebook.wording import finding_content


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One contract. `unknown` names the facts nobody recorded; `answers` has one row a rule and subject, worst first; `scores`
    one row a recipe of learned risk, with what is said of the contract's open cases (`learned_rows`)."""

    header: Header
    contract: dict[str, Any]
    unknown: list[str]
    obligations: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    amendments: list[dict[str, Any]]
    guarantees: list[dict[str, Any]]
    complaints: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    scores: list[dict[str, Any]]


_RANK = ("red", "orange", "yellow", "blue", "unknown", "clear", "not applicable")

_OBLIGATIONS = (
    "select id, title, side, status, start_on, due_first, due_on, due_moves, done_on, amount, currency, source_row "
    "from fact_obligation where contract_id = ? order by due_on nulls last, id"
)
_PAYMENTS = (
    "select id, title, side, amount, disputed, paid, unpaid, due_on, base_kind, base_on, settled_on, currency, source_row "
    "from fact_payment where contract_id = ? order by due_on nulls last, id"
)
_AMENDMENTS = (
    "select id, title, kind, changed_on, reason, amount, currency, days_extended, initiator, is_agreed, reviewed_on, "
    "approved_on, executed_on, published_on, source_row "
    "from fact_amendment where contract_id = ? order by changed_on nulls last, id"
)
_GUARANTEES = (
    "select id, title, kind, form, issuer, amount, currency, start_on, end_on, return_requested_on, return_agreed_on, "
    "returned_on, source_row from fact_guarantee where contract_id = ? order by end_on nulls last, id"
)
_COMPLAINTS = (
    "select id, title, kind, received_on, accepted_on, transferred_on, handler_received_on, extended_on, result_on, "
    "verified_on, is_founded, rectified_on, source_row "
    "from fact_complaint where contract_id = ? order by received_on nulls last, id"
)
_MOVED = (
    "select noun, id, before, day as after, day - before as days, recorded_on from ("
    "select *, lag(day) over (partition by noun, id order by seq) as before from history where recorded_on <= as_of()) "
    "where before is not null and before is distinct from day and (id = ? or id in "
    "(select id from fact_obligation where contract_id = ?)) order by recorded_on, noun, id"
)


_NEAREST = (
    "select id from (select id, jaro_winkler_similarity(lower(id), lower(?)) as likeness from fact_contract) "
    "where likeness > 0.8 order by likeness desc, id limit 1"
)


def explain(engine: Engine, voices: Voices, book: Rulebook, header: Header, wanted: str) -> Dossier:
    """The dossier of a contract named by key, number, or the end of its key.

    Raises UsageError when none or several fit, and names the nearest.
    """
    contract_id = find_contract(engine, wanted)
    row = engine.rows(
        "select c.*, u.name as unit, p.name as party, p.size as party_size from fact_contract c "
        "left join fact_unit u on u.id = c.unit_id left join fact_party p on p.id = c.party_id where c.id = ?",
        [contract_id],
    )[0]
    found = voices.judgement.of_contract(contract_id)
    answers = sorted(found, key=lambda f: (_RANK.index(f.outcome), f.rule, f.subject_id))
    return Dossier(
        header=header,
        contract={name: value for name, value in row.items() if value is not None},
        unknown=sorted(name for name, value in row.items() if value is None and not name.startswith("alert_")),
        obligations=engine.rows(_OBLIGATIONS, [contract_id]),
        payments=engine.rows(_PAYMENTS, [contract_id]),
        amendments=engine.rows(_AMENDMENTS, [contract_id]),
        guarantees=engine.rows(_GUARANTEES, [contract_id]),
        complaints=engine.rows(_COMPLAINTS, [contract_id]),
        moved=engine.rows(_MOVED, [contract_id, contract_id]),
        answers=[_answer(finding, book) for finding in answers],
        scores=learned_rows(engine, voices, contract=contract_id),
    )


def find_contract(engine: Engine, wanted: str) -> str:
    """The key of the one contract meant by a key, a number or the end of a key."""
    query = "select id from fact_contract where {} order by id limit 6"
    for where in ("id = ?", "number = ?", "ends_with(id, ?)", "contains(lower(id), lower(?))"):
        found = [row["id"] for row in engine.rows(query.format(where), [wanted])]
        if len(found) == 1:
            return str(found[0])
        if found:
            raise UsageError(f"{wanted!r} fits several contracts, as {', '.join(found[:5])}", hint="give the whole key")
    known = engine.rows("select count(*) as n from fact_contract")[0]["n"]
    near = engine.rows(_NEAREST, [wanted])
    asked = f'; did you mean "{near[0]["id"]}"?' if near else ""
    hint = (
        f"{known:,} contracts were known"
        if known
        else "nothing was known by then; what was learned later needs --known-at"
    )
    raise UsageError(f"there is no contract {wanted!r}{asked}", hint=hint)


def _answer(finding: Finding, book: Rulebook) -> dict[str, Any]:
    content = finding_content(finding, book.get(finding.rule).rule)
    return {"outcome": finding.outcome, "rule": finding.rule, "subject_id": finding.subject_id, **content}
