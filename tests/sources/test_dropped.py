"""A folder into which an office drops its ledger: whole files in order, half ones later, and nothing but files. Made data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import pulling
from monitor.config import load
from monitor.domain.errors import SourceError
from monitor.store import Store
from tests.office import CORE, Office, config
from tests.sources.ledgers import HEAD, workbook

LONG_AGO = 1_700_000_000
AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class Inbox:
    """An office and its folder."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder / "收件"
        self.folder.mkdir()
        settings = "".join(f"{name} = {value}\n" for name, value in more.items())
        block = f'[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "{self.folder.name}"\n{settings}'
        self.office = Office(folder, config(block, CORE, country="CN", zone="Asia/Shanghai"))

    def drop(self, name: str, *titles: str, content: bytes | None = None, touched: float | None = LONG_AGO) -> Path:
        path = self.folder / name
        rows = [[f"HT-{n}", title] for n, title in enumerate(titles)]
        path.write_bytes(workbook({"合同台账": [HEAD, *rows]}) if content is None else content)
        if touched is not None:
            os.utime(path, (touched, touched))
        return path

    def lies(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if not path.is_dir())

    def titles(self) -> list[str]:
        """What was said of the first contract, in the order it became known."""
        found = self.office.rows("select title from contract_version where id = 'ledger:HT-0' order by seq")
        return [title for (title,) in found]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def test_each_file_is_an_edition_in_the_order_people_count(inbox: Inbox) -> None:
    inbox.drop("台账10月.xlsx", "third")
    inbox.drop("台账9月.xlsx", "second")
    inbox.drop("台账2月.xlsx", "first", "other")
    assert "3 editions" in inbox.office.ok("pull").out
    assert inbox.titles() == ["first", "second", "third"]
    assert inbox.lies() == ["taken/台账10月.xlsx", "taken/台账2月.xlsx", "taken/台账9月.xlsx"]
    assert "nothing new" in inbox.office.ok("pull").out
    inbox.drop("台账9月.xlsx", "corrected")
    inbox.office.ok("pull")
    assert inbox.titles()[-1] == "corrected"
    assert "taken/台账9月 (2).xlsx" in inbox.lies(), "nothing that people wrote is written over"


def test_a_file_that_may_still_grow_waits(inbox: Inbox) -> None:
    inbox.drop("half.xlsx", content=workbook({"合同台账": [HEAD]})[:100], touched=None)
    inbox.drop("~$台账.xlsx", content=b"whoever has it open")
    inbox.drop("台账.xlsx.part", content=b"PK")
    inbox.drop(".台账.xlsx.swp", content=b"PK")
    before = inbox.lies()
    said = inbox.office.ok("pull")
    assert "nothing new" in said.out
    assert "half.xlsx was touched a moment ago" in said.err
    assert inbox.lies() == before
    inbox.drop("half.xlsx", "whole")
    (inbox.folder / "台账.xlsx.part").unlink()
    assert "1 new" in inbox.office.ok("pull").out


def test_a_file_that_cannot_be_taken_is_put_aside_with_the_reason_and_the_others_go_on(inbox: Inbox) -> None:
    inbox.drop("1.xlsx", "first")
    inbox.drop("2.xlsx", content=b"<html>Sign in</html>")
    inbox.drop("3.xlsx", "third")
    said = inbox.office.lvyue("pull")
    assert (said.code, "a web page (HTML)" in said.err) == (5, True)
    assert inbox.titles() == ["first", "third"]
    assert inbox.lies() == ["refused/2.xlsx", "refused/2.xlsx.txt", "taken/1.xlsx", "taken/3.xlsx"]
    zh, en = (inbox.folder / "refused" / "2.xlsx.txt").read_text(encoding="utf-8-sig").splitlines()
    assert "文件“2.xlsx”未能入库" in zh
    assert "原因：文件是网页，不是数据" in zh
    assert "it is a web page, not data" in en
    assert "2.xlsx was not taken" in en
    assert all("a web page (HTML)" in line for line in (zh, en))
    assert (inbox.folder / "refused" / "2.xlsx").read_bytes() == b"<html>Sign in</html>"


def letters(office: Office) -> list[str]:
    """What the operator is written, in Chinese."""
    found = office.rows("select content from letter where kind = 'operator' order by created_at")
    return [note["zh"] for (content,) in found for note in json.loads(content)["notes"]]


def test_the_operator_is_told_once_of_each_file_that_was_refused(inbox: Inbox) -> None:
    inbox.office.write(inbox.office.path.read_text(encoding="utf-8") + '\n[mail]\noperator = "ops@office.example"')
    for name in ("1.xlsx", "2.xlsx"):
        inbox.drop(name, content=b"<html>Sign in</html>")
    inbox.office.lvyue("pull")
    for _ in range(2):
        assert inbox.office.ok("pull").code == 0, "the folder is empty, and the source content"
    [first] = letters(inbox.office)
    assert all(f"{name}（文件是网页" in first for name in ("1.xlsx", "2.xlsx"))
    inbox.drop("3.xlsx", content=b"")
    inbox.office.lvyue("pull")
    assert "3.xlsx（文件中没有任何内容）" in letters(inbox.office)[1]
    assert len(letters(inbox.office)) == 2


