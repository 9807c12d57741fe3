"""How a contract comes into being as it should: award, review, signing, filing, publication, bonds, monthly reports.

A provoked case starts from this and breaks one thing of it.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from monitor.demo.district.days import LAST, add_months, after, worked
from monitor.demo.district.forms import FORMS
from monitor.demo.district.story import Story, minor
from monitor.demo.district.things import Row, Thing

TENDER_FROM = 4_000_000
"""Yuan from which the law demands a tender for works, 国家发展和改革委员会令第16号."""


def begin(story: Story) -> None:
    """The contract and everything of its first weeks, in order and in time."""
    form, signed = FORMS[story.form], story.signed
    invited = form.is_gov_procurement or form.category == "works"
    award = worked(signed - timedelta(days=story.chance.randint(12, 24))) if invited else None
    submitted = after(signed, -story.chance.randint(9, 13))
    finished = after(submitted, story.chance.randint(3, 6))
    born = min(award, submitted) if award else submitted
    story.things = [Thing(noun="contract", id=story.number, born=born)]
    told = _what(story) | _terms(story) | _money(story)
    story.contract.say(born, **{name: value for name, value in told.items() if value is not None})
    story.contract.say(born, status="in_review", award_notice_on=award, planned_sign_on=signed)
    story.contract.say(finished, status="pending").say(
        signed, status="active", signed_on=signed, text_hash=_hash(story)
    )
    story.add(
        "review", submitted, submitted_on=submitted, finished_on=finished, reviewer="云屏区司法局",
        result=story.chance.choice(["approved", "approved", "approved_after_changes"]), text_hash=_hash(story),
    )  # fmt: skip
    _file(story, "legal", story.chance.randint(2, 6))
    if award:
        _invite(story, award)
    if form.category == "works" and award:
        _works(story, award)
    if story.form == "investment":
        story.contract.always(incentive="open", incentive_basis="云屏府发〔2023〕9号（虚构）")
        story.contract.always(competition_reviewed_on=after(signed, -8))


def report(story: Story, *, until: date | None = None, weight: bool = True) -> None:
    """A report a month while the contract runs, then its completion. `until` is the day after which nobody reports."""
    day, number = story.start, 0
    while day <= min(story.end, LAST):
        number += 1
        day = worked(add_months(story.start, number).replace(day=story.chance.randint(15, 25)))
        if until is None or day <= until:
            story.contract.say(day, updated_on=day)
            if weight:
                story.contract.say(day, progress_percent=share_done(story, day))


def share_done(story: Story, day: date) -> int:
    """Per cent of the period that has run, as progress of even work."""
    whole = max((story.end - story.start).days, 1)
    return max(0, min(99 if day < story.end else 100, 100 * (day - story.start).days // whole))


def complete(story: Story, day: date, *, weight: bool = True) -> None:
    """Performance is complete; some months later the file is closed."""
    story.contract.say(day, completed_on=day, status="completed", updated_on=day)
    if weight:
        story.contract.say(day, progress_percent=100)
    closed = worked(day + timedelta(days=story.chance.randint(70, 160)))
    if story.chance.random() < 0.7:
        story.contract.say(closed, closed_on=closed, status="archived")


def _what(story: Story) -> Row:
    form = FORMS[story.form]
    is_works, gives = form.category == "works", story.form not in ("land", "lease")
    return {
        "number": story.number, "title": story.title, "kind": form.kind, "unit_id": story.unit.id,
        "party_id": story.party.id, "jurisdiction": "CN", "category": form.category,
        "is_gov_procurement": form.is_gov_procurement, "is_admin_agreement": form.is_admin_agreement, "is_secret": False,
        "is_public_service": False if form.category == "services" else None, "is_major": story.amount >= 10_000_000,
        "is_major_decision": False, "is_mandatory_tender": is_works and story.amount >= TENDER_FROM,
        "is_gov_invest": is_works, "start_on": story.start, "end_on": story.end,
        "is_recurring": story.form in ("services", "lease"), "fund_source": "fiscal" if gives else "other",
        "has_budget": True if gives else None, "has_multiyear_plan": gives and story.form != "goods",
        "requires_prefinancing": False, "has_dispute": False, "deviates_from_bid": False,
    }  # fmt: skip


def _terms(story: Story) -> Row:
    form, chance = FORMS[story.form], story.chance
    pays = form.category is not None
    return {
        "pay_term_days": 30 if pays else None, "accept_is_condition": True if pays else None,
        "accept_period_days": chance.choice([7, 10, 15]) if pays else None, "accept_in_working_days": False if pays else None,
        "late_rate_ppm": chance.choice([36_500, 40_000, 45_000, None]) if pays else None,
        "settle_confirm_days": 28 if pays else None, "settlement_basis": "agreed" if story.amount else None,
        "dispute_clause": "litigation" if form.is_admin_agreement else chance.choice(["litigation", "arbitration"]),
        "pays_when_paid": False if pays else None, "audit_clause_agreed": False if pays else None,
        "pre_acceptance_percent": {"works": 95, "goods": 30}.get(story.form),
        "government_pays": False if story.form == "concession" else None, "pricing": "fixed" if pays else None,
    }  # fmt: skip


def _money(story: Story) -> Row:
    if not story.amount:
        return {}
    own: Row = {"currency": "CNY", "amount_minor": minor(story.amount), "amount_original_minor": minor(story.amount)}
    if FORMS[story.form].category:
        own["budget_available_minor"] = minor(story.amount + story.chance.randint(0, 9) * 10_000)
    return own


def _invite(story: Story, award: date) -> None:
    """What a procurement or tender asks for beside the contract."""
    form, signed = FORMS[story.form], story.signed
    story.contract.always(bid_amount_minor=minor(story.amount), winner_on=after(award, -2))
    _file(story, "supervisor" if form.category == "works" else "finance", story.chance.randint(3, 7))
    if form.is_gov_procurement:
        published = after(signed, story.chance.randint(1, 2))
        url = f"https://notice.yunping.invalid/{story.number}"
        story.add("publication", published, kind="contract", published_on=published, url=url)
    if story.chance.random() < 0.4:
        bond = story.secure(
            "bid", "投标保证金", story.amount * 0.01, award - timedelta(days=25), award + timedelta(days=70)
        )
        bond.say(signed, form="cash").always(of_winner=True, cash_required=False, letter_refused=False)
        bond.always(returned_on=after(signed, story.chance.randint(1, 3)))
    if story.amount >= 500_000:
        bond = story.secure("performance", "履约保函", story.amount * 0.05, signed, story.end + timedelta(days=95))
        bond.always(cash_required=False, letter_refused=False, of_winner=True)


def _works(story: Story, award: date) -> None:
    estimate = minor(round(story.amount * 1.25))
    story.contract.always(
        project_code=f"MADE-{story.number.removeprefix('YP-')}", approved_estimate_minor=estimate, advance_percent=12,
        feasibility_minor=round(estimate * 0.97), labour_cycle_days=30, has_payment_guarantee=True,
        has_quality_insurance=False, defect_months=24,
    )  # fmt: skip
    if story.amount >= TENDER_FROM:
        story.contract.always(tender_report_on=after(award, story.chance.randint(4, 8)))
    wage = story.secure("wage", "农民工工资保函", story.amount * 0.02, story.signed, story.end + timedelta(days=120))
    wage.always(cash_required=False, letter_refused=False)


def _file(story: Story, body: str, working_days: int) -> None:
    day = after(story.signed, working_days)
    story.add("filing", day, filed_with=body, filed_on=day, receipt=f"{body[0].upper()}-{story.number}")


def _hash(story: Story) -> str:
    """Hash of the text: one text for review and signing."""
    return hashlib.sha256(f"{story.number} {story.title}".encode()).hexdigest()
