"""What can go wrong goes wrong here: one clear message, the documented exit code, and the last good state as it was.

A real loopback publisher misbehaves on purpose; the command line is the real one; the database is looked at from outside.
"""

from __future__ import annotations

import gzip
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.office import CORE, Office, config, source
from tests.sources.publishers import Publisher, drips_body

MAPPING = """
create view contract as select id, title, 'CNY' as currency, amount, source_row from raw;
create view obligation as
select id || '/1' as id, id as contract_id, title, due as due_on, 'scheduled' as status, source_row from raw;
"""
GOOD = "id,title,amount,due\nA,Road,100.00,2026-03-01\nB,School,200.00,2026-04-01\nC,Bridge,300.00,\n"
LIMITS = "{ deadline_seconds = 1.5, idle_seconds = 1.0, attempts = 2, backoff_seconds = 0.0, max_bytes = 4000000 }"
RECIPIENT = '\n[[recipient]]\naddress = "fazhi@example.invalid"\n'


def office_for(folder: Path, location: object, **more: object) -> Office:
    block = source("register", location, "register.sql", complete=True, limits=LIMITS, **more)
    made = Office(folder, config(block, RECIPIENT, CORE, country="CN", zone="Asia/Shanghai"))
    (folder / "register.sql").write_text(MAPPING, encoding="utf-8")
    return made


@pytest.fixture
def office(tmp_path: Path, httpserver: HTTPServer) -> Office:
    """An office with one good pull behind it, whose publisher is about to misbehave."""
    httpserver.expect_ordered_request("/register").respond_with_data(GOOD, content_type="text/csv")
    made = office_for(tmp_path, httpserver.url_for("/register"))
    made.ok("pull")
    made.ok("scan", "--as-of", "2026-03-20")
    httpserver.clear()
    return made


def refused(office: Office, code: int, *words: str, command: tuple[str, ...] = ("pull",)) -> str:
    """The command fails with this code and one message that has these words; nothing but the ledger changed."""
    before = office.contents()
    said = office.lvyue(*command)
    assert said.code == code, f"{said.code}: {said.out}{said.err}"
    message = " ".join(said.err.split())
    for word in words:
        assert word in message
    assert "Traceback" not in said.err
    assert office.contents() == before
    return said.err


def ledger(office: Office) -> tuple[str, str]:
    state, message = office.rows("select state, coalesce(message, '') from run order by id desc limit 1")[0]
    return state, message


def test_server_down(office: Office, unused_port: int) -> None:
    refused(office, 4, "127.0.0.1", command=("pull", "--location", f"http://127.0.0.1:{unused_port}/x"))
    assert ledger(office)[0] == "failed"
    assert "127.0.0.1" in ledger(office)[1]


@pytest.fixture
def unused_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


def test_500_then_200_is_not_even_an_error(office: Office, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/register").respond_with_data("busy", status=500)
    httpserver.expect_ordered_request("/register").respond_with_data(
        GOOD.replace("Road", "Motorway"), content_type="text/csv"
    )
    assert "2 changed" in office.ok("pull").out  # the contract and its obligation share the title


def test_404(office: Office, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/register").respond_with_data("gone", status=404)
    refused(office, 4, "404", "/register")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('[{"id": "A", "title": "Ro', ("JSON cannot be read",)),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", ("web page", "HTML")),
        ("", ("empty",)),
        ("number,name\n1,Road\n", ("id", "columns")),
    ],
    ids=["truncated JSON", "HTML", "empty", "wrong columns"],
)
def test_an_answer_that_cannot_be_used(
    office: Office, httpserver: HTTPServer, body: str, words: tuple[str, ...]
) -> None:
    """Test 20 of the promises; what an empty register and a renamed field come to stands in test_sources_verbs.py."""
    httpserver.expect_request("/register").respond_with_data(body, content_type="text/plain")
    refused(office, 5, *words)
    assert ledger(office)[0] == "failed"


