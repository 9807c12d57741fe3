"""The files for systemd, Docker and Prometheus, each held by the program that reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import config as configuration
from monitor.deploy import KINDS, text_of
from monitor.health.metrics import exposition
from monitor.health.probes import Sight
from monitor.health.pulse import Pulse
from monitor.store.vitals import Vitals
from tests.office import Office, config

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here; Debian's package {package} brings it")
    return found


def ran(*words: str, given: bytes = b"") -> str:
    """What a program said that must succeed."""
    done = subprocess.run(words, input=given, capture_output=True, timeout=60, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_the_verb_prints_what_ships(kind: str, tmp_path: Path) -> None:
    said = Office(tmp_path, config()).ok("deploy", kind)
    assert said.out.startswith("# Lvyue 履约")
    assert said.err == ""


# --- systemd ---


def settings() -> dict[str, str]:
    """The unit's settings; of one that stands twice, the last."""
    lines = [line for line in text_of("systemd").splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def unit(tmp_path: Path) -> str:
    """The unit in a file, with a program that exists on this machine."""
    path = tmp_path / "lvyue.service"
    path.write_text(text_of("systemd").replace("/opt/lvyue/bin/lvyue", "/bin/true"), encoding="utf-8")
    return str(path)


def test_systemd_has_nothing_to_say_against_the_unit(unit: str) -> None:
    assert ran(tool("systemd-analyze", "systemd"), "verify", "--man=no", unit).strip() == ""


def test_systemd_calls_the_unit_well_locked_in(unit: str) -> None:
    said = ran(tool("systemd-analyze", "systemd"), "security", "--offline=yes", "--no-pager", unit)
    level = re.search(r"exposure level for \S+: ([\d.]+) (\w+)", said)
    assert level
    assert level[2] == "OK"
    assert float(level[1]) < 2


def test_the_unit_says_what_the_service_needs() -> None:
    unit = settings()
    assert (unit["Type"], unit["WatchdogSec"], unit["Restart"]) == ("notify", "120", "on-failure")
    assert (unit["ProtectSystem"], unit["NoNewPrivileges"], unit["CapabilityBoundingSet"]) == ("strict", "yes", "")
    words = unit["ExecStart"].split()
    assert words[1:] == ["--config", "/etc/lvyue/config.toml", "serve"]


@pytest.mark.parametrize("kind", ["systemd", "docker"])
def test_every_variable_they_set_is_a_setting(kind: str, tmp_path: Path) -> None:
    text = re.sub(r"^#.*$", "", text_of("docker" if kind == "docker" else "systemd"), flags=re.MULTILINE)
    given = dict(word.split("=", 1) for word in re.findall(r"\bLVYUE_[A-Z_]+=\S+", text))
    assert given["LVYUE_SERVICE__LOG"] == "json"
    read = configuration.load(Office(tmp_path, config()).path, given)
    assert read.settings.service.log == "json"


# --- Docker ---


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its words, lines that go on joined."""
    text = re.sub(r"^#.*\n", "", text_of("docker"), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_the_image_is_made_of_pinned_files_and_runs_as_nobody_in_particular() -> None:
    found = instructions()
    known = {
        "FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    assert {name for name, _ in found} <= known, "ADD, ARG and SHELL are not needed"
    last = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    final = dict(found[last:])
    assert final["USER"] == "10001:10001"
    assert found.index(("USER", "10001:10001")) > max(n for n, (name, _) in enumerate(found) if name == "RUN")
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+( AS \w+)?", words) for name, words in found if name == "FROM")
    assert "/healthz" in final["HEALTHCHECK"]
    assert (final["ENTRYPOINT"], final["CMD"], final["STOPSIGNAL"]) == ('["lvyue"]', '["serve"]', "SIGTERM")
    assert any("--require-hashes" in words for name, words in found if name == "RUN")
    assert not [words for _, words in found if re.search(r"curl|wget|sudo|chmod 777|https?://(?!127)", words)]


def test_a_linter_has_nothing_to_say_against_the_image() -> None:
    """hadolint, whose wheel brings the program: no rule is switched off, and the shell's linter reads each RUN."""
    hadolint = Path(sys.executable).with_name("hadolint")
    told = [str(hadolint), "--no-color", "--failure-threshold", "style", "-"]
    assert ran(*told, given=text_of("docker").encode()) == ""
    with pytest.raises(AssertionError, match="DL3002"):
        ran(*told, given=text_of("docker").replace("USER 10001:10001", "USER root").encode())


def test_the_line_that_cuts_the_lock_in_two_is_in_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "# --- dev ---" in lock.splitlines()
    assert "/^# --- dev ---$/" in text_of("docker")


def test_the_shell_of_the_image_can_read_every_step(tmp_path: Path) -> None:
    for name, words in instructions():
        if name == "RUN":
            script = tmp_path / "step.sh"
            script.write_text(words, encoding="utf-8")
            ran("sh", "-n", str(script))


# --- Prometheus ---


def seen() -> Sight:
    """A service of which every number is known."""
    pulse = Pulse(started_at=NOON)
    pulse.plan("round")
    pulse.tick(1.0)
    found = Vitals(
        answered={"register": NOON}, pulls={("register", "ok"): 3}, seconds={"scan": 1.5}, scanned_on=NOON.date(),
        scanned_at=NOON, scan_counts={"findings": 1, "unknown": 2}, backed_up_at=NOON,
        figures={
            "contracts": {"active": 3}, "unknown": {"GEN-DL-01": 2}, "acknowledged": {"orange": [1, 3600]},
            "drift": {"milestone_slip": {"psi": 0.1, "moved": False}},
        },
        letters={("mail", "parked"): 1}, waiting_since=NOON, warnings={("red", "open"): 1},
    )  # fmt: skip
    return Sight(
        at=NOON, monotonic=2.0, beat=pulse.beat(), sources={"register": timedelta(days=1)}, vitals=found,
        disk_free=10**9,
    )  # fmt: skip


def test_prometheus_reads_our_numbers() -> None:
    assert ran(tool("promtool", "prometheus"), "check", "metrics", given=exposition(seen())).strip() == ""


def test_prometheus_reads_our_rules_and_they_speak_when_they_should(tmp_path: Path) -> None:
    promtool = tool("promtool", "prometheus")
    rules = tmp_path / "alerts.yml"
    rules.write_text(text_of("prometheus"), encoding="utf-8")
    shutil.copy(HERE / "alerts_test.yml", tmp_path)
    assert "SUCCESS" in ran(promtool, "check", "rules", str(rules))
    assert "SUCCESS" in ran(promtool, "test", "rules", str(tmp_path / "alerts_test.yml"))


def test_every_number_that_a_rule_asks_for_is_one_of_ours() -> None:
    told = set(re.findall(r"^(lvyue_\w+?)(?:\{| )", exposition(seen()).decode(), re.MULTILINE))
    asked = set(re.findall(r"\blvyue_\w+", text_of("prometheus")))
    assert asked
    assert asked <= told
