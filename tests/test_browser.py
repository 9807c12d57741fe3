"""What people open is opened here in a real browser: nothing is fetched, nothing overflows, Chinese is no row of boxes."""

from __future__ import annotations

import email
import shutil
from collections.abc import Iterator
from datetime import date
from email import policy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from monitor import demo
from monitor.demo.district import district
from monitor.domain.words import LANGS
from monitor.domain.workdays import WorkCalendar
from monitor.reports.forms import shaped
from monitor.reports.questions import questions
from tests.office import Office, config, source
from tests.reports.district import last_month

DAY = date(2017, 12, 31)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
RECIPIENTS = """
[[recipient]]
address = "fazhi@example.invalid"
[[recipient]]
address = "audit@example.invalid"
lang = "en"
"""

BOXES = """() => {
  const pixels = text => {
    const canvas = document.createElement('canvas'); canvas.width = canvas.height = 40;
    const pen = canvas.getContext('2d'); pen.font = '30px ' + getComputedStyle(document.body).fontFamily;
    pen.fillText(text, 4, 32); return pen.getImageData(0, 0, 40, 40).data.join();
  };
  const missing = pixels('\\u{10FFFD}');
  return [...'履约预警龑'].filter(letter => pixels(letter) === missing);
}"""

CLIPPED = (
    "[...document.querySelectorAll('table, svg')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report and a letter in both languages, as an office has them after one scan of the real data."""
    folder = tmp_path_factory.mktemp("office")
    block = source("sca", demo.DATA, "nyc_sca", published=DAY, complete=True, jurisdiction='"US-NY"')
    office = Office(folder, config(block, RECIPIENTS))
    for words in (("pull",), ("scan", "--as-of", str(DAY)), ("deliver",)):
        office.ok(*words)
    found = {}
    for lang in ("zh", "en"):
        found[f"report-{lang}"] = folder / f"report-{lang}.html"
        office.ok(
            "--lang",
            lang,
            "report",
            "portfolio",
            "--as-of",
            str(DAY),
            "--format",
            "html",
            "-o",
            str(found[f"report-{lang}"]),
        )
        letter = next((folder / "state" / "letters").glob(f"*-{lang}-*.eml"))
        body = email.message_from_bytes(letter.read_bytes(), policy=policy.strict).get_body(("html",))
        assert body is not None
        found[f"letter-{lang}"] = folder / f"letter-{lang}.html"
        found[f"letter-{lang}"].write_text(body.get_content(), encoding="utf-8")
    return found


def opened(browser: Browser, path: Path, width: int) -> tuple[Page, list[str], list[str]]:
    """The page at a width, what it asked for beside itself, and what the browser complained about."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    return page, [url for url in asked if url != path.as_uri()], complaints


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["report-zh", "report-en", "letter-zh", "letter-en"])
def test_a_page_stands_alone_and_fits(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    page, asked, complaints = opened(browser, pages[name], width)
    assert asked == []
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert page.evaluate(BOXES) == []
    assert page.evaluate("document.documentElement.lang").startswith(name[-2:])
    page.close()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, calendars: dict[str, WorkCalendar]) -> Path:
    """Every question's page about the made district, in both languages."""
    folder = tmp_path_factory.mktemp("answers")
    with last_month(district(), calendars) as month:
        for name in questions():
            for lang in LANGS:
                page = shaped(month.answer(name, lang), "html")
                (folder / f"{name}-{lang}.html").write_bytes(page)
    return folder


@pytest.mark.parametrize("name", questions())
def test_an_answer_stands_alone_fits_and_prints_whole(browser: Browser, answers: Path, name: str) -> None:
    for lang in LANGS:
        page, asked, complaints = opened(browser, answers / f"{name}-{lang}.html", 390)
        assert (asked, complaints) == ([], [])
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{lang}: it scrolls sideways"
        assert page.evaluate(BOXES) == []
        page.emulate_media(media="print")
        page.set_viewport_size({"width": round(180 / 25.4 * 96), "height": 1000})
        assert page.evaluate(CLIPPED) == 0, f"{lang}: tables or pictures are clipped on A4"
        page.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_prints_on_a4_and_letter_without_losing_a_column(
    browser: Browser, pages: dict[str, Path], lang: str
) -> None:
    page, _, _ = opened(browser, pages[f"report-{lang}"], 1280)
    page.emulate_media(media="print")
    for millimetres in (210, 216):
        page.set_viewport_size({"width": round((millimetres - 30) / 25.4 * 96), "height": 1000})
        wide = page.evaluate(CLIPPED)
        assert wide == 0, f"{wide} tables or pictures are clipped at {millimetres} mm"
        assert len(page.pdf(format="A4" if millimetres == 210 else "Letter")) > 50_000
    page.close()
