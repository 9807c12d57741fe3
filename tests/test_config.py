"""config.toml: every fault at once, the environment over it, sources by their kind, and days in the office's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.config import Config, default, load, shelf, template
from monitor.domain.errors import ConfigError
from monitor.notify import Recipient
from monitor.notify.email import SmtpSettings
from monitor.settings import Settings
from monitor.sources.ocds import OcdsSource
from monitor.sources.table import TableSource
from tests.office import Office

TABLE = '[[source]]\nname = "ledger"\nkind = "table"\nlocation = "ledger.csv"\nmapping = "ledger.sql"\n'
OCDS = '[[source]]\nname = "portal"\nkind = "ocds"\nlocation = "https://portal.example/releases"\n'


class Desk:
    """A folder with a config.toml in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.toml"

    def read(self, text: str, **environment: str) -> Config:
        self.path.write_text(text, encoding="utf-8")
        return load(self.path, {f"LVYUE_{name}": value for name, value in environment.items()})

    def faults(self, text: str, **environment: str) -> list[str]:
        """What is wrong, a line each, without the excerpts."""
        with pytest.raises(ConfigError) as refused:
            self.read(text, **environment)
        assert str(self.path) in refused.value.hint
        return [line for line in refused.value.message.splitlines() if not line.startswith("    ")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_neither_check_nor_a_fault_shows_the_token_of_a_channel(tmp_path: Path) -> None:
    """The address of a robot is its password."""
    token = "5f2c1a-made-token-9ad1e7"
    block = f'[[channel]]\nname = "works"\nkind = "wecom"\nurl = "https://chat.example/send?key={token}"\n'
    office = Office(tmp_path, block)
    for words in (("check",), ("check", "--json")):
        said = office.lvyue(*words)
        assert said.code == 0, said.err
        assert token not in said.out + said.err
    read = load(office.path, {})
    assert token not in f"{read!r} {read.settings!r} {read.channels!r}"
    office.write(block.replace('name = "works"', 'name = "Works"'))
    said = office.lvyue("check")
    assert (said.code, token in said.out + said.err) == (3, False)


# --- the file ---


def test_what_init_writes_says_exactly_the_defaults(desk: Desk) -> None:
    read = desk.read(template())
    assert read.settings == Settings() == default().settings
    assert read.sources == ()


def test_the_template_names_every_setting_there_is() -> None:
    text = template()
    sections: list[type[BaseModel]] = [Settings, SmtpSettings, Recipient, TableSource, OcdsSource]
    sections += [type(f.default) for f in Settings.model_fields.values() if isinstance(f.default, BaseModel)]
    for section in sections:
        described = {name: field.description for name, field in section.model_fields.items() if field.description}
        assert [name for name in described if name not in text] == []
    assert "[[source]]" in text


def test_every_fault_comes_at_once_in_the_order_of_the_file(desk: Desk) -> None:
    text = (
        'lnag = "zh"\n[calendar]\ncountry = "china"\ntimezone = "Asia/Beijing"\n'
        + OCDS
        + "vanish_limit_percent = 101\n"
    )
    assert desk.faults(text) == [
        'config.toml:1:1  lnag: unknown key; did you mean "lang"?',
        "config.toml:3:1  calendar.country: String should match pattern '^[A-Z]{2}$'",
        'config.toml:4:1  calendar.timezone: "Asia/Beijing" is no IANA time zone; write one as Asia/Shanghai',
        "config.toml:9:1  source.0.vanish_limit_percent: Input should be less than or equal to 100",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lang = zh", "not TOML"),
        (b"office = '\xff'", "is not UTF-8 text"),
        (None, "No such file"),
    ],
    ids=["not TOML", "not UTF-8", "not there"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | bytes | None, message: str) -> None:
    path = tmp_path / "config.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=rf"config\.toml.*{message}"):
        load(path, {})


def test_paths_start_at_the_folder_of_the_file(desk: Desk) -> None:
    read = desk.read('state = "var/state"\n[shelves]\nrules = ["own", "/opt/rules"]\n')
    folder = desk.path.parent.resolve()
    assert read.database == folder / "var" / "state" / "lvyue.db"
    assert read.rule_shelves() == [shelf("rules"), folder / "own", Path("/opt/rules")]


def test_a_shelf_that_does_not_ship_is_not_found() -> None:
    with pytest.raises(ConfigError, match="the shelf 'roles' is not where Lvyue was installed"):
        shelf("roles")


# --- the environment over it ---


def test_the_environment_lies_over_the_file_and_the_file_over_the_default(desk: Desk) -> None:
    text = 'office = "file"\n[mail]\nsender = "file@office.example"\nstorm_over = 3\n'
    read = desk.read(text, OFFICE="环境", MAIL__STORM_OVER="7", SCHEDULE__DAILY_AT="07:30").settings
    assert (read.office, read.mail.storm_over, read.schedule.daily_at) == ("环境", 7, time(7, 30))
    assert (read.mail.sender, read.lang) == ("file@office.example", "zh")


def test_a_section_the_file_does_not_have_may_come_from_the_environment(desk: Desk) -> None:
    mail = desk.read("", MAIL__SMTP__HOST="mail.office.example", MAIL__SMTP__PORT="465").settings.mail
    assert mail.smtp is not None
    assert (mail.smtp.host, mail.smtp.port) == ("mail.office.example", 465)


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("LANGG", 'LVYUE_LANGG: no such setting; did you mean "lang"?'),
        ("MAIL__SENDR", 'LVYUE_MAIL__SENDR: no such setting; did you mean "sender"?'),
        ("MIAL__SENDER", 'LVYUE_MIAL__SENDER: no such setting; did you mean "mail"?'),
        ("MAIL__SMTP__HSOT", 'LVYUE_MAIL__SMTP__HSOT: no such setting; did you mean "host"?'),
        ("MAIL__SENDER__NAME", "LVYUE_MAIL__SENDER__NAME: no such setting"),
        ("ZZZZ", "LVYUE_ZZZZ: no such setting"),
    ],
)
def test_a_variable_that_names_no_setting_is_a_fault(desk: Desk, variable: str, message: str) -> None:
    assert desk.faults("", **{variable: "x"}) == [f"environment: {message}"]


