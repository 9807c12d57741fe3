"""A payment falls due, is warned of ten days before, is acknowledged, goes orange, is escalated, is paid, clears, is closed.

The mails that each person got, in their order, are the golden file: who, when, what, with what attached.
"""

from __future__ import annotations

import email
import email.policy
import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path

from monitor import alerts, config, handling, pipeline, rulebook
from monitor.alerts.acts import Kind
from monitor.store import Store, warnings
from tests.conftest import Golden
from tests.notify.post_office import PostOffice, open_office
from tests.office import config as config_text
from tests.office import source

MAPPING = """
create view unit as select distinct unit as id, unit as name, 'authority' as kind, source_row from raw;
create view party as select distinct party as id, party as name, 'small' as size_at_signing, source_row from raw;
create view contract as
select id, title, 'CNY' as currency, amount, unit as unit_id, party as party_id, '2026-01-12' as signed_on, source_row from raw;
create view payment as
select id || '/1' as id, id as contract_id, '第一期货款' as title, 'government' as side, due as due_on, amount, 'CNY' as currency,
    nullif(paid_on, '') as paid_on, case when nullif(paid_on, '') is null then '0' else amount end as paid, source_row from raw;
"""
PEOPLE = """
[mail]
sender = "yujing@yunping.example"
reply_to = "sifaju@yunping.example"
document_word = "云司履预"
[mail.smtp]
host = "localhost"
port = {port}
starttls = "never"
[[recipient]]
address = "chengban@yunping.example"
name = "云屏区教育委员会 承办人"
role = "handler"
[[recipient]]
address = "zhuren@yunping.example"
name = "云屏区教育委员会 主任"
role = "unit_head"
level = "red"
weekly = false
[[recipient]]
address = "sifaju@yunping.example"
name = "云屏区司法局"
role = "legal_office"
[[recipient]]
address = "audit@yunping.example"
name = "District Audit"
lang = "en"
level = "orange"
"""
HEAD = 'office = "云屏区司法局"\ndeclared = "虚构数据，仅供测试 made data"\n'
ROW = "id,title,unit,party,amount,due,paid_on\nJY-07,课桌椅采购合同,云屏区教育委员会,示例家具,486250.00,2026-04-20,{paid}\n"
DUE = date(2026, 4, 20)


def shelf_of(folder: Path) -> Path:
    """Of all the law two rules, so that the story has one thread: the late payment, and its interest."""
    pack = folder / "shelf" / "cn"
    pack.mkdir(parents=True)
    for name in ("pack.toml", "CN-PAY-03.toml", "CN-PAY-06.toml"):
        shutil.copy(config.shelf("rules") / "cn" / name, pack)
    return pack.parent


class District:
    """An office with one contract, a calendar that turns day by day, and a mail server."""

    def __init__(self, folder: Path, post: PostOffice) -> None:
        (folder / "ledger.sql").write_text(MAPPING, encoding="utf-8")
        self.folder, self.post, self.day = folder, post, date(2026, 3, 2)
        self.pays(None)
        block = source("ledger", "ledger.csv", "ledger.sql", jurisdiction='"CN"')
        text = HEAD + config_text(PEOPLE.format(port=post.port), block, country="CN", zone="Asia/Shanghai")
        (folder / "config.toml").write_text(text, encoding="utf-8")
        self.config = config.load(folder / "config.toml")
        self.store = Store(self.config.database, create=True)
        self.book = rulebook.load([shelf_of(folder)], self.config.calendars(), default_calendar="CN")
        self.mails: list[str] = []

    def at(self, hour: int) -> datetime:
        return datetime.combine(self.day, time(hour), self.config.zone)

    def pays(self, on: date | None) -> None:
        """What the ledger says of the payment from now on."""
        (self.folder / "ledger.csv").write_text(ROW.format(paid=on or ""), encoding="utf-8")

    def morning(self, day: date) -> None:
        """The daily round at six, and the letters that may go at nine."""
        self.day = day
        pipeline.pull(self.config, self.store, self.config.sources[0], at=self.at(6))
        known = self.config.end_of_day(day)
        pipeline.scan(self.config, self.store, self.book, as_of=day, known_at=known, at=self.at(6))
        handling.remind(self.config, self.store, as_of=day, at=self.at(6))
        self.send(6)
        self.send(9)

    def does(self, who: str, what: Kind, note: str = "", value: str | date | None = None, *, hour: int = 10) -> None:
        """One act on the warning of the late payment."""
        with self.store.reading() as db:
            [mine] = [a for a in warnings.standing(db) if a.rule == "CN-PAY-03"]
        act = alerts.Act(kind=what, actor=who, at=self.at(hour), on=self.day, note=note, value=value)
        handling.act(self.config, self.store, mine.number, act)
        self.send(hour)

    def send(self, hour: int) -> None:
        before = len(self.post.taken)
        with self.config.ways(lambda: self.at(hour)) as ways:
            pipeline.deliver(self.config, self.store, ways, at=self.at(hour))
        for (to,), raw in sorted(self.post.taken[before:], key=lambda taken: taken[0]):
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            files = ", ".join(part.get_filename() or part.get_content_type() for part in mail.iter_attachments())
            self.mails.append(f"{self.day} {hour:02}:00  {to}  {mail['Subject']}" + (f"  [{files}]" if files else ""))


def test_a_payment_from_its_first_warning_to_its_closing(tmp_path: Path, golden: Golden) -> None:
    with open_office() as post:
        district = District(tmp_path, post)
        for day in (DUE - timedelta(days=number) for number in (12, 11, 7)):
            district.morning(day)
        district.does("王芳", "acknowledge")
        for day in (DUE + timedelta(days=number) for number in (0, 1, 3, 4)):
            district.morning(day)
        district.does("王芳", "acknowledge")
        district.does("王芳", "assess", "财政指标未下达，无法定拒付理由。")
        district.does("王芳", "handle", "已报财政追加指标，4月28日前付清。")
        district.pays(date(2026, 4, 27))
        district.morning(date(2026, 4, 28))
        district.does("王芳", "report", "4月27日已付清本金。")
        district.does("李明", "close", "付款凭证已核对。", "true")
        district.morning(date(2026, 4, 29))
    golden("letters/a-day-in-the-life.txt", "\n".join(district.mails) + "\n")
