"""Who lives in the district: units with their heads, companies, residents. Every name is invented and looks it.

The district does not exist. People and companies are counted in stems and branches (甲子, 乙丑 …), a credit code begins
with MADE and ends in a letter that no real code has, and mail leads to `.invalid`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from monitor.demo.district.days import FIRST, add_months, after, worked
from monitor.demo.district.things import Thing, Value

NAME = "云屏区（虚构）"
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
SIXTY = [stem + branch for stem, branch in zip(STEMS * 6, BRANCHES * 5, strict=True)]
EARLIER = date(2020, 1, 1)
"""Units and old companies stand in the books since long before the first month-end."""

UNITS = (
    ("住房和城乡建设委员会", "authority"),
    ("交通运输委员会", "authority"),
    ("教育委员会", "authority"),
    ("卫生健康委员会", "authority"),
    ("农业农村委员会", "authority"),
    ("民政局", "authority"),
    ("生态环境局", "authority"),
    ("规划和自然资源局", "authority"),
    ("招商投资促进局", "authority"),
    ("城市管理局", "authority"),
    ("大数据应用发展管理局", "authority"),
    ("文化和旅游发展委员会", "authority"),
    ("机关事务管理中心", "institution"),
    ("人民医院", "institution"),
    ("房屋征收服务中心", "institution"),
    ("国有资产经营管理中心", "institution"),
    ("云台街道办事处", "township"),
    ("屏山镇人民政府", "township"),
    ("城市建设发展集团有限公司", "soe"),
)
TRADES = {
    "建筑": ("建筑工程有限公司", 38, "medium small small medium large micro"),
    "监理": ("工程咨询有限公司", 12, "small micro medium"),
    "商贸": ("商贸有限公司", 26, "small micro micro medium"),
    "信息": ("信息技术有限公司", 18, "small medium large micro"),
    "物业": ("物业服务有限公司", 16, "medium small large"),
    "医疗": ("医疗器械有限公司", 10, "small medium"),
    "环保": ("环保科技有限公司", 12, "medium large small"),
    "地产": ("房地产开发有限公司", 14, "large large medium"),
    "制造": ("装备制造有限公司", 18, "large medium large"),
    "农业": ("农业发展有限公司", 10, "small micro"),
    "养老": ("养老服务中心", 10, "small micro"),
    "文化": ("文化传播有限公司", 10, "micro small"),
}
"""Trade: how its companies are called, how many there are, and their sizes in turn."""

SMALL = ("medium", "small", "micro")


@dataclass(slots=True, kw_only=True)
class World:
    """Units and parties, with what became of them. `parties` is by trade; residents stand under 居民."""

    units: dict[str, Thing] = field(default_factory=dict)
    parties: dict[str, list[Thing]] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    yearly: list[Thing] = field(default_factory=list)

    def pick(self, chance: Random, trade: str, sizes: tuple[str, ...] = ()) -> Thing:
        """Some company of a trade, of one of these sizes when any are given."""
        some = [party for party in self.parties[trade] if not sizes or self.sizes[party.id] in sizes]
        return chance.choice(some)

    def found(self, trade: str, **facts: Value) -> Thing:
        """A company of its own, for a story that is about the company."""
        number = len(self.parties.setdefault("其他", []))
        suffix = TRADES[trade][0]
        party = _company(f"{SIXTY[number % 60]}九号{suffix}(虚构)", 9000 + number, "small")
        self.parties["其他"].append(party.always(**facts))
        return party


def world(chance: Random) -> World:
    """The district's people before any contract is signed."""
    made = World()
    for number, (name, kind) in enumerate(UNITS):
        unit = _unit(f"云屏区{name}", kind, number)
        made.units[name] = unit
        if number % 3 == 1:
            _change_of_head(chance, unit, number)
        if kind != "soe":
            made.yearly += _disclosures(chance, unit)
    count = 0
    for trade, (suffix, many, sizes) in TRADES.items():
        words = sizes.split()
        for number in range(many):
            count += 1
            name = f"{SIXTY[count % 60]}{'一二三四五'[count // 60]}号{suffix}(虚构)"
            party = _company(name, count, words[number % len(words)])
            made.sizes[party.id] = words[number % len(words)]
            _register(chance, party, trade)
            made.parties.setdefault(trade, []).append(party)
    residents = [f"居民{name}(虚构)" for name in SIXTY]
    made.parties["居民"] = [Thing(noun="party", id=who, born=EARLIER).say(EARLIER, name=who) for who in residents]
    _misspell(made)
    return made


def _unit(name: str, kind: str, number: int) -> Thing:
    unit = Thing(noun="unit", id=name, born=EARLIER)
    unit.say(EARLIER, name=name, kind=kind, size="large" if kind == "soe" else None)
    unit.say(EARLIER, parent="云屏区国有资产经营管理中心" if kind == "soe" else f"{NAME}人民政府")
    unit.say(EARLIER, leader=f"{SIXTY[number]}某", leader_since=date(2021, 3, 1))
    return unit.say(EARLIER, email=f"unit{number + 1:02}@yunping.invalid", uscc=_code(100 + number))


def _change_of_head(chance: Random, unit: Thing, number: int) -> None:
    """A new head; both signed the hand-over list within the month."""
    day = worked(add_months(FIRST, chance.randint(4, 30)))
    unit.say(day, leader=f"{SIXTY[30 + number]}某", leader_since=day, event="leader_change", event_on=day)
    unit.say(day, handover_on=after(day, chance.randint(5, 15)))


def _disclosures(chance: Random, unit: Thing) -> list[Thing]:
    """Each March, what was overdue to small enterprises at the end of the year: mostly nothing, and said so."""
    made = []
    for year in (2023, 2024, 2025):
        day = worked(date(year + 1, 3, chance.randint(9, 28)))
        row = Thing(noun="disclosure", id=f"{unit.id}/{year}", born=day)
        overdue = chance.choice([0, 0, 0, 1, 2])
        made.append(row.say(day, unit_id=unit.id, year=year, disclosed_on=day, contracts=overdue))
    return made


def _company(name: str, number: int, size: str) -> Thing:
    party = Thing(noun="party", id=_code(number), born=EARLIER)
    party.say(EARLIER, name=name, uscc=party.id, size_at_signing=size, sme_declared=size in SMALL, status="normal")
    return party.say(EARLIER, ownership="private")


def _register(chance: Random, party: Thing, trade: str) -> None:
    """What the company register and the unit's own file say, as patchy as such files are."""
    if chance.random() < 0.08:
        party.always(status=None)
    if chance.random() < 0.2:
        party.always(ownership=chance.choice(["state", "foreign", None]))
    if chance.random() < 0.05:
        party.always(sme_declared=None)
    if trade in ("建筑", "监理", "医疗"):
        party.always(licence_until=add_months(date(2027, 3, 31), chance.randint(0, 30)))


def _misspell(made: World) -> None:
    """Three names were typed wrongly, and one of them was mended a year later."""
    typos = (("有限公司", "有限公词"), ("商贸", "商冒"), ("一号", "壹号"))
    for party, (right, wrong) in zip(made.parties["商贸"], typos, strict=False):
        name = str((party.on(EARLIER) or {})["name"])
        party.always(name=name.replace(right, wrong))
        if right == "有限公司":
            party.say(date(2025, 4, 27), name=name)  # a Sunday that was worked


def _code(number: int) -> str:
    """A code that cannot be one: the letter I stands in no unified social credit code.

    >>> _code(7)
    'MADE0000000000007I'
    """
    return f"MADE{number:013}I"