def test_lists_of_blocks_do_not_come_from_the_environment(desk: Desk) -> None:
    faults = desk.faults("", SOURCE="x", RECIPIENT="y")
    assert [fault.split(":")[1].strip() for fault in faults] == ["LVYUE_RECIPIENT", "LVYUE_SOURCE"]


def test_faults_of_the_file_come_before_those_of_the_environment(desk: Desk) -> None:
    faults = desk.faults("lnag = 1\n", LANGG="x", OFFICER="y")
    assert [fault.split(":")[0] for fault in faults] == ["config.toml", "environment", "environment"]


def test_other_peoples_variables_are_left_alone(desk: Desk) -> None:
    desk.path.write_text("", encoding="utf-8")
    assert load(desk.path, {"PATH": "/bin", "LVYUEX": "1", "LVYUE_CI": "1"}).settings == Settings()


def test_a_section_that_is_no_section_is_one_clear_fault(desk: Desk) -> None:
    faults = desk.faults('mail = "post"\n', MAIL__SENDER="a@office.example")
    assert len(faults) == 1
    assert faults[0].startswith("config.toml:1:1  mail: Input should be")
    assert desk.read("", MAIL__SENDER="a@office.example").settings.mail.sender == "a@office.example"


# --- sources ---


def test_each_source_is_read_by_its_kind(desk: Desk) -> None:
    read = desk.read(TABLE + OCDS)
    assert [type(source) for source in read.sources] == [TableSource, OcdsSource]
    assert read.source("portal").location == "https://portal.example/releases"


def test_a_kind_that_is_not_there_a_setting_of_another_kind_and_a_missing_one_are_told_together(desk: Desk) -> None:
    text = (
        TABLE.replace('"table"', '"tabel"') + OCDS + 'mapping = "x.sql"\n' + TABLE.replace('mapping = "ledger.sql"', "")
    )
    assert desk.faults(text) == [
        'config.toml:3:1  source.0.kind: must be one of ledger, ocds, rest, sql, table; did you mean "table"?',
        'config.toml:10:1  source.1.mapping: unknown key; did you mean "max_pages"?',
        "config.toml:11:3  source.2.mapping: must be given",
    ]


def test_two_sources_may_not_share_a_name(desk: Desk) -> None:
    assert desk.faults(OCDS + OCDS) == ['config.toml:6:1  source "portal" is there twice']


@pytest.mark.parametrize("name", ["Ledger", "2026", "a b", "", "a:b", "台账"])
def test_a_name_of_a_source_is_a_plain_word(desk: Desk, name: str) -> None:
    assert (
        "source.0.name: String should match pattern" in desk.faults(OCDS.replace('portal"\nkind', f'{name}"\nkind'))[0]
    )


def test_a_source_that_is_asked_for_by_a_wrong_name_is_told_the_nearest(desk: Desk) -> None:
    read = desk.read(TABLE + OCDS)
    with pytest.raises(ConfigError, match="there is no source 'potral'; did you mean \"portal\"") as refused:
        read.source("potral")
    assert "ledger, portal" in refused.value.hint


# --- days ---


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Asia/Shanghai", "2026-02-28T16:00:00+00:00", "2026-03-01T15:59:59.999999+00:00"),
        ("America/New_York", "2026-03-01T05:00:00+00:00", "2026-03-02T04:59:59.999999+00:00"),
        ("UTC", "2026-03-01T00:00:00+00:00", "2026-03-01T23:59:59.999999+00:00"),
    ],
)
def test_a_day_begins_and_ends_where_the_office_is(desk: Desk, zone: str, first: str, last: str) -> None:
    read, day = desk.read(f'[calendar]\ntimezone = "{zone}"\n'), date(2026, 3, 1)
    assert read.start_of_day(day).astimezone(UTC) == datetime.fromisoformat(first)
    assert read.end_of_day(day).astimezone(UTC) == datetime.fromisoformat(last)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 3, 9), 24)])
def test_a_day_on_which_clocks_are_changed_is_still_one_day(desk: Desk, day: date, hours: int) -> None:
    read = desk.read('[calendar]\ntimezone = "America/New_York"\n')
    first, last = read.start_of_day(day).astimezone(UTC), read.end_of_day(day).astimezone(UTC)
    assert round((last - first).total_seconds() / 3600) == hours


def test_the_offices_own_days_off_are_read_and_china_is_there_for_the_law_of_china(desk: Desk) -> None:
    (desk.path.parent / "days.toml").write_text(
        '[[year]]\nyear = 2040\ncite = "an invented notice"\noff = [2040-03-01]\n', encoding="utf-8"
    )
    calendars = desk.read('[calendar]\ncountry = "US"\nnotices = "days.toml"\n').calendars()
    assert sorted(calendars) == ["CN", "EU", "US"]
    assert not calendars["US"].is_working(date(2040, 3, 1))
    assert calendars["CN"].is_working(date(2040, 3, 1))


def test_a_notice_that_is_not_there_is_named(desk: Desk) -> None:
    read = desk.read('[calendar]\nnotices = "days.toml"\n')
    with pytest.raises(ConfigError, match=r"days\.toml: No such file"):
        read.calendars()
