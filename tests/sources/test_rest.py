"""Web services: every way from one page to the next, every way to say who asks, and only what changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.domain.errors import ConfigError, RejectedError, SourceError
from monitor.sources import Known
from monitor.sources.rest import RestSource
from tests.office import CORE, Office, config

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
SEVEN = [{"id": f"HT-{n}", "title": f"Road {n}"} for n in range(7)]
LIMITS = {"deadline_seconds": 5, "attempts": 2, "backoff_seconds": 0}


def service(httpserver: HTTPServer, **settings: Any) -> RestSource:
    given = {"name": "api", "mapping": "m.sql", "records": "data", "limits": LIMITS} | settings
    return RestSource.model_validate({"location": httpserver.url_for("/contracts")} | given)


def came(source: RestSource, known: Known | None = None) -> list[str]:
    """The keys of all records, in the order they came."""
    asked = source.ask(Path(), known or Known(at=AT))
    return [record["id"] for page in asked.pages for record in json.loads(page.content)["data"]]


def serve(httpserver: HTTPServer, answer: Callable[[Request], dict[str, Any] | Response]) -> None:
    def handle(request: Request) -> Response:
        found = answer(request)
        return found if isinstance(found, Response) else Response(json.dumps(found), content_type="application/json")

    httpserver.expect_request("/contracts").respond_with_handler(handle)


def part(request: Request, size: int = 3) -> int:
    return int(request.args.get("page", 1)) * size - size


# --- From page to page ---


def test_pages_by_number(httpserver: HTTPServer) -> None:
    serve(httpserver, lambda request: {"data": SEVEN[part(request) : part(request) + 3]})
    assert came(service(httpserver, pages="page")) == [record["id"] for record in SEVEN]
    assert len(httpserver.log) == 4, "the last page is known by being empty"


def test_a_page_that_is_not_full_is_the_last(httpserver: HTTPServer) -> None:
    def answer(request: Request) -> dict[str, Any]:
        size, start = int(request.args["limit"]), int(request.args["skip"])
        return {"data": SEVEN[start : start + size]}

    serve(httpserver, answer)
    source = service(httpserver, pages="offset", page_parameter="skip", size_parameter="limit", page_size=4)
    assert came(source) == [record["id"] for record in SEVEN]
    assert [dict(request.args) for request, _ in httpserver.log] == [
        {"limit": "4", "skip": "0"}, {"limit": "4", "skip": "4"},
    ]  # fmt: skip


def test_pages_by_cursor(httpserver: HTTPServer) -> None:
    def answer(request: Request) -> dict[str, Any]:
        start = int(request.args.get("after", 0))
        return {"data": SEVEN[start : start + 3], "meta": {"cursor": start + 3 if start < 6 else None}}

    serve(httpserver, answer)
    assert len(came(service(httpserver, pages="cursor", next="meta.cursor", page_parameter="after"))) == 7


@pytest.mark.parametrize("where", ["header", "body"])
def test_pages_by_link(httpserver: HTTPServer, where: str) -> None:
    def answer(request: Request) -> Response:
        start = part(request)
        link = f"/contracts?page={start // 3 + 2}" if start < 6 else None
        body: dict[str, Any] = {"data": SEVEN[start : start + 3]}
        if where == "body":
            return Response(json.dumps(body | {"links": {"next": link}}), content_type="application/json")
        headers = {"Link": f'<{link}>; rel="next", </contracts>; rel="first"'} if link else {}
        return Response(json.dumps(body), content_type="application/json", headers=headers)

    serve(httpserver, answer)
    assert len(came(service(httpserver, pages="link", next="links.next" if where == "body" else ""))) == 7


@pytest.mark.parametrize("link", ["http://169.254.169.254/x", "http://[::1]:1/x", "//10.0.0.1/x", "file:///etc/passwd"])
def test_a_next_link_leads_nowhere_else(httpserver: HTTPServer, link: str) -> None:
    """Test 25 of the promises: credentials would go along."""
    serve(httpserver, lambda _: {"data": SEVEN, "next": link})
    with pytest.raises(SourceError, match="another place; not followed"):
        came(service(httpserver, pages="link", next="next"))
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("settings", "answer", "words"),
    [
        ({"pages": "page"}, {"data": SEVEN}, "page 2 is the same as the one before"),
        ({"pages": "cursor", "next": "c"}, {"data": SEVEN, "c": "again"}, "read already as the next one"),
        ({"pages": "link", "next": "c"}, {"data": SEVEN, "c": "/contracts"}, "read already as the next one"),
    ],
)
def test_pages_that_go_round_end(
    httpserver: HTTPServer, settings: dict[str, Any], answer: dict[str, Any], words: str
) -> None:
    """Test 22 of the promises."""
    serve(httpserver, lambda _: answer)
    with pytest.raises(RejectedError, match=words):
        came(service(httpserver, **settings))


def test_pages_without_an_end_stop_at_a_number_and_at_a_size(httpserver: HTTPServer) -> None:
    """Test 22 of the promises."""
    serve(httpserver, lambda request: {"data": [{"id": request.args["page"], "title": "x" * 1000}]})
    with pytest.raises(RejectedError, match="source api: still more pages after 5"):
        came(service(httpserver, pages="page", max_pages=5))
    with pytest.raises(RejectedError, match="4 pages are more than 4,000 bytes, and not all"):
        came(service(httpserver, pages="page", max_total_bytes=4000))


# --- Who asks ---


def test_a_token_comes_from_where_the_settings_say(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TOKEN", "t0ken")
    serve(httpserver, lambda _: {"data": []})
    source = service(httpserver, credentials={"scheme": "bearer", "secret": "env:PORTAL_TOKEN"})
    came(source)
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer t0ken"
    monkeypatch.delenv("PORTAL_TOKEN")
    with pytest.raises(ConfigError, match="PORTAL_TOKEN is not set"):
        came(source)


def test_a_user_and_a_password(httpserver: HTTPServer) -> None:
    serve(httpserver, lambda _: {"data": []})
    source = service(httpserver, credentials={"scheme": "basic", "user": "fazhi", "secret": "口令"})
    came(source)
    sent = httpserver.log[0][0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "fazhi:口令"
    assert "口令" not in repr(source)


def test_a_signature_over_method_path_query_and_date(httpserver: HTTPServer) -> None:
    """The service computes it for itself, from what the docstring says."""
    said: list[str] = []

    def answer(request: Request) -> Response | dict[str, Any]:
        query = request.query_string.decode()
        text = f"GET\n{request.path}\n{query}\n{request.headers['Date']}"
        wanted = base64.b64encode(hmac.new(b"s3cret", text.encode(), hashlib.sha256).digest()).decode()
        said.append(query)
        if request.headers["Authorization"] != f"HMAC-SHA256 Credential=office-7, Signature={wanted}":
            return Response("no", status=401)
        return {"data": SEVEN[part(request) : part(request) + 3]}

    serve(httpserver, answer)
    credentials = {"scheme": "hmac", "user": "office-7", "secret": "s3cret"}
    location = httpserver.url_for("/contracts?unit=%E5%B1%80&x=a%20b")
    assert len(came(service(httpserver, pages="page", credentials=credentials, location=location))) == 7
    assert said[1] == "unit=%E5%B1%80&x=a+b&page=2" or said[1] == "unit=%E5%B1%80&x=a%20b&page=2"
    assert httpserver.log[0][0].headers["Date"] == "Mon, 02 Mar 2026 08:00:00 GMT"
    wrong = service(httpserver, credentials=credentials | {"secret": "other"})
    with pytest.raises(SourceError, match="401") as refusal:
        came(wrong)
    assert "check the user" in refusal.value.hint


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"location": "contracts.json"}, "begins with https"),
        ({"pages": "cursor"}, "needs `next`"),
        ({"since_parameter": "since"}, "go together"),
        ({"credentials": {"scheme": "digest", "secret": "x"}}, "'bearer', 'basic' or 'hmac'"),
    ],
)
def test_settings_that_cannot_work_are_refused(httpserver: HTTPServer, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        service(httpserver, **settings)


# --- Only what changed ---


def test_what_changed_since_is_asked_for_until_everything_is_due(httpserver: HTTPServer) -> None:
    serve(httpserver, lambda _: {"data": []})
    source = service(httpserver, since_parameter="since", watermark="meta.changed", full_every_days=7)
    mark = "2026-02-28T10:00:00Z"
    for known, partial in [
        (Known(at=AT), False),
        (Known(at=AT, watermark=mark), False),
        (Known(at=AT, watermark=mark, full_at=AT - timedelta(days=6)), True),
        (Known(at=AT, watermark=mark, full_at=AT - timedelta(days=7)), False),
    ]:
        assert source.ask(Path(), known).partial is partial
        assert httpserver.log[-1][0].args.get("since") == (mark if partial else None)


MAPPING = """
create view contract as select doc->>'$.id' as id, doc->>'$.title' as title, source_row from raw;
"""


class Service:
    """An office that asks a service, and the records that the service has by now."""

    def __init__(self, folder: Path, httpserver: HTTPServer) -> None:
        self.records: list[dict[str, str]] = []
        self.broken_page = 0
        (folder / "m.sql").write_text(MAPPING, encoding="utf-8")
        serve(httpserver, self.answer)
        block = (
            f'[[source]]\nname = "api"\nkind = "rest"\nmapping = "m.sql"\nrecords = "data"\n'
            f'location = "{httpserver.url_for("/contracts")}"\npages = "page"\nsince_parameter = "since"\n'
            'watermark = "changed"\ncomplete = true\nlimits = { attempts = 2, backoff_seconds = 0.0 }\n'
        )
        self.office = Office(folder, config(block, CORE))

    def answer(self, request: Request) -> Response | dict[str, Any]:
        since, page = request.args.get("since", ""), int(request.args["page"])
        if page == self.broken_page:
            return Response("busy", status=503)
        found = [record for record in self.records if record["changed"] >= since]
        return {"data": found[page * 2 - 2 : page * 2]}

    def say(self, *days: str) -> None:
        self.records = [
            {"id": f"HT-{n}", "title": f"Road {n} as of {day}", "changed": day} for n, day in enumerate(days)
        ]


@pytest.fixture
def api(tmp_path: Path, httpserver: HTTPServer) -> Service:
    made = Service(tmp_path, httpserver)
    made.say("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05")
    return made


def test_a_failure_at_page_k_leaves_nothing_visible(api: Service) -> None:
    """Test 19 of the promises."""
    api.broken_page = 3
    said = api.office.lvyue("pull")
    assert said.code == 4
    assert "answers 503" in said.err
    for table in ("edition", "payload", "contract_version"):
        assert api.office.rows(f"select count(*) from {table}") == [(0,)]
    api.broken_page = 0
    assert "5 new" in api.office.ok("pull").out


def test_an_incremental_pull_adds_what_changed_and_misses_nothing_that_is_not_there(api: Service) -> None:
    api.office.ok("pull")
    assert api.office.rows("select watermark, partial from edition") == [("2026-01-05", 0)]
    del api.records[0]  # vanished, but nobody was asked for everything
    api.records[-1] = api.records[-1] | {"title": "Motorway", "changed": "2026-02-01"}
    assert "1 changed" in api.office.ok("pull").out
    assert api.office.rows("select watermark, partial, vanished from edition order by id")[1:] == [("2026-02-01", 1, 0)]
    api.records = [record for record in api.records if record["changed"] < "2026-02-01"]
    assert "nothing new" in api.office.ok("pull").out
    assert api.office.rows("select count(*) from contract_version where gone") == [(0,)]
    mapping = api.office.folder / "m.sql"
    mapping.write_text(MAPPING.replace("doc->>'$.title'", "upper(doc->>'$.title')"), encoding="utf-8")
    assert "2 vanished" in api.office.ok("pull").out, "another mapping reads everything again"