class Meanwhile:
    """Somebody else at work in the folder: does a thing once, while a file is read for the time that is asked."""

    def __init__(self, thing: Callable[[], object], reading: int = 1) -> None:
        self.thing, self.left = thing, reading

    def __call__(self, said: str) -> None:
        self.left -= said.endswith("reading")
        if self.left == 0:
            self.left = -1
            self.thing()


def pull(inbox: Inbox, meanwhile: Meanwhile) -> None:
    read = load(inbox.office.path, {})
    pulling.pull(read, Store(read.database, create=True), read.sources[0], at=AT, tell=meanwhile)


@pytest.mark.parametrize("before", ["good", "refused"])
def test_a_file_that_is_replaced_while_it_is_taken_is_taken_next(inbox: Inbox, before: str) -> None:
    if before == "good":
        inbox.drop("1.xlsx", "first")
    else:
        inbox.drop("1.xlsx", content=workbook({"别的": [["无", "关"], ["1", "2"]]}))
    pull(inbox, Meanwhile(lambda: inbox.drop(".new", "second").replace(inbox.folder / "1.xlsx")))
    assert inbox.lies() == ["1.xlsx"], "nobody has read this one"
    inbox.office.ok("pull")
    assert inbox.titles() == ["first", "second"][before == "refused" :]
    assert inbox.lies() == ["taken/1.xlsx"]


def test_the_operator_hears_of_a_refused_file_also_where_a_later_one_breaks_the_pull_off(inbox: Inbox) -> None:
    inbox.office.write(inbox.office.path.read_text(encoding="utf-8") + '\n[mail]\noperator = "ops@office.example"')
    inbox.drop("1.xlsx", content=b"<html>Sign in</html>")
    inbox.drop("2.xlsx", "Road")
    with pytest.raises(SourceError, match="cannot be moved to taken"):
        pull(inbox, Meanwhile((inbox.folder / "taken").touch, reading=2))
    assert inbox.lies() == ["2.xlsx", "refused/1.xlsx", "refused/1.xlsx.txt", "taken"]
    assert len(letters(inbox.office)) == 1


def test_a_ledger_that_lost_most_of_its_contracts_waits_for_a_person(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, complete="true")
    inbox.drop("1.xlsx", "a", "b", "c", "d")
    inbox.office.ok("pull")
    inbox.drop("2.xlsx", "a")
    assert inbox.office.lvyue("pull").code == 5
    assert "lvyue sources accept ledger" in (inbox.folder / "refused" / "2.xlsx.txt").read_text(encoding="utf-8-sig")
    assert "nothing new" in inbox.office.ok("pull").out, "an empty folder is no answer"
    assert "3 vanished" in inbox.office.ok("sources", "accept", "ledger", "--reason", "移交市局").out


def test_what_is_no_file_is_never_opened(inbox: Inbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(workbook({"合同台账": [HEAD, ["HT-9", "secret"]]}))
    (inbox.folder / "link.xlsx").symlink_to(secret)
    os.mkfifo(inbox.folder / "pipe.xlsx")  # opening it would wait for ever
    (inbox.folder / "older").mkdir()
    (inbox.folder / "older" / "台账.xlsx").write_bytes(secret.read_bytes())
    inbox.drop("good.xlsx", "Road")
    said = inbox.office.lvyue("pull")
    assert (said.code, "is a link or a device, not a file" in said.err) == (5, True)
    assert inbox.office.rows("select id from contract_version") == [("ledger:HT-0",)]
    assert inbox.lies() == [
        "older/台账.xlsx", "refused/link.xlsx", "refused/link.xlsx.txt", "refused/pipe.xlsx", "refused/pipe.xlsx.txt",
        "taken/good.xlsx",
    ]  # fmt: skip
    assert secret.exists()


def test_nothing_is_moved_through_a_link(inbox: Inbox, tmp_path: Path) -> None:
    (inbox.folder / "taken").symlink_to(tmp_path)
    inbox.drop("good.xlsx", "Road")
    said = inbox.office.lvyue("pull")
    assert (said.code, "must be a folder and no link" in said.err) == (3, True)
    assert (inbox.folder / "good.xlsx").exists()
    assert inbox.office.rows("select count(*) from edition") == [(0,)]


def test_check_reads_the_file_that_is_next(inbox: Inbox) -> None:
    said = inbox.office.lvyue("sources", "check", "ledger")
    assert (said.code, "no file waits there" in said.err) == (2, True)
    inbox.drop("1.xlsx", "Road", "School")
    assert '"contract": 2' in inbox.office.ok("sources", "check", "ledger", "--json").out
    assert inbox.lies() == ["1.xlsx"]
