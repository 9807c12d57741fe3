"""`lvyue demo`: the whole path on real data, over real HTTP, on this machine alone.

The milestones of New York school construction as they were published on 2017-12-31 (see data/SOURCE.md). The recipients are
made up and their addresses lead nowhere; letters are laid as .eml files.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from rich.console import Console

from monitor import pipeline, rulebook
from monitor.config import Config, load
from monitor.domain.errors import UsageError
from monitor.reports import page, terminal
from monitor.reports.portfolio import Portfolio, portfolio
from monitor.store import Store
from monitor.store.lock import exclusive

DATA = Path(__file__).parent / "data" / "nyc_sca_2017-12-31.csv.gz"
DAY = date(2017, 12, 31)
LEAVINGS = ("lvyue.db", "lvyue.db-wal", "lvyue.db-shm", "lvyue.made")
OURS = "# Written by `lvyue demo"
"""How config.toml begins in a folder that a demo may work in."""

CONFIG = """\
# Written by `lvyue demo`. The data is real (see monitor/demo/data/SOURCE.md); the office and its people are made up.
office = "Lvyue demo"
lang = "{lang}"
state = "state"

[calendar]
country = "US"
timezone = "America/New_York"

[[source]]
name = "nyc-sca"
kind = "table"
mapping = "nyc_sca"
location = "{location}"
published = 2017-12-31
complete = true
jurisdiction = "US-NY"

[[recipient]]
address = "fazhi@demo.invalid"
name = "法制机构"
lang = "zh"

[[recipient]]
address = "auditor@demo.invalid"
name = "Auditor"
lang = "en"
level = "orange"
"""


def play(
    folder: Path,
    *,
    console: Console,
    say: Callable[[str], None],
    lang: str,
    clock: Callable[[], datetime] | None = None,
) -> None:
    """Pull, scan, deliver; pull and scan again, which must change nothing; then print the report and where things lie."""
    path = own_config(folder)
    with replay(DATA) as location:
        path.write_text(CONFIG.format(location=location, lang=lang), encoding="utf-8")
        config = load(path, {})  # nothing in the environment leads a demo to an office's database
        with exclusive(config.state):
            report = _two_rounds(config, say, clock or (lambda: datetime.now(config.zone)))
    show(config, report, console=console, say=say, lang=lang)
    say(f"ask on: cd {folder} && lvyue explain 'K753/LOW VOLTAGE ELECTRICAL SYSTEM/ANSUL SYSTEM' --as-of {DAY}")


def own_config(folder: Path) -> Path:
    """Where a demo writes its config.toml. Raises UsageError for a folder that holds an office of the user's own."""
    path = folder / "config.toml"
    if path.exists() and not path.read_text(encoding="utf-8").startswith(OURS):
        raise UsageError(f"{folder} holds an office of your own", hint="give the demo a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    return path


def new_store(config: Config) -> Store:
    """An empty store in place of all that an earlier demo left."""
    for name in LEAVINGS:
        (config.state / name).unlink(missing_ok=True)
    for name in ("letters", "mirror"):
        shutil.rmtree(config.state / name, ignore_errors=True)
    return Store(config.database, create=True)


def show(config: Config, report: Portfolio, *, console: Console, say: Callable[[str], None], lang: str) -> None:
    """Print the report, write it as a page, and say where things lie."""
    terminal.show_portfolio(console, report, lang)
    written = config.state / "portfolio.html"
    written.write_text(page.portfolio_page(report, lang), encoding="utf-8")
    letters = config.state / "letters"
    say(f"{len(list(letters.glob('*.eml')))} letters lie in {letters}")
    say(f"the report as a page: {written}")


@contextmanager
def replay(file: Path) -> Iterator[str]:
    """A publisher on loopback: serves one file with its ETag, answers 304 to who has it. Gives the address."""
    content = file.read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    class Publisher(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match") == etag
            self.send_response(304 if known else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "text/csv; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", "0" if known else str(len(content)))
            self.end_headers()
            if not known:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the demo's own lines tell the story."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/capital-project-schedules.csv"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _two_rounds(config: Config, say: Callable[[str], None], clock: Callable[[], datetime]) -> Portfolio:
    store = new_store(config)
    book = rulebook.load(config.rule_shelves(), config.calendars(), default_calendar="US")
    known_at = config.end_of_day(DAY)
    for time in ("first", "second"):
        pulled = pipeline.pull(config, store, config.sources[0], at=clock())
        got = (
            "nothing new (304)"
            if pulled.unchanged
            else f"{pulled.counts.new:,} new rows, {pulled.counts.quarantined} refused"
        )
        say(f"{time} pull over HTTP: {got}")
        scanned = pipeline.scan(config, store, book, as_of=DAY, known_at=known_at, at=clock())
        found, changed = len(scanned.findings), len(scanned.changes)
        say(f"{time} scan as of {DAY}: {found:,} findings, {changed:,} warnings changed, {scanned.letters} letters")
        with config.ways(clock) as ways:
            delivered = pipeline.deliver(config, store, ways, at=clock())
        say(f"{time} delivery: {delivered.sent} letters")
    with pipeline.look(config, store, book, as_of=DAY, known_at=known_at) as view:
        return portfolio(view.engine, view.voices, book, view.header, view.sources)
