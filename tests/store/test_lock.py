"""One lvyue at a time: another process is told so, and a process that dies leaves nothing locked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.domain.errors import BusyError, StoreError
from monitor.store.lock import exclusive

ROOT = Path(__file__).parent.parent.parent
HOLDER = """
import sys
from pathlib import Path
from monitor.store.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("READY", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the folder until its stdin ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "READY\n"
        yield other
        other.kill()


def held(folder: Path) -> bool:
    try:
        with exclusive(folder):
            return False
    except BusyError:
        return True


def test_a_second_process_is_refused_and_told_what_to_do_until_the_first_has_ended(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(BusyError, match="another lvyue is at work") as refused, exclusive(tmp_path):
        pass
    assert refused.value.retry
    assert "lvyue runs list" in refused.value.hint
    assert not held(tmp_path / "another office")
    holder.communicate()
    assert holder.returncode == 0
    assert not held(tmp_path)


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert held(tmp_path)
    holder.kill()
    holder.wait()
    assert not held(tmp_path)


def test_what_goes_wrong_inside_frees_it_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), exclusive(tmp_path):
        raise ValueError("inside")
    assert not held(tmp_path)


def test_an_error_of_the_work_inside_stays_what_it_was(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"), exclusive(tmp_path):
        (tmp_path / "missing").read_text(encoding="utf-8")


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="deeper: Not a directory"), exclusive(tmp_path / "state" / "deeper"):
        pass