def test_endless_pagination(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Test 22 of the promises."""

    def page(request: Request) -> Response:
        number = int(request.args.get("page", "1"))
        link = httpserver.url_for(f"/releases?page={number + 1}")
        return Response(f'{{"releases": [], "links": {{"next": "{link}"}}}}', content_type="application/json")

    httpserver.expect_request("/releases").respond_with_handler(page)
    block = f'[[source]]\nname = "ocds"\nkind = "ocds"\nlocation = "{httpserver.url_for("/releases")}"\nmax_pages = 20'
    made = Office(tmp_path, config(block))
    said = made.lvyue("pull")
    assert said.code == 5
    assert "still more pages after 20" in said.err
    assert made.rows("select count(*) from edition") == [(0,)]


@pytest.mark.parametrize(
    ("link", "code", "words"),
    [("SELF", 5, "read already"), ("http://127.0.0.2:1/releases", 4, "127.0.0.2")],
    ids=["to itself", "to another host"],
)
def test_next_links_that_lead_astray(tmp_path: Path, httpserver: HTTPServer, link: str, code: int, words: str) -> None:
    """Tests 22 and 25 of the promises."""
    here = httpserver.url_for("/releases")
    target = here if link == "SELF" else link
    httpserver.expect_request("/releases").respond_with_json({"releases": [], "links": {"next": target}})
    made = Office(tmp_path, config(f'[[source]]\nname = "ocds"\nkind = "ocds"\nlocation = "{here}"'))
    said = made.lvyue("pull")
    assert said.code == code
    assert words in said.err


def test_one_byte_a_second(tmp_path: Path) -> None:
    """Test 23 of the promises."""
    with Publisher(drips_body) as publisher:
        made = office_for(tmp_path, publisher.url)
        said = made.lvyue("pull")
        assert publisher.left.wait(10)
    assert said.code == 4
    assert made.rows("select count(*) from edition") == [(0,)]


def test_a_gzip_that_unpacks_to_300_mb(office: Office, httpserver: HTTPServer) -> None:
    """Test 24 of the promises."""
    bomb = gzip.compress(bytes(300 * 2**20), 9)
    httpserver.expect_request("/register").respond_with_data(
        bomb, headers={"Content-Encoding": "gzip"}, content_type="text/csv"
    )
    refused(office, 5, "register")


def test_a_config_with_three_typos(office: Office) -> None:
    text = office.path.read_text(encoding="utf-8")
    office.write(text.replace("lang =", "lnag =", 1).replace("timezone", "timezoen").replace("complete", "compleet"))
    said = refused(
        office, 3, 'did you mean "lang"?', 'did you mean "timezone"?', 'did you mean "complete"?', command=("check",)
    )
    assert said.count("config.toml:") == 3
    assert "^^^^" in said


def test_an_environment_variable_that_names_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVYUE_MIAL__SENDER", "a@b.c")
    refused(office, 3, "LVYUE_MIAL__SENDER", 'did you mean "mail"?', command=("check",))


def test_a_rule_with_an_unknown_fact(office: Office, tmp_path: Path) -> None:
    pack = tmp_path / "own" / "house"
    pack.mkdir(parents=True)
    (pack / "pack.toml").write_text('name = { zh = "本地", en = "House" }\n', encoding="utf-8")
    (pack / "OWN-DL-01.toml").write_text(
        'id = "OWN-DL-01"\nsubject = "obligation"\nside = "both"\nbasis = "default"\n'
        'title = { zh = "甲", en = "A" }\nlaw = ["house rule"]\n'
        'due = "obligation.due_om"\ndone = "obligation.don_on"\n[ladder]\norange = "+1d"\n'
        '[says]\nzh = "{due}"\nen = "{obligation.titel}"\n[action]\nzh = "办"\nen = "act"\n'
        '[[example]]\nsays = "late"\nas_of = 2026-03-02\ngiven = { obligation.due_on = 2026-03-01 }\nexpect = "orange"\n'
        '[[example]]\nsays = "early"\nas_of = 2026-03-01\ngiven = { obligation.due_on = 2026-03-01 }\nexpect = "clear"\n',
        encoding="utf-8",
    )
    text = office.path.read_text(encoding="utf-8").replace(CORE, "")
    office.write(text + '\n[shelves]\nrules = ["own"]\n')
    said = refused(
        office,
        3,
        'unknown fact "obligation.due_om"; did you mean "obligation.due_on"?',
        command=("scan", "--as-of", "2026-03-21"),
    )
    assert "OWN-DL-01.toml:7:8" in said
    assert '"obligation.done_on"' in said
    assert '"obligation.title"' in said


def test_a_database_of_a_newer_schema(office: Office) -> None:
    with closing(sqlite3.connect(office.database)) as db:
        db.execute("update alembic_version set version_num = '9999'")
        db.commit()
    refused(office, 6, "9999", "newer Lvyue", command=("scan", "--as-of", "2026-03-21"))


def test_a_file_that_is_no_database(office: Office) -> None:
    for name in office.database.parent.glob("lvyue.db*"):
        name.unlink()
    office.database.write_bytes(b"this is not a database at all, whatever its name says" * 100)
    said = office.lvyue("pull")
    assert said.code == 6
    assert "not a database" in said.err


def test_a_database_that_vanished_is_not_made_anew(office: Office) -> None:
    for name in office.database.parent.glob("lvyue.db*"):
        name.unlink()
    said = office.lvyue("scan", "--as-of", "2026-03-21")
    assert said.code == 8
    assert not office.database.exists()


def test_a_full_disk(small_disk: Path, httpserver: HTTPServer) -> None:
    rows = "".join(f"N{n},A road with a rather long name, number {n},{n}.00,2026-05-01\n" for n in range(20000))
    httpserver.expect_ordered_request("/register").respond_with_data(GOOD, content_type="text/csv")
    httpserver.expect_ordered_request("/register").respond_with_data(
        GOOD + rows.replace("name,", "name;"), content_type="text/csv"
    )
    httpserver.expect_ordered_request("/register").respond_with_data(
        GOOD.replace("Road", "Motorway"), content_type="text/csv"
    )
    office = office_for(small_disk, httpserver.url_for("/register"))
    office.ok("pull")
    before = office.contents()
    said = office.lvyue("pull")
    assert said.code == 8
    assert "full" in said.err
    assert "free some space" in said.err
    assert office.contents() == before
    assert office.rows("pragma integrity_check") == [("ok",)]
    assert "2 changed" in office.ok("pull").out  # the contract and its obligation share the title


def test_another_lvyue_at_work(office: Office) -> None:
    from monitor.store.lock import exclusive

    with exclusive(office.database.parent):
        refused(office, 7, "another lvyue is at work")


def test_bad_rows_go_to_quarantine_and_the_rest_go_on(office: Office, httpserver: HTTPServer) -> None:
    rows = (
        "A,Road,100.00,2026-03-01",
        "B,School,two hundred,2026-04-01",
        "C,Bridge,300.00,31.02.2026",
        "D,Park,4.00,",
        "E",
    )
    text = "id,title,amount,due\n" + "\n".join(rows) + "\n"
    httpserver.expect_request("/register").respond_with_data(text, content_type="text/csv")
    office.ok("pull")
    listed = office.ok("sources", "quarantine").out
    for word in ("two hundred", "is not an amount", "31.02.2026", "is not a date", "1 cells instead of 4"):
        assert word in " ".join(listed.split())
    # B's amount cannot be read: what was known of B stays; nothing vanished, nothing became zero
    assert office.rows("select amount_minor, gone from contract_version where id = 'register:B'") == [(20000, 0)]
    assert office.rows("select amount_minor from contract_version where id = 'register:D'") == [(400,)]
    assert office.rows("select count(*) from contract_version where gone") == [(0,)]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
