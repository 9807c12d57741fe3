"""The wheel: one import package, both shelves in it, every data file, nothing of the building machine."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SHELVES = ("rules", "models")
INDEX_HOST = re.compile(rb"(?:pypi|pythonhosted|npmjs|anaconda)\.(?:org|com)|://[^\s\"']*/simple/")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel as this tree builds it, by the backend that the lock pins; nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_nothing_but_monitor_can_be_imported_from_it(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"monitor"}
    assert len(tops) == 2


def test_every_file_of_the_program_travels(wheel: zipfile.ZipFile) -> None:
    """Queries, templates, migrations, demonstration data: one left out would only be missed at an agency."""
    assert files_kept_in("monitor") - set(wheel.namelist()) == set()


@pytest.mark.parametrize("shelf", SHELVES)
def test_the_shelf_travels_inside_the_program(wheel: zipfile.ZipFile, shelf: str) -> None:
    inside = {name for name in wheel.namelist() if name.startswith(f"monitor/_shelves/{shelf}/")}
    assert inside == {f"monitor/_shelves/{name}" for name in files_kept_in(shelf)}


def test_nothing_travels_that_is_not_kept_in_the_tree(wheel: zipfile.ZipFile) -> None:
    kept = files_kept_in("monitor").union(*(files_kept_in(shelf) for shelf in SHELVES))
    travelled = {name.removeprefix("monitor/_shelves/") for name in wheel.namelist() if ".dist-info/" not in name}
    assert travelled - kept == set()


def test_no_file_names_a_package_index_or_the_folder_it_was_built_in(wheel: zipfile.ZipFile) -> None:
    texts = {name: wheel.read(name) for name in wheel.namelist()}
    assert [name for name, text in texts.items() if INDEX_HOST.search(text)] == []
    assert [name for name, text in texts.items() if bytes(ROOT) in text] == []


def test_it_says_what_it_is_and_brings_its_licence(wheel: zipfile.ZipFile) -> None:
    about = metadata(wheel)
    assert (about["Name"], about["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert about["License-Expression"] == PROJECT["license"]
    (licence,) = [name for name in wheel.namelist() if name.endswith("/licenses/LICENSE")]
    assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()
    (entry_points,) = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    assert "lvyue = monitor.cli:main" in wheel.read(entry_points).decode()


def test_unpacked_alone_it_finds_itself_and_not_this_tree(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    program = "import sys; sys.path.insert(0, sys.argv[1]); import monitor; print(monitor.__file__)"
    asked = [sys.executable, "-I", "-c", program, str(tmp_path)]
    found = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found) == tmp_path / "monitor" / "__init__.py"


def files_kept_in(folder: str) -> set[str]:
    """Paths, from the root, of a folder's own files: those git tracks, and new ones it does not ignore.

    Without git (an unpacked archive holds nothing else) simply all files but bytecode.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*")]
    paths = (Path(name) for name in listed if name)
    return {path.as_posix() for path in paths if (ROOT / path).is_file() and "__pycache__" not in path.parts}


def metadata(wheel: zipfile.ZipFile) -> Message:
    """The wheel's METADATA, a mail-like header block."""
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode("utf-8"))
