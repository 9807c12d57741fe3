"""What every report says, whole: in a terminal in both languages, and to programs as CSV and JSON. Read the diff, then renew."""

from __future__ import annotations

import json
import re

import pytest

from monitor import __version__
from monitor.domain.words import LANGS
from monitor.reports.questions import questions
from tests.conftest import Golden
from tests.test_reports import ASKED, Register

ASKING = {name: ("report", name) for name in (*questions(), "portfolio")} | {
    "contract": ("report", "contract", "N1"),
    "query": ("query", "select number, amount, signed_on, end_on from fact_contract order by id"),
    "whatif": ("whatif", "N1", "--set", "payment.paid=1000"),
}  # fmt: skip
HASH = re.compile(r"\b[0-9a-f]{12,64}\b")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Register:
    """Four contracts of which two lack something, and warnings that were worked."""
    register = Register(tmp_path_factory.mktemp("office"))
    register.lives()
    return register


def said(register: Register, name: str, form: str, lang: str) -> str:
    """The report without what another release of a library may change: hashes, and which they are of."""
    out = register.office.ok("--lang", lang, *ASKING[name], "--as-of", ASKED, "--format", form).out
    if form == "json":
        told = json.loads(out)
        told.pop("proof", None)
        out = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    lines = HASH.sub("<hash>", out).replace(__version__, "<version>").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", ASKING)
def test_a_report_says_what_it_said_before(lived: Register, golden: Golden, name: str, lang: str) -> None:
    golden(f"answers/{name}.{lang}.txt", said(lived, name, "terminal", lang))


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("name", ASKING)
def test_programs_are_told_what_they_were_told_before(lived: Register, golden: Golden, name: str, form: str) -> None:
    golden(f"answers/{name}.{form}", said(lived, name, form, "en"))
