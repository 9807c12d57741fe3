"""What the documents say is run: every command and file of both READMEs, the sample config, the list of verbs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from monitor import config
from monitor.cli import app
from monitor.domain.words import LANGS, keys, word
from monitor.settings import Settings
from tests.office import Office

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
LEDGER = """number,title,amount,signed,due
2026-001,Road,100.00,2026-02-01,2026-03-01
2026-002,School,200.00,2026-02-10,2026-04-10
"""


def blocks(name: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", READMES)
def test_a_newcomer_who_follows_the_readme_gets_there(name: str, tmp_path: Path) -> None:
    """Every `lvyue` line, in order, in the folder the README makes, with the config and mapping it shows.

    The two READMEs give the same commands; those that train and look back for half a minute are run of the first only.
    """
    office = Office(tmp_path / "office", "")
    office.path.unlink()
    commands = [line for block in blocks(name, "sh") for line in block.splitlines() if line.startswith("lvyue ")]
    assert len(commands) >= 12
    heard = {line for block in blocks(READMES[0], "sh") for line in block.splitlines()} if name != READMES[0] else set()
    for command in commands:
        words = shlex.split(command)[1:]
        if command in heard and words[0] in ("backtest", "model"):
            continue
        if words[0] == "init":
            office.ok("init", str(office.folder))
            office.write(blocks(name, "toml")[0])
            (office.folder / "ledger.sql").write_text(blocks(name, "sql")[0], encoding="utf-8")
            (office.folder / "ledger.csv").write_text(LEDGER, encoding="utf-8")
            continue
        office.ok(
            *(
                str(office.folder / word) if word in ("report.html", "ledger.xlsx", "year.pdf") else word
                for word in words
            )
        )
    assert "2026-001" in office.ok("alerts", "list", "--json").out
    assert (office.folder / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("name", READMES)
def test_the_two_commands_stand_first(name: str) -> None:
    first = blocks(name, "sh")[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["python3 run.py demo", "python3 run.py test"]


def test_the_sample_config_is_what_init_writes(request: pytest.FixtureRequest) -> None:
    path = ROOT / "config.toml"
    if request.config.getoption("--renew"):
        path.write_text(config.template(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == config.template()
    assert config.load(path, {}).settings == Settings()


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for path in [
        ROOT / name for name in (*READMES, "monitor/README.md", "rules/README.md", "models/README.md", "CHANGELOG.md")
    ]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert "://" in target or (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_verb_has_help_and_stands_in_a_document() -> None:
    text = "".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", "CHANGELOG.md", "rules/README.md", "models/README.md")
    )
    for command in app.registered_commands:
        assert command.callback
        assert command.callback.__doc__
        assert command.callback.__name__ in text, f"no document speaks of `lvyue {command.callback.__name__}`"
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            assert command.callback
            assert command.callback.__doc__
            assert group.name
            assert group.name in text


def test_every_word_has_both_languages() -> None:
    for key in keys():
        for lang in LANGS:
            assert word(key, lang) or key == "letter.gap", f"{key} has no {lang}"  # Chinese has no gap


def test_help_starts_quickly_enough_to_load_nothing_heavy() -> None:
    """`--help` must not import the database, the engine or the learning libraries: they cost a second each."""
    import subprocess
    import sys

    code = (
        "import sys; sys.argv = ['lvyue', '--help']\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'duckdb', 'sqlmodel', 'alembic', 'pyarrow', 'sqlglot', 'holidays', 'apscheduler', 'sklearn'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "HEAVY []" in done.stdout
