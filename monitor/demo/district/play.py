"""`lvyue demo --data district`: an office of the made district lives through its last three months.

At each month-end its ledger is pulled, on that day as the office did, so that a day that moves in October is seen to move;
all contracts are judged, and the letters laid as .eml files. The clock is the district's own: the evening of the month-end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from monitor import handling, pipeline, rulebook
from monitor.config import Config, load
from monitor.demo import new_store, own_config, show
from monitor.demo.district.book import workbook
from monitor.demo.district.made import DECLARED, district
from monitor.demo.district.world import NAME
from monitor.reports.portfolio import Portfolio, portfolio
from monitor.store import Store
from monitor.store.lock import exclusive

MONTHS = 3
FIRST_LINE = "# Written by `lvyue demo --data district`. Everything is made up: 虚构数据 made data."
CONFIG = f"""\
{FIRST_LINE}
office = "{NAME}司法局"
declared = "{DECLARED}"
lang = "{{lang}}"
state = "state"

[calendar]
country = "CN"
timezone = "Asia/Shanghai"

[rules]
packs = ["core", "cn"]

[[source]]
name = "ledger"
kind = "ledger"
location = "ledger-{{last}}.xlsx"
complete = true
jurisdiction = "CN"

[[recipient]]
address = "sifaju@yunping.invalid"
name = "云屏区司法局"
lang = "zh"
role = "legal_office"

[[recipient]]
address = "zhujianwei@yunping.invalid"
name = "云屏区住房和城乡建设委员会"
lang = "zh"
role = "unit_head"
units = ["云屏区住房和城乡建设委员会"]

[[recipient]]
address = "fenguan@yunping.invalid"
name = "分管副区长"
lang = "zh"
level = "red"
role = "leader"

[[recipient]]
address = "auditor@yunping.invalid"
name = "Auditor"
lang = "en"
level = "orange"
"""


def play_district(
    folder: Path,
    *,
    console: Console,
    say: Callable[[str], None],
    lang: str,
    clock: Callable[[], datetime] | None = None,
    months: int = MONTHS,
) -> None:
    """The last month-ends, then the report and where things lie. `clock` says when letters are handed over: the evening of the
    month-end when not given, so that the same demo leaves the same files on any day.

    Raises UsageError for a folder that holds an office of the user's own.
    """
    path = own_config(folder)
    made = district()
    days = made.month_ends[-months:]
    for day in days:
        workbook(made, day, folder / f"ledger-{day}.xlsx")
    say(f"{DECLARED}: {NAME}, seed {made.seed}; {months} ledgers lie in {folder}")
    path.write_text(CONFIG.format(lang=lang, last=days[-1]), encoding="utf-8")
    config = load(path, {})  # nothing in the environment leads a demo to an office's database
    with exclusive(config.state):
        report = _months(config, days, say, clock)
    show(config, report, console=console, say=say, lang=lang)
    say(f"ask on: cd {folder} && lvyue alerts list")


def _deliver(config: Config, store: Store, *, at: datetime) -> int:
    with config.ways(lambda: at) as ways:
        return pipeline.deliver(config, store, ways, at=at).sent


def _months(
    config: Config, days: tuple[date, ...], say: Callable[[str], None], clock: Callable[[], datetime] | None
) -> Portfolio:
    store = new_store(config)
    packs = config.settings.rules.packs
    book = rulebook.load(config.rule_shelves(), config.calendars(), default_calendar="CN", packs=packs)
    for day in days:
        evening = config.end_of_day(day) - timedelta(hours=5)
        source = config.source("ledger").model_copy(update={"location": f"ledger-{day}.xlsx"})
        pulled = pipeline.pull(config, store, source, at=evening).counts
        say(f"{day} pulled: {pulled.new:,} new rows, {pulled.changed:,} changed, {pulled.quarantined} refused")
        scanned = pipeline.scan(config, store, book, as_of=day, known_at=config.end_of_day(day), at=evening)
        found, changed = len(scanned.findings), len(scanned.changes)
        say(f"{day} scanned: {found:,} findings, {changed:,} warnings changed, {scanned.letters} letters")
        reminded = handling.remind(config, store, as_of=day, at=evening)
        say(f"{day} reminded: {reminded.escalated} warnings nobody took up, {reminded.letters} letters")
        sent = _deliver(config, store, at=clock() if clock else evening)
        say(f"{day} delivered: {sent} letters")
    with pipeline.look(config, store, book, as_of=days[-1], known_at=config.end_of_day(days[-1])) as view:
        return portfolio(view.engine, view.voices, book, view.header, view.sources)
